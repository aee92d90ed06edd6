// Started with --conditions=browser: verifies what it is handed on standard input as the console does, and writes what it has found.
import { text } from 'node:stream/consumers';

interface Asked {
  readonly keys: readonly never[];
  readonly exports: readonly {
    readonly lines: readonly string[];
    readonly behind: number;
    readonly witnessed: readonly string[];
  }[];
  readonly proofs: readonly { readonly proof: string; readonly id: string }[];
}

const { keys, exports, proofs } = JSON.parse(await text(process.stdin)) as Asked;
const say = process.stdout.write.bind(process.stdout);

// What a browser does not have, nothing that follows may use.
for (const name of ['Buffer', 'process', 'setImmediate', 'require']) {
  Object.defineProperty(globalThis, name, { value: undefined, configurable: true });
}
const { verifyRecord, checkProof } = await import('../packages/console/src/pages/audit/verifier.ts');

const found = [];
for (const { lines, behind, witnessed } of exports) {
  const bytes = new Blob([lines.map((line) => `${line}\n`).join('')]).stream();
  const outcome = await verifyRecord(bytes, {
    keys,
    behind,
    witnessed,
    atLeast: 0,
    onLine: () => undefined,
    signal: new AbortController().signal,
    breathe: async () => undefined,
  });
  found.push(outcome.as === 'in_order' ? outcome.findings : outcome.as === 'fault' ? outcome.fault : outcome);
}
const proven = [];
for (const { proof, id } of proofs) {
  const outcome = await checkProof(proof, keys, id);
  proven.push(typeof outcome === 'string' ? outcome : outcome.checkpoint);
}
say(JSON.stringify({ found, proven }));
