import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSqliteStore } from '../../store/sqlite.ts';
import { createLiveStreams } from '../live.ts';
import { checkMs, liveRoutes, pollMs, silenceMs } from './live-records.ts';
import type { AdminServices } from './services.ts';

const idp = 'https://id.acme.example';
/** Longer than it takes to look at the record again; and far longer. */
const [aMomentMs, aWhileMs] = [1.4 * pollMs, 10 * pollMs];

interface Asking {
  readonly query?: { readonly person?: string; readonly server?: string | undefined; readonly kind?: string };
  readonly lastEventId?: string;
}

/** A record, and somebody who follows it. */
async function open(t: TestContext) {
  const store = await openSqliteStore(':memory:', { node: 'one' });
  t.after(() => store.close());
  const clock = { ms: 1_800_000_000_000 };
  const may = { still: true };
  const live = createLiveStreams();
  t.after(() => live.close());
  const services = { store, live, installation: { idp }, nowMs: () => clock.ms };
  let ids = 0;
  const ask = ({ query = {}, lastEventId }: Asking) => {
    const [route] = liveRoutes;
    assert.ok(route);
    const asked = { query, lastEventId, by: { person: { id: 'u_auditor' } }, mayStill: async () => may.still };
    return route.handle(asked as never, services as unknown as AdminServices);
  };
  return {
    store,
    clock,
    may,
    /** So many lines of each of these people, at this server. */
    write: async (count: number, people: readonly string[] = ['u_alice'], server = 'wiki') => {
      const toLine = (person: string) => ({ person, server, id: `d_${++ids}` });
      const lines = Array.from({ length: count }, () => people.map(toLine)).flat();
      const records = lines.map((line) => ({ ...line, kind: 'system', timeMs: clock.ms, body: JSON.stringify(line) }));
      await store.commit({ marks: [], records });
    },
    follow: async (asked: Asking = {}) => {
      const outcome = await ask(asked);
      assert.ok(outcome.ok, JSON.stringify(outcome));
      return read(outcome.value as ReadableStream<Uint8Array>);
    },
    /** Why it is not told. */
    refused: async (asked: Asking) => {
      const outcome = await ask(asked);
      return outcome.ok ? undefined : outcome.refusal;
    },
  };
}

/** Events one by one: name, and what is said with it; '' for a heartbeat. */
function read(stream: ReadableStream<Uint8Array>) {
  const reader = stream.getReader();
  let pending: Promise<string> | undefined;
  const next = async () => {
    const { done, value } = await reader.read();
    if (done) return 'end';
    const text = new TextDecoder().decode(value);
    const [, id] = /^id: (.*)$/m.exec(text) ?? [];
    const [, event] = /^event: (.*)$/m.exec(text) ?? [];
    return event === undefined ? '' : [event, id].filter(Boolean).join(' ');
  };
  const within = async (ms: number) => {
    pending ??= next();
    const waiting = new AbortController();
    const found = await Promise.race([pending, sleep(ms, 'nothing', { signal: waiting.signal })]);
    waiting.abort();
    if (found !== 'nothing') pending = undefined;
    return found;
  };
  return { next: () => within(aWhileMs), isSilent: async () => (await within(aMomentMs)) === 'nothing' };
}

describe('the record as it is written', { concurrency: true }, () => {
  test('of one person is what is about them, on either side', async (t) => {
    const { store, write, follow } = await open(t);
    const subject = { issuer: idp, tenant: undefined, subject: 'u_alice' };
    const account = await store.accounts.findOrCreate(subject, 'acc_alice');
    const { next } = await follow({ query: { person: 'u_alice' } });
    assert.equal(await next(), 'ready 0');
    await write(1, ['u_bob', 'u_alice', account.id]);
    assert.deepEqual([await next(), await next()], ['record 2', 'record 3']);
  });

  test('is told as far as it was asked for', async (t) => {
    const { write, follow } = await open(t);
    await write(1, ['u_alice', 'u_bob']);
    await write(1, ['u_alice'], 'tracker');
    const all = await follow({ query: { server: undefined }, lastEventId: '0' });
    const some = await follow({ query: { person: 'u_alice', server: 'wiki', kind: 'system' }, lastEventId: '0' });
    assert.deepEqual(
      [await all.next(), await all.next(), await all.next(), await all.next()],
      ['ready 0', 'record 1', 'record 2', 'record 3'],
    );
    assert.deepEqual([await some.next(), await some.next(), await some.isSilent()], ['ready 0', 'record 1', true]);
  });

  test('goes on from a place that it gave, or from now where there is none behind it', async (t) => {
    const { write, follow, refused } = await open(t);
    await write(3);
    const starts = [];
    for (const lastEventId of ['2', '3', '4', '9'.repeat(15)]) {
      starts.push(await (await follow({ lastEventId })).next());
    }
    assert.deepEqual(starts, ['ready 2', 'ready 3', 'ready 3', 'ready 3']);
    for (const lastEventId of ['', 'x', '-1', '1e3', '9'.repeat(16)]) {
      assert.equal(await refused({ lastEventId }), 'api_value_invalid', lastEventId);
    }
  });

  test('is told whole to whoever is 2000 lines behind, at once, and from further behind only its end', async (t) => {
    const { write, follow } = await open(t);
    await write(2001);
    const startedAt = performance.now();
    const near = await follow({ lastEventId: '1' });
    assert.equal(await near.next(), 'ready 1');
    for (let at = 2; at <= 2001; at += 1) assert.equal(await near.next(), `record ${at}`);
    // Twenty rounds: with a pause after each it would be twice that.
    assert.ok(performance.now() - startedAt < 10 * pollMs);
    const far = await follow({ lastEventId: '0' });
    assert.deepEqual(
      [await far.next(), await far.next(), await far.next()],
      ['ready 0', 'skipped 1901', 'record 1902'],
    );
  });

  test('has a heartbeat after ten seconds without a line, and after ten more', async (t) => {
    const { clock, write, follow } = await open(t);
    const { next, isSilent } = await follow({ query: { person: 'u_alice' } });
    assert.equal(await next(), 'ready 0');
    clock.ms += silenceMs - 1;
    assert.ok(await isSilent());
    clock.ms += 1;
    assert.equal(await next(), '');
    clock.ms += silenceMs - 1;
    await write(1);
    assert.equal(await next(), 'record 1');
    clock.ms += silenceMs - 1;
    await write(1, ['u_bob']);
    assert.ok(await isSilent());
    clock.ms += 1;
    assert.equal(await next(), '');
    clock.ms -= silenceMs;
    assert.equal(await next(), '', 'and where the clock was put back');
  });

  for (const direction of [1, -1]) {
    test(`T28: whoever listens is looked at every two seconds of a clock that goes ${direction > 0 ? 'on' : 'back'}`, async (t) => {
      const { clock, may, follow } = await open(t);
      const { next, isSilent } = await follow();
      assert.equal(await next(), 'ready 0');
      clock.ms += direction * checkMs;
      assert.ok(await isSilent());
      may.still = false;
      clock.ms += direction * (checkMs - 1);
      assert.ok(await isSilent());
      clock.ms += direction;
      assert.deepEqual([await next(), await next()], ['over', 'end']);
    });
  }

  test('T28: also while there is always something to tell', async (t) => {
    const { clock, may, write, follow } = await open(t);
    await write(300);
    const { next } = await follow({ lastEventId: '0' });
    assert.equal(await next(), 'ready 0');
    assert.equal(await next(), 'record 1');
    may.still = false;
    clock.ms += checkMs;
    for (let at = 2; at <= 100; at += 1) assert.equal(await next(), `record ${at}`);
    assert.equal(await next(), 'over');
  });
});
