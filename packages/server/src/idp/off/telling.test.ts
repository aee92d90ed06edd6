import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readRecord } from '../../audit/personal.ts';
import type { Facts } from '../../audit/record.ts';
import type { AccessDocument } from '../../policy/access-document.ts';
import { compileAccess } from '../../policy/compile.ts';
import { parsePolicy } from '../../policy/parse.ts';
import type { Bulletin } from '../../store/off.ts';
import { tellingOptions } from './fixtures/telling-options.ts';
import { createTelling, type TellingOptions } from './telling.ts';

const ras = 'https://mcp.example';
const parsed = parsePolicy(`servers: { s: { resource: ${ras}/s, ras: ${ras}, scopes: { a: {} } } }`, 'access');
assert.ok(parsed.ok);
const policy = compileAccess(parsed.document as AccessDocument, { version: 1, localRas: undefined });
const now = 1_800_000_000;

const bulletin = (position: number, change: Partial<Bulletin> = {}): Bulletin => ({
  position,
  personId: `u_${position}`,
  event: 'session-revoked',
  membership: undefined,
  initiator: 'admin',
  at: now,
  ...change,
});

/** @param answer - what the RAS answers when it is told the n-th time, from 1 on */
function open(answer: (time: number) => Response, change: Partial<TellingOptions> = {}) {
  const alerts: Facts[] = [];
  let times = 0;
  const tell = createTelling({
    ...tellingOptions(ras, now, policy),
    alert: async (facts) => {
      alerts.push(facts);
    },
    post: async () => {
      times += 1;
      return answer(times);
    },
    ...change,
  });
  return { tell, alerts, told: () => times };
}

const accepted = () => new Response(null, { status: 202 });
const malformed = () => Response.json({ err: 'invalid_request' }, { status: 400 });
const away = () => new Response(null, { status: 503 });

describe('IDP-43: telling one RAS a page of bulletins', () => {
  test('everything taken: done with to the end of the page, and nothing is stuck', async () => {
    const { tell, alerts } = open(accepted);
    const done = await tell([bulletin(1), bulletin(2), bulletin(7)]);
    assert.deepEqual([done.until, done.isStuck, done.records.length, alerts], [7, false, 3, []]);
  });

  test('nothing that concerns it: done with, without a word', async () => {
    const { tell, told } = open(accepted);
    const done = await tell([bulletin(1, { membership: 'group:chess' })]);
    assert.deepEqual([done.until, done.isStuck, done.records, told()], [1, false, [], 0]);
  });

  test('done with up to what was not taken; what was taken after it is told again', async () => {
    const { tell, told } = open((time) => (time === 2 ? away() : accepted()));
    // Of one person, so that they go one after the other.
    const page = (['account-disabled', 'account-enabled', 'session-revoked'] as const).map((event, at) =>
      bulletin(at + 1, { event, personId: 'u' }),
    );
    const first = await tell(page);
    assert.deepEqual([first.until, first.isStuck, first.records.length], [1, true, 1]);
    assert.equal(told(), 2, 'whoever is away is not asked on and on');
    const rest = await tell(page.slice(1));
    assert.deepEqual([rest.until, rest.isStuck, rest.records.length], [3, false, 2]);
  });

  test('one that is malformed to it is left at the eighth time, with a line, and holds up nothing any more', async () => {
    const { tell, alerts, told } = open(malformed);
    for (let time = 1; time < 8; time += 1) {
      const { until, isStuck, records } = await tell([bulletin(5)]);
      assert.deepEqual([until, isStuck, records], [4, true, []], String(time));
    }
    const last = await tell([bulletin(5)]);
    assert.deepEqual([last.until, last.isStuck, told()], [5, false, 8]);
    const [row] = last.records;
    assert.ok(row);
    const record = readRecord(row);
    assert.deepEqual([record.outcome, record.detail], ['refused', 'refused: invalid_request']);
    assert.equal(alerts.length, 1);
  });

  test('any other refusal is never left', async () => {
    const { tell } = open(() => Response.json({ err: 'access_denied' }, { status: 400 }));
    for (let time = 0; time < 20; time += 1) assert.equal((await tell([bulletin(5)])).until, 4);
  });

  test('two failures in a row are nobody’s business; the third is an alert, and so is the third after it was back', async () => {
    const { tell, alerts } = open((time) => (time === 6 ? accepted() : away()));
    const counts: number[] = [];
    for (let time = 1; time <= 9; time += 1) {
      await tell([bulletin(time)]);
      counts.push(alerts.length);
    }
    assert.deepEqual(counts, [0, 0, 1, 1, 1, 1, 1, 1, 2]);
  });

  test('a page in which nothing is for it says nothing of whether it is there', async () => {
    const { tell, alerts } = open(away);
    const nothing = [bulletin(2, { membership: 'group:chess' })];
    const counts: number[] = [];
    for (const page of [[bulletin(1)], [bulletin(1)], nothing, [bulletin(1)], nothing, [bulletin(1)]]) {
      await tell(page);
      counts.push(alerts.length);
    }
    assert.deepEqual(counts, [0, 0, 0, 1, 1, 1]);
  });

  test('what is in this program has heard of a stop, and of nothing else', async () => {
    const { tell, told } = open(accepted, { isHere: true });
    const done = await tell([bulletin(1), bulletin(2, { stopId: 'st_1' }), bulletin(3)]);
    const people = done.records.map(({ person }) => person);
    assert.deepEqual([done.until, people.toSorted(), told()], [3, ['u_1', 'u_3'], 2]);
  });

  test('how late each was is told once it was taken', async () => {
    const lags: number[] = [];
    const onTold = (lagSeconds: number) => lags.push(lagSeconds);
    const { tell } = open((time) => (time === 1 ? away() : accepted()), { onTold });
    const late = bulletin(1, { at: now - 7 });
    await tell([late]);
    assert.deepEqual(lags, []);
    await tell([late]);
    assert.deepEqual(lags, [7]);
  });

  test('of one person and event only the last of a page is told, and each line of the record is of that', async () => {
    const { tell, told } = open(accepted);
    const page = [bulletin(1, { personId: 'u' }), bulletin(2), bulletin(3, { personId: 'u', at: now + 1 })];
    const done = await tell(page);
    assert.deepEqual([done.until, told()], [3, 2]);
    const times = done.records.map(({ body }) => JSON.parse(body).signal.at);
    assert.deepEqual(times.sort(), [now, now + 1]);
  });
});
