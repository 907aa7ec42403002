import { globSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig, type Plugin } from 'vite';

const ROOT = join(import.meta.dirname, 'src', 'console');

/** Builds the console. `npm run console` serves it while it is worked on, with the data of a server on port 4000. */
export default defineConfig({
  root: ROOT,
  base: '/console/',
  build: {
    outDir: '../../build/console',
    emptyOutDir: true,
    // Inlined ones would be refused by the page's content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [operationFiles()],
  server: { proxy: { '/graphql': { target: 'http://127.0.0.1:4000', ws: true } } },
});

/** Writes what the page asks into files beside it, for servers that execute nothing but listed operations. */
function operationFiles(): Plugin {
  return {
    name: 'operation-files',
    async generateBundle() {
      const { textOf } = await import(join(ROOT, 'api', 'graphql.ts'));
      for (const path of globSync('**/documents.ts', { cwd: ROOT })) {
        for (const document of Object.values(await import(join(ROOT, path)))) {
          const source: string = textOf(document);
          const [, name] = /^(?:query|mutation|subscription) (\w+)/.exec(source) ?? [];
          if (name) this.emitFile({ type: 'asset', fileName: `operations/${name}.graphql`, source });
        }
      }
    },
  };
}
