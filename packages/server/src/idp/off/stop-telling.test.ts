import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeJwt } from 'jose';
import { readRecord } from '../../audit/personal.ts';
import type { Facts } from '../../audit/record.ts';
import type { AccessDocument } from '../../policy/access-document.ts';
import { compileAccess } from '../../policy/compile.ts';
import { parsePolicy } from '../../policy/parse.ts';
import { cutAt, type Hit, type Resumption, type Stop } from '../../store/stop.ts';
import { tellingOptions } from './fixtures/telling-options.ts';
import { createStopTelling } from './stop-telling.ts';
import type { TellingOptions } from './telling.ts';

const ras = 'https://mcp.example';
const parsed = parsePolicy('rules: []', 'access');
assert.ok(parsed.ok);
const policy = compileAccess(parsed.document as AccessDocument, { version: 1, localRas: undefined });
const now = 1_800_000_000;

const client: Hit = { at: 'told', what: 'client', value: 'app' };
const stop = (position: number, change: Partial<Stop> = {}): Stop => ({
  id: `st_${position}`,
  kind: 'client',
  target: 'app',
  hits: [client],
  reason: 'a drill',
  by: 'dana',
  at: now - 100,
  position,
  ...change,
});
const over = (change: Partial<Resumption> = {}): Resumption => ({
  at: now - 50,
  by: 'dana',
  reason: 'over',
  grantsBefore: now - 50,
  tokensBefore: now - 50,
  until: now + 3600,
  ...change,
});

/** @param answer - what the RAS answers when it is told the n-th time, from 1 on */
function open(answer: (time: number) => Response, change: Partial<TellingOptions> = {}) {
  const alerts: Facts[] = [];
  const sets: { jti: string; payload: Record<string, unknown> }[] = [];
  const tell = createStopTelling({
    ...tellingOptions(ras, now, policy),
    alert: async (facts) => {
      alerts.push(facts);
    },
    post: async (_, { body }) => {
      const { jti = '', events } = decodeJwt<{ events: Record<string, Record<string, unknown>> }>(body);
      sets.push({ jti, payload: Object.values(events)[0] ?? {} });
      return answer(sets.length);
    },
    ...change,
  });
  return { tell, alerts, sets };
}

const accepted = () => new Response(null, { status: 202 });
const malformed = () => Response.json({ err: 'invalid_request' }, { status: 400 });
const away = () => new Response(null, { status: 503 });

describe('IDP-43: telling one RAS what is stopped', () => {
  test('everything taken: done with to the end of the page, with a line for each', async () => {
    const { tell, alerts } = open(accepted);
    const done = await tell([stop(1), stop(4)]);
    assert.deepEqual([done.until, done.isStuck, alerts], [4, false, []]);
    const lines = done.records.map(readRecord).map(({ outcome, detail, signal }) => [outcome, detail, signal?.at]);
    assert.deepEqual(lines, [
      ['allowed', 'stop st_1: told', now - 100],
      ['allowed', 'stop st_4: told', now - 100],
    ]);
  });

  const table: [name: string, change: Partial<Stop>, said: Record<string, unknown>[]][] = [
    ['what stands', {}, [{ what: 'client', value: 'app', event_timestamp: now - 100 }]],
    [
      'what is over',
      { resumed: over() },
      [{ what: 'client', value: 'app', event_timestamp: now - 50, resumed_at: now - 50 }],
    ],
    [
      'what is over, in the last second in which that concerns anything',
      { resumed: over({ until: now }) },
      [{ what: 'client', value: 'app', event_timestamp: now - 50, resumed_at: now - 50 }],
    ],
    ['what is over and concerns nothing any more', { resumed: over({ until: now - 1 }) }, []],
    [
      'what only ends what there was',
      { hits: [{ ...client, cut: true }] },
      [{ what: 'client', value: 'app', event_timestamp: now - 100, resumed_at: cutAt(now - 100) }],
    ],
    [
      'everything at once',
      { hits: [{ at: 'told', what: 'everything', value: 'all' }] },
      [{ what: 'everything', event_timestamp: now - 100 }],
    ],
    [
      'of several the parts that are for it',
      {
        hits: [
          { ...client, at: 'idp' },
          { ...client, value: 'theirs', ras: 'https://other.example' },
          { ...client, value: 'its', ras },
        ],
      },
      [{ what: 'client', value: 'its', event_timestamp: now - 100 }],
    ],
  ];
  for (const [name, change, said] of table) {
    test(`${name}: told as that`, async () => {
      const { tell, sets } = open(accepted);
      const done = await tell([stop(3, change)]);
      assert.deepEqual([done.until, done.isStuck, done.records.length], [3, false, said.length]);
      const payloads = sets.map(({ payload: { id, ...rest } }) => rest);
      assert.deepEqual(payloads, said);
      if (!change.resumed) return;
      const records = done.records.map(readRecord).map(({ detail, signal }) => [detail, signal?.at]);
      assert.deepEqual(
        records,
        said.map(() => ['stop st_3: told that it is over', now - 50]),
      );
    });
  }

  test('told again it is the same, by its jti; each part is one of its own, and so is that it is over', async () => {
    const { tell, sets } = open(accepted);
    const hits = [client, { ...client, value: 'other' }];
    for (const change of [{ hits }, { hits }, { hits, resumed: over() }]) await tell([stop(1, change)]);
    const [one, two, again, twice, ended] = sets.map(({ jti }) => jti);
    assert.deepEqual([again, twice], [one, two]);
    assert.equal(new Set([one, two, ended]).size, 3);
  });

  test('what is in this program hears of stops without being told', async () => {
    const { tell, sets } = open(accepted, { isHere: true });
    const done = await tell([stop(1)]);
    assert.deepEqual([done.until, done.isStuck, done.records, sets], [1, false, [], []]);
  });

  test('done with up to what was not taken, and whoever is away is not asked on and on', async () => {
    const { tell, sets } = open((time) => (time === 2 ? away() : accepted()));
    const page = [stop(1), stop(5), stop(6)];
    const first = await tell(page);
    assert.deepEqual([first.until, first.isStuck, first.records.length, sets.length], [4, true, 1, 2]);
    const rest = await tell(page.slice(1));
    assert.deepEqual([rest.until, rest.isStuck, rest.records.length], [6, false, 2]);
  });

  test('one that is malformed to it is left at the eighth time, with a line, and what comes later is counted for itself', async () => {
    const { tell, alerts, sets } = open((time) => (time > 9 ? accepted() : malformed()));
    for (let time = 1; time < 8; time += 1) {
      const { until, isStuck, records } = await tell([stop(5)]);
      assert.deepEqual([until, isStuck, records], [4, true, []], String(time));
    }
    const last = await tell([stop(5), stop(6)]);
    assert.deepEqual([last.until, last.isStuck, sets.length], [5, true, 9]);
    const [line] = last.records.map(readRecord);
    assert.deepEqual([line?.outcome, line?.detail], ['refused', 'stop st_5: refused: invalid_request']);
    assert.equal(alerts.length, 1);
    const rest = await tell([stop(6)]);
    assert.deepEqual([rest.until, rest.isStuck], [6, false]);
  });

  test('any other refusal is never left', async () => {
    const { tell } = open(() => Response.json({ err: 'access_denied' }, { status: 400 }));
    for (let time = 0; time < 20; time += 1) assert.equal((await tell([stop(5)])).until, 4);
  });

  test('a RAS that is away a third time in a row is an alert', async () => {
    const { tell, alerts } = open(away);
    const counts: number[] = [];
    for (let time = 0; time < 4; time += 1) {
      await tell([stop(5)]);
      counts.push(alerts.length);
    }
    assert.deepEqual(counts, [0, 0, 1, 1]);
  });
});
