// node --import scripts/mutant-hook.mjs --test ...
//
// Loads one file of the product from another text than stands in the tree: the mutant named by CREDENCE_MUTANT, a JSON
// file with `url` and `source`. For scripts/mutate.ts, in the process that runs the tests.
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

const { url: mutated, source } = JSON.parse(readFileSync(process.env.CREDENCE_MUTANT ?? '', 'utf8'));

registerHooks({
  load: (url, context, nextLoad) =>
    url.split('?', 1)[0] === mutated
      ? { format: 'module-typescript', source, shortCircuit: true }
      : nextLoad(url, context),
});
