import { defineConfig } from 'vite';

/** Builds the console, and serves it while it is worked on: `npm run console` with a server at MILEPOST_ORIGIN's place. */
export default defineConfig({
  root: 'src/console',
  base: '/console/',
  build: {
    outDir: '../../build/console',
    emptyOutDir: true,
    // Inlined ones would be refused by the page's content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  server: { proxy: { '/graphql': { target: 'http://127.0.0.1:4000', ws: true } } },
});
