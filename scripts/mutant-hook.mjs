// node --import scripts/mutant-hook.mjs --test ...
//
// Loads one file of the product from another text than stands in the tree: the mutant named by CREDENCE_MUTANT, a JSON
// file with `url` and `source`. For scripts/mutate.ts, in the process that runs the tests. A mutant may go round for ever and
// never come to a signal or a timer: a thread beside it ends the process with the one that started it.
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { Worker } from 'node:worker_threads';

const { url: mutated, source } = JSON.parse(readFileSync(process.env.CREDENCE_MUTANT ?? '', 'utf8'));

registerHooks({
  load: (url, context, nextLoad) =>
    url.split('?', 1)[0] === mutated
      ? { format: 'module-typescript', source, shortCircuit: true }
      : nextLoad(url, context),
});

// Whose child this is, is read here: by the time the thread runs, the parent may be gone already.
const watch = `const { workerData: parent } = require('node:worker_threads');
setInterval(() => process.ppid === parent || process.kill(process.pid, 'SIGKILL'), 250);`;
new Worker(watch, { eval: true, execArgv: [], workerData: process.ppid }).unref();
