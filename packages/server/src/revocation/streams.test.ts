import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, mock, test } from 'node:test';
import { type JsonObject, parseJws, revocationsEvent } from '@credence/mcp/protocol';
import { generatePrivateJwk, toSigner } from '../keys/signer.ts';
import { far, fresh, now, signal, subjectKey } from '../store/contract/fixtures.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Hit } from '../store/stop.ts';
import { createRevocationStreams, type RevocationStreamOptions, type Subscription } from './streams.ts';

const key = toSigner(generatePrivateJwk('ES256'));
const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function withStore(change: Partial<RevocationStreamOptions> = {}) {
  const store = await openSqliteStore(':memory:', { node: 'one' });
  const faults: unknown[] = [];
  const clock = { ms: now * 1000 };
  const streams = createRevocationStreams({
    store,
    isStopped: () => false,
    issuer: 'https://ras.example',
    signer: () => key,
    nowMs: () => clock.ms,
    newId: () => fresh('frame'),
    onFault: (fault) => faults.push(fault),
    ...change,
  });
  let served = true;
  const open = (more: Partial<Subscription> = {}) => {
    const from = { nonce: 'n', after: 0, judgesStops: true };
    const base = { server: 'tracker', resource: 'https://r.example', ...from, isServed: () => served };
    const stream = streams.open({ ...base, ...more });
    assert.ok(stream);
    return stream.getReader();
  };
  const cutOff = async (count: number) => {
    for (let n = 0; n < count; n++) {
      const subject = subjectKey();
      await store.accounts.findOrCreate(subject, fresh('acc'));
      await store.cutOffs.take(signal({ key: subject, tokensBefore: now }), []);
    }
  };
  return {
    store,
    streams,
    faults,
    clock,
    open,
    cutOff,
    unserve: () => {
      served = false;
    },
  };
}

type Reader = ReturnType<Awaited<ReturnType<typeof withStore>>['open']>;
async function next(reader: Reader): Promise<JsonObject | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const nothing = new Promise<never>((_, reject) => {
    timer = setTimeout(reject, 5000, new Error('nothing came, and no end'));
  });
  const { value } = await Promise.race([reader.read(), nothing]).finally(() => clearTimeout(timer));
  const jws = value && parseJws(new TextDecoder().decode(value).split('\ndata: ')[1]?.trim() ?? '', 1e6);
  return jws && ((jws.claims.events as JsonObject)[revocationsEvent] as JsonObject);
}
const listOf = (frame: JsonObject | undefined, name: 'people' | 'tokens') => (frame?.[name] ?? []) as string[][];
const sizes = (frame: JsonObject | undefined) => [
  listOf(frame, 'people').length,
  listOf(frame, 'tokens').length,
  frame?.complete,
];

describe('SIG-02, T20: streams of who is cut off', () => {
  test('a long list comes in frames, nothing twice and nothing left out', async () => {
    const { store, streams, open, cutOff, faults } = await withStore();
    await cutOff(510);
    for (let n = 0; n < 505; n++) {
      await store.cutOffs.revokeToken({ id: fresh('t'), resource: 'https://r.example', until: far });
    }
    await cutOff(3);
    const reader = open();
    const frames = [await next(reader), await next(reader), await next(reader)];
    assert.deepEqual(frames.map(sizes), [
      [500, 0, false],
      [10, 500, false],
      [3, 5, true],
    ]);
    const said = frames.flatMap((frame) => [...listOf(frame, 'people'), ...listOf(frame, 'tokens')]);
    assert.equal(new Set(said.map(([id]) => id)).size, 510 + 505 + 3);
    streams.close();
    assert.deepEqual(faults, []);
  });

  test('a new epoch is told to all at once, in every frame from then on, and before the first there is none (T21)', async () => {
    let epoch = '';
    const { streams, open, clock } = await withStore({ epoch: () => epoch });
    const [reader, elsewhere] = [open(), open({ resource: 'https://other.example' })];
    for (const one of [reader, elsewhere]) assert.equal('epoch' in ((await next(one)) ?? {}), false);
    epoch = 'second';
    for (const one of [reader, elsewhere]) assert.equal((await next(one))?.epoch, 'second');
    clock.ms += 2500;
    assert.equal((await next(reader))?.epoch, 'second');
    streams.close();
  });

  test('a change that does not concern a server is not told, and not told again', async () => {
    const { store, streams, open, clock } = await withStore();
    const reader = open();
    assert.deepEqual(sizes(await next(reader)), [0, 0, true]);
    await store.cutOffs.revokeToken({ id: fresh('t'), resource: 'https://other.example', until: far });
    await wait(700);
    clock.ms += 2500;
    const sign = await next(reader);
    assert.deepEqual([sign?.seq, ...sizes(sign)], [2, 0, 0, true]);
    assert.equal(sign?.at_ms, clock.ms, 'it is a sign of life, and came when one was due');
    assert.equal(sign?.position, await store.changeSequence());
    streams.close();
  });

  test('of changes that come together a server hears its own', async () => {
    const { store, streams, open } = await withStore();
    const reader = open();
    await next(reader);
    const [own, foreign] = [fresh('t'), fresh('t')];
    await Promise.all([
      store.cutOffs.revokeToken({ id: foreign, resource: 'https://other.example', until: far }),
      store.cutOffs.revokeToken({ id: own, resource: 'https://r.example', until: far }),
    ]);
    assert.deepEqual(listOf(await next(reader), 'tokens'), [[own, far]]);
    streams.close();
  });

  test('of stops a server hears those of its own and of all, each with what it is about, and at once', async () => {
    const { store, streams, open, clock } = await withStore();
    const [r, other] = ['https://r.example', 'https://other.example'];
    const ras = (what: Hit['what'], value: string, from?: string): Hit => ({
      at: 'ras',
      what,
      value,
      ...(from && { from }),
    });
    const about = { kind: 'everything', target: 'all', reason: 'a drill', by: 'dana', at: now } as const;
    const add = (id: string, ...hits: Hit[]) => store.stops.add({ id, ...about, hits }, {}, []);
    const reader = open();
    await next(reader);
    const unheard: Hit[] = [ras('id_jag', 'j'), { at: 'idp', what: 'everything', value: '' }];
    const told: Hit[] = [
      ras('client', 'app'),
      ras('server', r),
      ras('account', 'a_1'),
      ras('issuer', 'by issuer'),
      ras('key', 'by key'),
      ras('client', 'app', 'by issuer'),
    ];
    await add('st', ...unheard, ...told, ras('server', other));
    const who = hash('sha256', `${r}\na_1`, 'base64url');
    assert.deepEqual(
      (await next(reader))?.stops,
      [
        ['app', null, null],
        [null, null, null],
        [null, null, who],
        [null, 'by issuer', null],
        [null, 'by key', null],
        ['app', 'by issuer', null],
      ].map((conditions, at) => [`st.${at}`, ...conditions, 0, 1, now + 3720]),
    );
    for (const hit of [ras('server', r), ras('everything', '')]) {
      await add(hit.what, hit);
      const heard = ((await next(reader))?.stops ?? []) as string[][];
      assert.deepEqual(
        heard.map(([id]) => id),
        [`${hit.what}.0`],
      );
    }
    await add('foreign', ras('server', other));
    await wait(500);
    clock.ms += 2500;
    const sign = await next(reader);
    assert.deepEqual(
      [sign?.seq, sign?.at_ms, sign?.stops],
      [5, clock.ms, undefined],
      'a sign of life, when one was due',
    );
    streams.close();
  });

  test('T09: stops of long names come in frames that a guard takes, nothing left out', async () => {
    const { store, streams, open } = await withStore();
    const about = { kind: 'client', target: 'c', reason: 'its issuer says so', by: 'i', at: now } as const;
    const names = Array.from({ length: 100 }, (_, n) => `${n} ${'€'.repeat(2000)}`);
    for (const [n, value] of names.entries()) {
      await store.stops.add({ id: `st${n}`, ...about, hits: [{ at: 'ras', what: 'client', value }] }, {}, []);
    }
    const reader = open();
    const told: unknown[] = [];
    for (let isLast = false; !isLast; ) {
      const { value } = await reader.read();
      const text = new TextDecoder().decode(value);
      assert.ok(text.length < 300 * 1024, `${text.length}`);
      const jws = parseJws(text.split('\ndata: ')[1]?.trim() ?? '', 1e6);
      const said = jws?.claims.events as JsonObject | undefined;
      const frame = (said?.[revocationsEvent] ?? {}) as JsonObject;
      for (const [, client] of (frame.stops ?? []) as string[][]) told.push(client);
      isLast = frame.complete === true;
    }
    assert.deepEqual(told, names);
    streams.close();
  });

  test('one stop that is larger than that has a frame for itself', async () => {
    const { store, streams, open } = await withStore();
    const about = { kind: 'rule', target: 'c', reason: 'a drill', by: 'dana', at: now } as const;
    for (const [id, count] of Object.entries({ large: 30, small: 1 })) {
      const hits = Array.from({ length: count }, (_, n): Hit => {
        return { at: 'ras', what: 'client', value: `${n} ${'€'.repeat(2000)}` };
      });
      await store.stops.add({ id, ...about, hits }, {}, []);
    }
    const reader = open();
    const frames = [await next(reader), await next(reader)];
    assert.deepEqual(
      frames.map((frame) => [((frame?.stops ?? []) as unknown[]).length, frame?.complete]),
      [
        [30, false],
        [1, true],
      ],
    );
    streams.close();
  });

  test('whoever cannot judge stops hears nothing more while one concerns it', async () => {
    const stopped = new Set<string>();
    const { streams, open, clock } = await withStore({ isStopped: (resource) => stopped.has(resource) });
    const [old, elsewhere] = [
      open({ judgesStops: false }),
      open({ judgesStops: false, resource: 'https://o.example' }),
    ];
    const judging = open();
    for (const reader of [old, elsewhere, judging]) assert.equal((await next(reader))?.seq, 1);
    stopped.add('https://r.example');
    clock.ms += 2500;
    assert.equal(await next(old), undefined);
    for (const reader of [elsewhere, judging]) assert.equal((await next(reader))?.seq, 2);
    streams.close();
  });

  test('a reader that takes nothing is dropped, and nobody else waits for it', async () => {
    const { store, streams, open, cutOff, clock } = await withStore({ maxWaiting: 600 });
    const [slow, quick] = [open(), open()];
    for (const reader of [slow, quick]) assert.ok(await next(reader));
    const told: unknown[] = [];
    for (let n = 0; n < 3; n++) {
      await cutOff(1);
      told.push((await next(quick))?.seq);
    }
    assert.deepEqual(told, [2, 3, 4]);
    clock.ms += 5000;
    await wait(300);
    const left: unknown[] = [];
    for (let frame = await next(slow); frame; frame = await next(slow)) left.push(frame.seq);
    assert.ok(left.length <= 3, 'what waited for it was bounded');
    assert.equal((await next(quick))?.seq, 5);
    streams.close();
    await store.close();
  });

  test('a store that is away gives no sign of life, and one that is back goes on', async () => {
    const { store, streams, open, clock, faults } = await withStore();
    const reader = open();
    await next(reader);
    const { changeSequence } = store;
    (store as { changeSequence: unknown }).changeSequence = () => Promise.reject(new Error('away'));
    clock.ms += 2500;
    const sign = next(reader);
    assert.equal(await Promise.race([sign, wait(500).then(() => 'nothing')]), 'nothing');
    assert.ok(faults.length > 0);
    (store as { changeSequence: unknown }).changeSequence = changeSequence;
    assert.equal((await sign)?.seq, 2);
    streams.close();
  });

  test('a stream ends after an hour, and when its server is ours no longer', async () => {
    for (const end of ['hour', 'server'] as const) {
      const { open, clock, unserve } = await withStore();
      const reader = open();
      await next(reader);
      if (end === 'hour') clock.ms += 3_600_000;
      else unserve();
      assert.equal(await next(reader), undefined);
    }
  });

  test('who leaves takes nothing from who stays; while nobody follows the store is asked nothing', async () => {
    const { store, streams, open, cutOff } = await withStore();
    const asked = mock.method(store, 'changeSequence').mock;
    const [leaving, staying] = [open(), open()];
    for (const reader of [leaving, staying]) await next(reader);
    await leaving.cancel();
    await cutOff(1);
    assert.deepEqual(sizes(await next(staying)), [1, 0, true]);
    await staying.cancel();
    const before = asked.callCount();
    await wait(500);
    assert.equal(asked.callCount(), before);
    assert.deepEqual(sizes(await next(open())), [1, 0, true]);
    streams.close();
  });

  test('who leaves while a frame is signed for it is no fault', async () => {
    const { promise: gate, resolve: release } = Promise.withResolvers<void>();
    const signer = () => ({ ...key, sign: (input: string) => gate.then(() => key.sign(input)) });
    const { open, faults } = await withStore({ signer });
    const reader = open();
    await wait(50);
    await reader.cancel();
    release();
    await wait(50);
    assert.deepEqual(faults, []);
  });

  test('while a frame is signed no other is made, and nothing is told twice', async () => {
    const { promise: gate, resolve: release } = Promise.withResolvers<void>();
    const signer = () => ({ ...key, sign: (input: string) => gate.then(() => key.sign(input)) });
    const { streams, open, cutOff } = await withStore({ signer });
    await cutOff(1);
    const reader = open();
    await wait(500);
    release();
    const first = await next(reader);
    await cutOff(1);
    const second = await next(reader);
    assert.deepEqual([first?.seq, second?.seq], [1, 2]);
    assert.notEqual(listOf(first, 'people')[0]?.[0], listOf(second, 'people')[0]?.[0]);
    streams.close();
  });

  test('a store that takes its time is not asked again meanwhile', async () => {
    const { store, streams, open } = await withStore();
    const { promise: gate, resolve: release } = Promise.withResolvers<void>();
    const { changeSequence } = store;
    const asked = mock.method(store, 'changeSequence', () => gate.then(changeSequence)).mock;
    const reader = open();
    await wait(700);
    assert.equal(asked.callCount(), 1);
    release();
    assert.equal((await next(reader))?.seq, 1);
    streams.close();
  });
});
