import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { auditKey, exported, newKey, openRecord, toKeys, verifyLines } from '../../../../spec/sealed-record.ts';
import { verifySignature } from '../keys/verify-signature.ts';
import { emptyChain, lineHash } from '../store/chain.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { mintCheckpoint } from './checkpoint.ts';
import { lookUpFault } from './look-up.ts';
import { GrowingTree } from './merkle.ts';
import { proveRecord, verifyProof } from './proof.ts';
import { leafOf } from './stored-tree.ts';
import { readWitness } from './witness-file.ts';

/** Ten lines, five under each of two checkpoints, and one behind them. Lines 6 and 12 of the export are the checkpoints. */
async function tenAndOne() {
  const record = await openRecord();
  for (let round = 0; round < 2; round += 1) {
    await record.write(5);
    await record.seal();
  }
  await record.write(1);
  return { ...record, lines: await exported(record.store) };
}
const statementOf = (line: string | undefined) => JSON.parse(line ?? '{}').checkpoint as string;
const change = (line: string | undefined, into: (value: Record<string, never>) => object) =>
  JSON.stringify(into(JSON.parse(line ?? '{}')));
/** Its first three lines are kept no more; `saying` has its last checkpoint say up to which line that may be so. */
function withoutThree(lines: readonly string[]) {
  const tree = new GrowingTree();
  for (const line of lines.slice(0, 3)) tree.add(leafOf(JSON.parse(line).chain.hash));
  const peaks = tree.peaks().map((hash) => Buffer.from(hash).toString('base64url'));
  const unsaid = [JSON.stringify({ start: { size: 3, peaks } }), ...lines.slice(3)];
  const at = lines.length - 2;
  const claims = JSON.parse(Buffer.from(statementOf(lines[at]).split('.')[1] ?? '', 'base64url').toString());
  const saying = async (pruned: number) => {
    const checkpoint = await mintCheckpoint({ ...claims, pruned }, toKeys(auditKey));
    return unsaid.with(at - 2, JSON.stringify({ checkpoint }));
  };
  return { unsaid, peaks, at, claims, saying };
}
/** A line that a forger made: its hash is good, and it follows whatever it says it follows. */
const reforged = (line: string | undefined, into: object, previousHash?: string) => {
  const { chain, personal, ...shared } = { ...JSON.parse(line ?? '{}'), ...into };
  const before = previousHash ?? chain.previousHash;
  const hash = lineHash(chain.node, chain.seq, before, { ...shared, body: JSON.stringify(shared) });
  return JSON.stringify({ ...shared, personal, chain: { ...chain, previousHash: before, hash } });
};
async function* toStream(lines: readonly string[]) {
  yield* lines;
}

describe('LOG-04, T23: an export of the record, verified with a pinned key and nothing else', () => {
  test('in order: what there is of it, and what nobody vouches for yet', async () => {
    const { lines } = await tenAndOne();
    assert.equal(lines.length, 13);
    const found = await verifyLines(lines);
    const counts = {
      lines: 11,
      chains: 1,
      startedAt: 0,
      erased: 0,
      checkpoints: 2,
      sealed: 10,
      unsealed: 1,
      witnessed: 0,
    };
    assert.deepEqual(found, { ...counts, sealedAtMs: 1_800_000_000_000 });
  });

  const broken: [
    name: string,
    fault: string,
    line: number,
    id: string | undefined,
    damage: (lines: string[]) => string[],
  ][] = [
    [
      'what a record says',
      'altered',
      3,
      'd_3',
      (l) =>
        l.with(
          2,
          change(l[2], (value) => ({ ...value, reason: 'x' })),
        ),
    ],
    [
      'the time of a record',
      'altered',
      3,
      'd_3',
      (l) =>
        l.with(
          2,
          change(l[2], (value) => ({ ...value, timeMs: 5 })),
        ),
    ],
    [
      'a member more',
      'altered',
      3,
      'd_3',
      (l) =>
        l.with(
          2,
          change(l[2], (value) => ({ ...value, server: 'x' })),
        ),
    ],
    ['whom it is about', 'personal_altered', 3, 'd_3', (l) => l.with(2, (l[2] ?? '').replace('u_3', 'u_4'))],
    ['a salt', 'personal_altered', 1, 'd_1', (l) => l.with(0, (l[0] ?? '').replace(/"salt":"./, '"salt":"~'))],
    [
      'no personal part, and none missing',
      'unreadable',
      2,
      undefined,
      (l) =>
        l.with(
          1,
          change(l[1], ({ personal: _, ...rest }) => rest),
        ),
    ],
    ['a record from the middle taken out', 'missing', 3, 'd_4', (l) => l.toSpliced(2, 1)],
    ['three taken out', 'missing', 2, 'd_5', (l) => l.toSpliced(1, 3)],
    ['the first taken out', 'missing', 1, 'd_2', (l) => l.slice(1)],
    ['one twice', 'out_of_order', 4, 'd_3', (l) => l.toSpliced(2, 0, l[2] ?? '')],
    ['two that changed places', 'missing', 2, 'd_3', (l) => l.with(1, l[2] ?? '').with(2, l[1] ?? '')],
    [
      'one taken out and the rest renumbered',
      'chain_broken',
      3,
      'd_4',
      (l) =>
        l
          .toSpliced(2, 1)
          .map((line, at) =>
            at < 2
              ? line
              : change(line, (v) => ('chain' in v ? { ...v, chain: { ...(v.chain as object), position: at + 1 } } : v)),
          ),
    ],
    [
      'a number left out, in a line that follows the one before it',
      'chain_broken',
      3,
      'd_3',
      (l) => l.with(2, reforged(l[2], { chain: { ...JSON.parse(l[2] ?? '').chain, seq: 4 } })),
    ],
    ['one replaced by a forged one', 'chain_broken', 4, 'd_4', (l) => l.with(2, reforged(l[2], { reason: 'forged' }))],
    [
      'everything written anew from one on',
      'not_what_was_sealed',
      6,
      undefined,
      (l) => {
        const rewritten = l.slice(0, 5);
        let before = emptyChain('one').hash;
        for (const [at, line] of rewritten.entries()) {
          rewritten[at] = reforged(line, at === 4 ? { reason: 'forged' } : {}, before);
          before = JSON.parse(rewritten[at] ?? '').chain.hash;
        }
        return [...rewritten, ...l.slice(5)];
      },
    ],
    ['the end taken out, up to within a checkpoint', 'missing', 9, undefined, (l) => [...l.slice(0, 8), l[11] ?? '']],
    ['a checkpoint taken out', 'checkpoint_out_of_order', 11, undefined, (l) => l.toSpliced(5, 1)],
    ['a checkpoint twice', 'checkpoint_out_of_order', 7, undefined, (l) => l.toSpliced(5, 0, l[5] ?? '')],
    [
      'a checkpoint a line too late',
      'checkpoint_out_of_order',
      7,
      undefined,
      (l) => l.with(5, l[6] ?? '').with(6, l[5] ?? ''),
    ],
    [
      'a checkpoint with another signature',
      'checkpoint_forged',
      6,
      undefined,
      (l) => l.with(5, (l[5] ?? '').replace(/[^.]{86}"/, `${'A'.repeat(86)}"`)),
    ],
    [
      'a token in the place of a checkpoint',
      'checkpoint_forged',
      6,
      undefined,
      (l) => l.with(5, JSON.stringify({ checkpoint: 'a.b.c' })),
    ],
    [
      'every checkpoint taken out',
      'unsealed',
      12,
      undefined,
      (l) => l.filter((line) => !line.startsWith('{"checkpoint')),
    ],
    ['a line that is none', 'unreadable', 3, undefined, (l) => l.with(2, 'not JSON')],
    ['a member twice', 'unreadable', 3, undefined, (l) => l.with(2, (l[2] ?? '').replace('{', '{"id":"d_9",'))],
    [
      'a beginning in the middle',
      'out_of_order',
      3,
      undefined,
      (l) => l.toSpliced(2, 0, '{"start":{"size":1,"peaks":["x"]}}'),
    ],
    [
      'a beginning that is none',
      'unreadable',
      1,
      undefined,
      (l) => l.toSpliced(0, 0, '{"start":{"size":3,"peaks":["x"]}}'),
    ],
  ];
  for (const [name, fault, line, id, damage] of broken) {
    test(`${name}: ${fault}, and where`, async () => {
      const { lines } = await tenAndOne();
      const found = await verifyLines(damage(lines));
      assert.deepEqual(
        'fault' in found && [found.fault, found.line, found.id],
        [fault, line, id],
        JSON.stringify(found),
      );
    });
  }

  test('which lines are missing', async () => {
    const { lines } = await tenAndOne();
    for (const [count, words] of [
      [1, /^line 3 is missing/],
      [2, /^lines 3 to 4 are missing/],
    ] as const) {
      const found = await verifyLines(lines.toSpliced(2, count));
      assert.match('words' in found ? found.words : '', words);
    }
  });

  test('a good form is asked of what is whole, and of what was erased as far as it is there', async () => {
    const { store, newRow, seal } = await openRecord();
    const facts = {
      client: 'c',
      audience: 'a',
      server: 's',
      idJag: 'j',
      policy: { kind: 'access', version: 1 },
    } as const;
    const issuance = { ...facts, kind: 'issuance', outcome: 'allowed' } as const;
    const decision = { effect: 'allow', because: [] } as const;
    await store.commit({ marks: [], records: [newRow({ ...issuance, decision })] });
    await seal();
    const lines = await exported(store);
    const erased = change(lines[0], (value) => ({ ...value, personal: null }));
    assert.equal('erased' in (await verifyLines(lines.with(0, erased))), true);
    const nobody = await openRecord();
    const nameless = { person: undefined } as unknown as { person: string };
    await nobody.store.commit({ marks: [], records: [nobody.newRow({ ...issuance, decision, ...nameless })] });
    const found = await verifyLines(await exported(nobody.store));
    assert.equal('fault' in found && found.fault, 'unknown_form');
  });

  test('a key that is pinned and announced is one key', async () => {
    const next = newKey();
    const { store, write, seal } = await openRecord();
    await write(2);
    await seal(toKeys(auditKey, next));
    await write(2);
    await seal(toKeys(next, auditKey));
    const found = await verifyLines(await exported(store), { keys: [auditKey.publicJwk, next.publicJwk] });
    assert.equal('checkpoints' in found && found.checkpoints, 2, JSON.stringify(found));
  });

  test('lines that are gone while it is read end it', async () => {
    const { store } = await tenAndOne();
    let reads = 0;
    const read: typeof store.audit.read = async (position, limit) => {
      if (position < 11) return store.audit.read(position, limit);
      reads += 1;
      assert.equal(reads, 1, 'read again where nothing is left');
      return [];
    };
    const [newest] = await store.audit.last(1);
    assert.ok(newest);
    const audit = { ...store.audit, read, last: async () => [{ ...newest, position: 20 }] };
    assert.equal((await exported({ ...store, audit })).length, 13);
  });

  test('a whole chain dropped, also when the others are renumbered', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'credence-chains-')), 'store.db');
    const [one, two] = [await openSqliteStore(file, { node: 'one' }), await openSqliteStore(file, { node: 'two' })];
    const record = await openRecord(one);
    for (const node of [one, two, one, two, one]) await record.write(1, node);
    await record.seal();
    const lines = await exported(one);
    const found = await verifyLines(lines);
    assert.equal('chains' in found && found.chains, 2);
    const left = lines.filter((line) => !line.includes('"node":"two"'));
    const dropped = await verifyLines(left);
    assert.deepEqual('fault' in dropped && [dropped.fault, dropped.line], ['missing', 2]);
    const renumbered = left.map((line, at) => line.replace(/"position":\d+/, `"position":${at + 1}`));
    const closed = await verifyLines(renumbered);
    assert.deepEqual('fault' in closed && [closed.fault, closed.line], ['missing', 4]);
    await Promise.all([one.close(), two.close()]);
  });

  test('a record spliced into another of the same installation', async () => {
    const [mine, theirs] = [await tenAndOne(), await tenAndOne()];
    const found = await verifyLines([...mine.lines.slice(0, 6), ...theirs.lines.slice(6)]);
    assert.deepEqual('fault' in found && [found.fault, found.line, found.id], ['chain_broken', 7, 'd_6']);
    const whole = await verifyLines(theirs.lines.slice(0, 5).concat(mine.lines.slice(5)));
    assert.equal('fault' in whole && whole.fault, 'not_what_was_sealed');
  });

  test('a checkpoint under another key, however well made', async () => {
    const { lines } = await tenAndOne();
    const thief = newKey();
    const claims = JSON.parse(Buffer.from(statementOf(lines[5]).split('.')[1] ?? '', 'base64url').toString());
    for (const signer of [thief, { ...thief, kid: auditKey.kid }]) {
      const forged = await mintCheckpoint(claims, { signer: () => signer, published: () => [] });
      const found = await verifyLines(lines.with(5, JSON.stringify({ checkpoint: forged })));
      assert.deepEqual('fault' in found && [found.fault, found.line], ['checkpoint_forged', 6]);
    }
  });

  test('a new key is believed once a checkpoint under a pinned one has announced it, and not before', async () => {
    const next = newKey('Ed25519');
    const { store, write, seal } = await openRecord();
    await write(2);
    await seal(toKeys(auditKey, next));
    await write(2);
    await seal(toKeys(next, auditKey));
    const lines = await exported(store);
    assert.equal('checkpoints' in (await verifyLines(lines)), true);
    const found = await verifyLines(lines, { keys: [next.publicJwk] });
    assert.deepEqual('fault' in found && [found.fault, found.line], ['checkpoint_forged', 3]);

    const other = await openRecord();
    await other.write(2);
    await other.seal(toKeys(auditKey));
    await other.write(2);
    await other.seal(toKeys(next, auditKey));
    const unannounced = await verifyLines(await exported(other.store));
    assert.deepEqual('fault' in unannounced && [unannounced.fault, unannounced.line], ['checkpoint_forged', 6]);
  });

  test('erased: the line stands, and says no more of whom', async () => {
    const { lines } = await tenAndOne();
    const found = await verifyLines(
      lines.with(
        2,
        change(lines[2], (value) => ({ ...value, personal: null })),
      ),
    );
    assert.equal('erased' in found && found.erased, 1);
  });

  test('a record whose first lines are kept no more', async () => {
    const { lines } = await tenAndOne();
    const { unsaid, peaks, at, claims, saying } = withoutThree(lines);
    const foundUnsaid = await verifyLines(unsaid);
    assert.equal('fault' in foundUnsaid && foundUnsaid.fault, 'cut_off_in_front');
    assert.match('words' in foundUnsaid ? foundUnsaid.words : '', /says that any may be gone/);
    const fewer = await verifyLines(await saying(2));
    assert.match('words' in fewer ? fewer.words : '', /says that more than 2 may be gone/);
    assert.ok('sealed' in (await verifyLines(await saying(claims.size))), 'all that it seals may be gone');
    const tooMuch = await verifyLines(await saying(claims.size + 1));
    assert.equal('fault' in tooMuch && tooMuch.fault, 'checkpoint_out_of_order');
    const rest = await saying(3);
    const early = JSON.parse(Buffer.from(statementOf(rest[3]).split('.')[1] ?? '', 'base64url').toString());
    const checkpoint = await mintCheckpoint({ ...early, pruned: 4 }, toKeys(auditKey));
    const less = await verifyLines(rest.with(3, JSON.stringify({ checkpoint })));
    assert.deepEqual('fault' in less && [less.fault, less.line], ['checkpoint_out_of_order', at - 1]);
    const found = await verifyLines(rest);
    assert.deepEqual('sealed' in found && [found.lines, found.sealed, found.unsealed], [8, 10, 1]);
    const forged = await verifyLines(rest.with(0, JSON.stringify({ start: { size: 3, peaks: peaks.toReversed() } })));
    assert.equal('fault' in forged && forged.fault, 'not_what_was_sealed');
    const gap = await verifyLines(rest.toSpliced(1, 1));
    assert.equal('fault' in gap && gap.fault, 'missing');
  });

  test('whatever text in a record: it is exported, read again, and stays on its line', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 40 }), async (text) => {
        const { store, newRow, seal } = await openRecord();
        await store.commit({ marks: [], records: [newRow({ client: text, detail: `\u2028${text}\n` })] });
        await seal();
        const lines = await exported(store);
        for (const line of lines) assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\u2028\u2029]/u);
        assert.equal('fault' in (await verifyLines(lines)), false);
        await store.close();
      }),
      { numRuns: 40 },
    );
  });

  test('any one character changed anywhere is noticed', async () => {
    const { lines } = await tenAndOne();
    const sealed = lines.slice(0, 12);
    await fc.assert(
      fc.asyncProperty(fc.nat(11), fc.nat(), fc.constantFrom('a', 'B', '7', '"', ' '), async (at, where, by) => {
        const line = sealed[at] ?? '';
        const place = where % line.length;
        if (line[place] === by) return;
        const damaged = `${line.slice(0, place)}${by}${line.slice(place + 1)}`;
        assert.ok('fault' in (await verifyLines(sealed.with(at, damaged))), damaged);
      }),
      { numRuns: 150 },
    );
  });
});

describe('T23: the record against what a witness has kept', () => {
  const witnessOf = (...statements: readonly string[]) => readWitness(() => toStream(statements));

  test('the same checkpoints, a line that broke off among them', async () => {
    const { lines } = await tenAndOne();
    const [first, second] = [statementOf(lines[5]), statementOf(lines[11])];
    const witness = await witnessOf(first, '', second.slice(0, 40), first, second);
    const found = await verifyLines(lines, { witness });
    assert.equal('witnessed' in found && found.witnessed, 2);
  });

  test('a record that was cut back to an earlier checkpoint', async () => {
    const { lines } = await tenAndOne();
    const found = await verifyLines(lines.slice(0, 6), { witness: await witnessOf(statementOf(lines[11])) });
    assert.deepEqual('fault' in found && [found.fault, found.words.match(/over (\d+) lines/)?.[1]], ['cut_back', '10']);
  });

  test('and cut back just before the witness was told of a new key, or with junk behind it', async () => {
    const { lines } = await tenAndOne();
    const junk = await mintCheckpoint({ number: 99, size: 99, root: 'A'.repeat(43), timeMs: 1 }, toKeys(newKey()));
    const cut = await verifyLines(lines.slice(0, 6), { witness: await witnessOf(statementOf(lines[11]), junk) });
    assert.equal('fault' in cut && cut.fault, 'cut_back');
  });

  test('the newest that the witness has was left out, where a record that begins later need not have it', async () => {
    const { lines } = await tenAndOne();
    const first = lines.findIndex((line) => line.startsWith('{"checkpoint'));
    const rest = await withoutThree(lines).saying(3);
    const found = await verifyLines(
      rest.filter((line) => line !== lines[first]),
      { witness: await witnessOf(statementOf(lines[first])) },
    );
    assert.equal('fault' in found && found.fault, 'two_heads');
  });

  test('one over just the lines that are kept no more need not be there', async () => {
    const { lines } = await tenAndOne();
    const tree = new GrowingTree();
    for (const line of lines.slice(0, 5)) tree.add(leafOf(JSON.parse(line).chain.hash));
    const peaks = tree.peaks().map((hash) => Buffer.from(hash).toString('base64url'));
    const rest = [JSON.stringify({ start: { size: 5, peaks } }), ...lines.slice(6)];
    const found = await verifyLines(rest, { behind: 5, witness: await witnessOf(statementOf(lines[5])) });
    assert.equal('sealed' in found && found.sealed, 10);
  });

  test('nor may one before it be left out', async () => {
    const { lines } = await tenAndOne();
    const [first, second] = [lines[5], lines[11]].map(statementOf);
    const rest = (await withoutThree(lines).saying(3)).filter((line) => !line.includes(first ?? ''));
    const newest = statementOf(rest.at(-2));
    assert.notEqual(newest, second);
    const found = await verifyLines(rest, { witness: await witnessOf(first ?? '', newest) });
    assert.equal('fault' in found && found.fault, 'two_heads');
    assert.ok('lines' in (await verifyLines(rest, { witness: await witnessOf(newest) })));
  });

  test('an empty record is vouched for by nobody', async () => {
    const found = await verifyLines([]);
    assert.equal('fault' in found && found.fault, 'unsealed');
  });

  test('what anybody may have written into the witness is no reason to doubt the record', async () => {
    const { lines } = await tenAndOne();
    const claims = { number: 9, size: 99, root: 'A'.repeat(43), timeMs: 1 };
    const forged = await mintCheckpoint(claims, toKeys(newKey()));
    assert.equal('fault' in (await verifyLines(lines, { witness: await witnessOf(forged) })), false);
  });

  test('two heads: a record that was rolled back and written anew, signed again with the same key', async () => {
    const [before, after] = [await tenAndOne(), await tenAndOne()];
    const witness = await witnessOf(statementOf(before.lines[5]), statementOf(before.lines[11]));
    const found = await verifyLines(after.lines, { witness });
    assert.deepEqual('fault' in found && [found.fault, found.line], ['two_heads', 6]);
    const both = await witnessOf(
      statementOf(after.lines[5]),
      statementOf(before.lines[5]),
      statementOf(after.lines[5]),
    );
    const seen = await verifyLines(after.lines, { witness: both });
    assert.equal('fault' in seen && seen.fault, 'two_heads');
  });
});

describe('a proof of one record', () => {
  const keys = [auditKey.publicJwk];
  const proven = async () => {
    const { store, lines } = await tenAndOne();
    const row = await store.audit.find('d_4');
    assert.ok(row);
    return { store, lines, proof: await proveRecord(row, store.seals) };
  };

  test('leads from the record to a checkpoint, and tells of no other record', async () => {
    const { proof } = await proven();
    const text = JSON.stringify(proof);
    assert.doesNotMatch(text, /"d_5"|u_5/);
    const found = await verifyProof(text, keys, verifySignature);
    assert.ok(typeof found === 'object');
    assert.deepEqual([found.line.record.id, found.line.record.person], ['d_4', 'u_4']);
  });

  test('there is none of a line that is not sealed', async () => {
    const { store } = await tenAndOne();
    const [row] = await store.audit.last(1);
    assert.ok(row);
    assert.equal(await proveRecord(row, store.seals), undefined);
  });

  type P = NonNullable<Awaited<ReturnType<typeof proveRecord>>>;
  const bad: [name: string, words: RegExp, damage: (proof: P) => unknown][] = [
    ['no proof', /not a proof/, () => ({})],
    ['a member more', /not a proof/, (proof) => ({ ...proof, more: 1 })],
    ['no record', /not a proof of a record/, (proof) => ({ ...proof, record: { checkpoint: 'x' } })],
    ['another text', /altered/, (proof) => ({ ...proof, record: { ...proof.record, reason: 'x' } })],
    ['another person', /of people/, (proof) => JSON.parse(JSON.stringify(proof).replace('u_4', 'u_5'))],
    ['another place', /does not lead/, (proof) => ({ ...proof, index: 4 })],
    ['a path cut short', /does not lead/, (proof) => ({ ...proof, path: proof.path.slice(1) })],
    [
      'another checkpoint',
      /not vouched for/,
      (proof) => ({ ...proof, checkpoint: `${proof.checkpoint.slice(0, -2)}AA` }),
    ],
  ];
  for (const [name, words, damage] of bad) {
    test(`${name} proves nothing`, async () => {
      const { proof } = await proven();
      const found = await verifyProof(JSON.stringify(damage(proof as P)), keys, verifySignature);
      assert.match(String(found), words);
    });
  }

  test('under a key that is not pinned it proves nothing', async () => {
    const { proof } = await proven();
    assert.match(
      String(await verifyProof(JSON.stringify(proof), [newKey().publicJwk], verifySignature)),
      /unknown_key/,
    );
  });
});

describe('what a store looks records up by', () => {
  const columns: [name: string, change: object][] = [
    ['person', { person: 'u_another' }],
    ['client', { client: 'another' }],
    ['server', { server: 'another' }],
    ['id_jag', { idJag: 'another' }],
    ['access_token', { accessToken: 'another' }],
  ];
  for (const [name, change] of columns) {
    test(`another ${name} than the record says is told`, async () => {
      const { store } = await tenAndOne();
      const row = await store.audit.find('d_4');
      assert.ok(row);
      assert.equal(lookUpFault(row, 4), undefined);
      const found = lookUpFault({ ...row, ...change }, 4);
      assert.deepEqual([found?.line, found?.id, found?.fault], [4, 'd_4', 'altered']);
      assert.match(found?.words ?? '', new RegExp(`another ${name} `));
    });
  }

  test('an erased one is looked up by nobody', async () => {
    const { store } = await tenAndOne();
    const row = await store.audit.find('d_4');
    assert.ok(row);
    assert.equal(lookUpFault({ ...row, personal: undefined, person: undefined }, 4), undefined);
    assert.equal(lookUpFault({ ...row, personal: undefined }, 4)?.fault, 'altered');
  });
});
