// npm run console [-- FOLDER]: builds the console into FOLDER, or where `credence serve` looks for it. Every npm script that needs it does
// the same when what is there was made of other sources (scripts/console.mjs).
import { dirname, join, resolve } from 'node:path';
import { build } from 'vite';

const root = dirname(import.meta.dirname);
const outDir = resolve(process.argv[2] ?? join(root, 'packages/server/console'));

await build({
  configFile: false,
  root: join(root, 'packages/console'),
  logLevel: 'warn',
  plugins: [
    {
      // Variables for style sheets that Mantine would make: worked out whenever it is loaded, and ours are in tokens.css.
      name: 'without-css-variables-of-mantine',
      enforce: 'pre',
      load: (id) =>
        id.endsWith('/MantineCssVariables/MantineCssVariables.mjs')
          ? 'export const MantineCssVariables = () => null;'
          : null,
    },
  ],
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
      // What the first load has is one file, and what several pages share another: a page is a handful of files, not thirty.
      output: {
        codeSplitting: {
          groups: [
            { name: 'base', tags: ['$initial'], priority: 2 },
            { name: 'shared', minShareCount: 3, priority: 1 },
          ],
        },
      },
      // `use client` says nothing where there is no server to draw on.
      onLog(level, log, tell) {
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') tell(level, log);
      },
    },
  },
});
