import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { text } from 'node:stream/consumers';
import { before, describe, test } from 'node:test';
import type { Jwk } from '@credence/mcp/protocol';
import { checkProof, verifyRecord } from '../packages/console/src/pages/audit/verifier.ts';
import { verifySignature as verifyInBrowser } from '../packages/console/src/pages/audit/verify-signature.ts';
import { exportLines } from '../packages/server/src/audit/export-lines.ts';
import { proveRecord, verifyProof } from '../packages/server/src/audit/proof.ts';
import { createVerification } from '../packages/server/src/audit/verification.ts';
import { readWitness } from '../packages/server/src/audit/witness-file.ts';
import type { toSigner } from '../packages/server/src/keys/signer.ts';
import { verifySignature } from '../packages/server/src/keys/verify-signature.ts';
import { lineHash } from '../packages/server/src/store/chain.ts';
import { exported, newKey, openRecord, toKeys } from './sealed-record.ts';

// LOG-04, T23: whoever verifies the record in the console sees what `credence audit verify` says. One code runs in both places.

const root = dirname(import.meta.dirname);

describe('what verifies the record in a browser', () => {
  /** Where imports by name lead, for a browser. */
  const named: Readonly<Record<string, string>> = {
    '#hashing': 'packages/server/src/hashing-in-browser.ts',
    '@credence/mcp/protocol': 'packages/mcp/src/protocol/index.ts',
    '@credence/server/record-verification': 'packages/server/src/audit/record-verification.ts',
  };

  function walk(path: string, seen: Map<string, string>): Map<string, string> {
    if (seen.has(path)) return seen;
    const source = readFileSync(join(root, path), 'utf8');
    seen.set(path, source);
    const imports = source.matchAll(/^(?:import|export)\s+(?!type\b)(?:[^'"]*?\s+from\s+)?'([^']+)'/gm);
    for (const [, to = ''] of imports) {
      const target = to.startsWith('.') ? relative(root, join(root, dirname(path), to)) : named[to];
      if (target !== undefined) walk(target, seen);
      else assert.equal(to, 'zod', `${path} imports ${to}`);
    }
    return seen;
  }

  test('imports nothing of Node, and uses nothing of it', () => {
    const seen = walk('packages/console/src/pages/audit/verifier.ts', new Map());
    assert.ok(seen.size > 15 && seen.has('packages/server/src/audit/verification.ts'), [...seen.keys()].join(' '));
    for (const [path, source] of seen) {
      if (path.endsWith('protocol/base64url.ts')) continue; // uses Buffer where there is one
      const code = source.replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '');
      assert.doesNotMatch(code, /\bBuffer\b|\bprocess\.|\bsetImmediate\b/, path);
    }
  });

  test('has its schemas made without code from text, which the policy of the page forbids', () => {
    const [first = ''] =
      readFileSync(join(root, named['@credence/server/record-verification'] ?? ''), 'utf8').match(/^import[^\n]*/m) ??
      [];
    assert.equal(first, "import './without-eval.ts';");
  });
});

describe('an export that comes to the browser', () => {
  const key = newKey();
  const verifyIn = async (
    lines: readonly string[],
    change: Partial<Parameters<typeof verifyRecord>[1]> = {},
    cut = false,
  ) => {
    const bytes = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(lines.map((line) => `${line}\n`).join('')));
        if (cut) controller.error(new Error('the connection is gone'));
        else controller.close();
      },
    });
    return verifyRecord(bytes, {
      keys: [key.publicJwk],
      behind: 0,
      atLeast: 0,
      witnessed: [],
      onLine: () => undefined,
      signal: new AbortController().signal,
      breathe: async () => undefined,
      ...change,
    });
  };

  test('in order: the last checkpoint is handed on, to be held against the next', async () => {
    const { lines } = await damaged(key);
    const seen: number[] = [];
    const outcome = await verifyIn(lines, { onLine: (line) => seen.push(line) });
    assert.ok(outcome.as === 'in_order');
    assert.equal(outcome.seen.number, 2);
    assert.equal(outcome.seen.statement, JSON.parse(lines[11] ?? '{}').checkpoint);
    assert.deepEqual(
      seen,
      [...Array(14).keys()].map((at) => at + 1),
    );
  });

  test('keys that may follow are handed on with it', async () => {
    const record = await openRecord();
    const next = newKey();
    await record.write(2);
    await record.seal(toKeys(key, next));
    const outcome = await verifyIn(await exported(record.store));
    assert.ok(outcome.as === 'in_order');
    assert.deepEqual(outcome.seen.announced, JSON.parse(JSON.stringify([next.publicJwk])));
    // Later only the next is left: who has kept it verifies a part that was never announced in.
    await record.write(3);
    await record.seal(toKeys(next, key));
    await record.write(3);
    await record.seal(toKeys(next));
    const part: string[] = [];
    for await (const line of exportLines(record.store, { behind: 6 })) part.push(line.text);
    const without = await verifyIn(part, { behind: 6 });
    assert.deepEqual([without.as, without.as === 'fault' && without.fault.fault], ['fault', 'checkpoint_forged']);
    const keys = [key.publicJwk, ...outcome.seen.announced];
    assert.equal((await verifyIn(part, { behind: 6, keys })).as, 'in_order');
  });

  test('shorter than the server had said: cut back', async () => {
    const { lines } = await damaged(key);
    assert.equal((await verifyIn(lines.slice(0, 6), { atLeast: 5 })).as, 'in_order');
    const outcome = await verifyIn(lines.slice(0, 6), { atLeast: 10 });
    assert.deepEqual([outcome.as, outcome.as === 'fault' && outcome.fault.fault], ['fault', 'cut_back']);
  });

  test('without a checkpoint, nobody vouches for any of it', async () => {
    const { lines } = await damaged(key);
    const outcome = await verifyIn(lines.slice(0, 5));
    assert.deepEqual([outcome.as, outcome.as === 'fault' && outcome.fault.fault], ['fault', 'unsealed']);
  });

  test('a proof is of the record that it was asked for, or of none', async () => {
    const { proof, id } = await damaged(key);
    const keys = [key.publicJwk];
    const proven = await checkProof(proof, keys, id);
    assert.deepEqual(typeof proven !== 'string' && [proven.checkpoint, proven.size], [2, 10]);
    assert.equal(await checkProof(proof, keys, 'd_x'), 'it is a proof of another record');
    assert.match(String(await checkProof(proof, [newKey().publicJwk], id)), /not vouched for/);
  });

  test('an RSA key below 2048 bits vouches for nothing (RFC 7518 §3.3)', async () => {
    for (const [modulusLength, isGood] of [
      [1024, false],
      [2048, true],
    ] as const) {
      const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength });
      const signature = sign('sha256', Buffer.from('a.b'), privateKey);
      const jws = { header: {}, claims: {}, signingInput: 'a.b', signature };
      const jwk = publicKey.export({ format: 'jwk' }) as Jwk;
      assert.equal(await verifyInBrowser(jws, jwk, 'RS256'), isGood, String(modulusLength));
    }
  });

  test('broken off, or cancelled: nothing is proven', async () => {
    const { lines } = await damaged(key);
    assert.equal((await verifyIn(lines, {}, true)).as, 'broke_off');
    const ending = new AbortController();
    const onLine = (line: number) => line === 3 && ending.abort();
    assert.equal((await verifyIn(lines, { signal: ending.signal, onLine })).as, 'cancelled');
    assert.equal((await verifyIn([], { signal: AbortSignal.abort() }, true)).as, 'cancelled');
  });
});

type Key = ReturnType<typeof toSigner>;

/** Twelve lines, five under each of two checkpoints, and two behind them; and what can be done to them. */
async function damaged(key: Key) {
  const record = await openRecord();
  const keys = toKeys(key);
  await record.write(5);
  await record.seal(keys);
  const spoken = record.newRow({ client: 'a\u202eb\u2028c' } as never);
  await record.store.commit({ marks: [], records: [spoken] });
  await record.write(4);
  await record.seal(keys);
  await record.write(2);
  const lines = await exported(record.store);
  const from = async (behind: number) => {
    const some: string[] = [];
    for await (const line of exportLines(record.store, { behind })) some.push(line.text);
    return some;
  };
  const [row] = await record.store.audit.read(6, 1);
  const proof = JSON.stringify(row && (await proveRecord(row, record.store.seals)));
  return { lines, from, proof, id: row?.id ?? '' };
}

const reforged = (line: string, into: object) => {
  const { chain, personal, ...shared } = { ...JSON.parse(line), ...into };
  const hash = lineHash(chain.node, chain.seq, chain.previousHash, { ...shared, body: JSON.stringify(shared) });
  return JSON.stringify({ ...shared, personal, chain: { ...chain, hash } });
};

for (const algorithm of ['ES256', 'Ed25519', 'RS256', 'PS256'] as const) {
  describe(`the command and the browser say the same of a record sealed with ${algorithm}`, () => {
    const key = newKey(algorithm);
    const keys = [key.publicJwk];
    const cases: [name: string, expected: string, lines: string[], behind: number, witnessed: string[]][] = [];
    const proofs: [name: string, expected: number | RegExp, proof: string, id: string][] = [];
    let theirs: { found: unknown[]; proven: unknown[] };

    before(async () => {
      const { lines, from, proof, id } = await damaged(key);
      const other = (await damaged(newKey(algorithm))).lines;
      const again = (await damaged(key)).lines;
      const at = (index: number) => lines[index] ?? '';
      const statement = (line: string) => JSON.parse(line).checkpoint as string;
      const third = await from(3);
      cases.push(
        ['as it is', 'in order', lines, 0, []],
        ['a line that says something else', 'altered', lines.with(2, at(2).replace('policy_denied', 'x')), 0, []],
        ['a person', 'personal_altered', lines.with(2, at(2).replace(/"u_\d+"/, '"u_x"')), 0, []],
        ['two lines that changed places', 'missing', lines.with(1, at(2)).with(2, at(1)), 0, []],
        ['one taken out', 'missing', lines.toSpliced(2, 1), 0, []],
        ['one twice', 'out_of_order', lines.toSpliced(2, 0, at(2)), 0, []],
        ['one made anew', 'chain_broken', lines.with(2, reforged(at(2), { reason: 'x' })), 0, []],
        [
          'the last of a checkpoint made anew',
          'not_what_was_sealed',
          lines.with(4, reforged(at(4), { reason: 'x' })),
          0,
          [],
        ],
        ['cut off before the first checkpoint', 'unsealed', lines.slice(0, 5), 0, []],
        ['cut off, and somebody remembers', 'cut_back', lines.slice(0, 6), 0, [statement(at(11))]],
        ['cut off, and nobody does', 'in order', lines.slice(0, 6), 0, []],
        ['the end of another record', 'chain_broken', [...lines.slice(0, 6), ...again.slice(6)], 0, []],
        ['another record, with a key of its own', 'checkpoint_forged', other, 0, []],
        ['another record of the same key, and somebody remembers', 'two_heads', again, 0, [statement(at(11))]],
        [
          'a checkpoint whose signature is not good',
          'checkpoint_forged',
          lines.with(5, at(5).replace(/"}$/, 'AAAA"}')),
          0,
          [],
        ],
        ['a checkpoint left out', 'checkpoint_out_of_order', lines.toSpliced(5, 1), 0, []],
        ['a line with a member twice', 'unreadable', lines.with(0, at(0).replace('{', '{"id":"x",')), 0, []],
        ['no line at all', 'unreadable', lines.with(0, '[]'), 0, []],
        ['a part, as it was asked for', 'in order', third, 3, []],
        ['a part, and all was asked for', 'cut_off_in_front', third, 0, []],
        ['a part with another beginning', 'not_what_was_sealed', [startOf(third, again), ...third.slice(1)], 3, []],
        ['nothing', 'unsealed', [], 0, []],
      );
      const parsed = JSON.parse(proof);
      proofs.push(
        ['as it is', 2, proof, id],
        ['of another record', /another record/, proof, 'd_x'],
        ['with another line', /altered/, JSON.stringify({ ...parsed, record: { ...parsed.record, reason: 'x' } }), id],
        ['at another place', /path/, JSON.stringify({ ...parsed, index: parsed.index + 1 }), id],
        ['with another path', /path/, JSON.stringify({ ...parsed, path: parsed.path.toReversed() }), id],
        ['with a path that is no hashes', /path/, JSON.stringify({ ...parsed, path: [...parsed.path, '%'] }), id],
        ['under another key', /vouched/, JSON.stringify({ ...parsed, checkpoint: statement(other[11] ?? '{}') }), id],
        ['no proof', /not a proof/, '{}', id],
      );
      const asked = {
        keys,
        exports: cases.map(([, , ls, behind, witnessed]) => ({ lines: ls, behind, witnessed })),
        proofs: proofs.map(([, , each, of]) => ({ proof: each, id: of })),
      };
      const script = join(import.meta.dirname, 'verify-as-browser.ts');
      const child = spawn(process.execPath, ['--conditions=browser', script], { stdio: ['pipe', 'pipe', 'inherit'] });
      child.stdin.end(JSON.stringify(asked));
      theirs = JSON.parse(await text(child.stdout));
    });

    test('of every export: the same first fault, or the same findings', async () => {
      for (const [index, [name, expected, lines, behind, witnessed]] of cases.entries()) {
        const witness =
          witnessed.length > 0
            ? await readWitness(async function* () {
                yield* witnessed;
              })
            : undefined;
        const verification = createVerification({ keys, verifySignature, witness, behind });
        let ours: unknown;
        for (const line of lines) {
          ours = await verification.take(line);
          if (ours) break;
        }
        ours ??= await verification.end();
        assert.equal((ours as { fault?: string }).fault ?? 'in order', expected, name);
        assert.deepEqual(theirs.found[index], JSON.parse(JSON.stringify(ours)), name);
      }
    });

    test('of every proof', async () => {
      for (const [index, [name, expected, proof, id]] of proofs.entries()) {
        const ours = await verifyProof(proof, keys, verifySignature);
        const found = theirs.proven[index];
        if (expected instanceof RegExp) assert.match(String(found), expected, name);
        else assert.equal(found, expected, name);
        if (name !== 'of another record') assert.equal(found, typeof ours === 'string' ? ours : ours.checkpoint, name);
        assert.ok(id !== '');
      }
    });
  });
}

/** The first line of a part, as if other lines had stood before it. */
function startOf(part: readonly string[], other: readonly string[]): string {
  const { start } = JSON.parse(part[0] ?? '{}');
  const peaks = start.peaks.map((_: string, at: number) => JSON.parse(other[at] ?? '{}').chain.hash);
  return JSON.stringify({ start: { ...start, peaks } });
}
