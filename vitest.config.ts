import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Vite alone would choose graphql's development build, whose classes are not those that Node gives to packages.
  resolve: { alias: [{ find: /^graphql$/, replacement: fileURLToPath(import.meta.resolve('graphql')) }] },
  test: {
    include: ['test/**/*.test.ts'],
    // A minute of faults, by `npm run chaos`.
    exclude: process.env.CHAOS ? [] : ['test/protocol/chaos.test.ts'],
    globalSetup: 'test/support/global-setup.ts',
    // Processes, not threads: tests start servers, kill processes and count what one leaves behind.
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ['default', 'json', './test/support/skipped-reporter.ts'],
    outputFile: { json: 'test-report.json' },
  },
});
