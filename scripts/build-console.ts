// node scripts/build-console.ts FOLDER: builds the console into FOLDER. `npm run console` does, and every npm script that
// needs it does when what is there was made of other sources (scripts/console.mjs).
import { dirname, join, resolve } from 'node:path';
import { build } from 'vite';

const root = dirname(import.meta.dirname);
const outDir = resolve(process.argv[2] ?? join(root, 'packages/server/console'));

await build({
  configFile: false,
  root: join(root, 'packages/console'),
  logLevel: 'warn',
  // Files only: the policy of the page forbids what stands inline, and data: addresses.
  build: {
    outDir,
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: 'es2024',
    modulePreload: { polyfill: false },
    // The first load has a budget and a test of its own: e2e/console/session.test.ts.
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      // `use client` says nothing where there is no server to draw on.
      onLog(level, log, tell) {
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') tell(level, log);
      },
    },
  },
});
