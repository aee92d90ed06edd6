import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createConfirmed } from './postgres-confirmed.ts';
import { StoreUnavailable } from './store.ts';

const at = (seq: number, hash = `h${seq}`) => ({ seq, hash });
/** A database with these heads of chains. */
const database = (heads: Readonly<Record<string, ReturnType<typeof at>>>) => ({
  asked: 0,
  async query() {
    this.asked += 1;
    return { rows: Object.entries(heads).map(([node, head]) => ({ node, ...head })) };
  },
});
const check = async (confirmed: ReturnType<typeof createConfirmed>, heads: Parameters<typeof database>[0]) => {
  const client = database(heads);
  const outcome = confirmed.check(client as never).then(
    () => 'fine',
    (error) => (error instanceof StoreUnavailable ? 'forgotten' : String(error)),
  );
  return [await outcome, client.asked];
};

describe('T22: a database, and what it told this process is durable', () => {
  const table: [what: string, heads: Parameters<typeof database>[0], outcome: string][] = [
    ['has it', { a: at(7), b: at(3) }, 'fine'],
    ['has more: a commit of which nothing was known', { a: at(8), b: at(3) }, 'fine'],
    ['lacks the last line of a chain', { a: at(6), b: at(3) }, 'forgotten'],
    ['lacks the last line of another', { a: at(7), b: at(2) }, 'forgotten'],
    ['has another line in its place', { a: at(7, 'other'), b: at(3) }, 'forgotten'],
    ['lacks a chain', { b: at(3) }, 'forgotten'],
  ];
  for (const [what, heads, outcome] of table) {
    test(`${what}: ${outcome}`, async () => {
      const confirmed = createConfirmed();
      confirmed.took('a', at(6));
      confirmed.took('a', at(7));
      confirmed.took('b', at(3));
      assert.deepEqual(await check(confirmed, heads), [outcome, 1]);
      assert.equal(confirmed.hasForgotten(), outcome === 'forgotten');
    });
  }

  test('told nothing: nothing is asked', async () => {
    assert.deepEqual(await check(createConfirmed(), {}), ['fine', 0]);
  });

  test('inside a transaction: the lines that were confirmed are under those that it appended', () => {
    const stands = (seq: number, added: number) => {
      const confirmed = createConfirmed();
      confirmed.stands('a', at(2), 2); // nothing was confirmed yet
      confirmed.took('a', at(7));
      const refused = (error: unknown) => error instanceof StoreUnavailable;
      const ask = () => confirmed.stands('a', at(seq), added);
      try {
        ask();
      } catch (error) {
        assert.ok(refused(error));
        assert.throws(() => confirmed.stands('a', at(100), 1), refused, 'from then on always');
        return 'forgotten';
      }
      assert.equal(confirmed.hasForgotten(), false);
      return 'fine';
    };
    assert.deepEqual(
      [stands(9, 2), stands(9, 1), stands(8, 2), stands(2, 2)],
      ['fine', 'fine', 'forgotten', 'forgotten'],
    );
  });

  test('once forgotten, forgotten, whatever it says later; until a new epoch has begun', async () => {
    const confirmed = createConfirmed();
    confirmed.took('a', at(7));
    await check(confirmed, {});
    assert.deepEqual(await check(confirmed, { a: at(7) }), ['forgotten', 0]);
    assert.equal(confirmed.chainOf('a'), 'a');
    confirmed.goOn();
    assert.deepEqual(await check(confirmed, {}), ['fine', 0]);
    assert.equal(confirmed.hasForgotten(), false);
    assert.equal(confirmed.chainOf('a'), 'a-again1');
    confirmed.goOn();
    assert.equal(confirmed.chainOf('a'), 'a-again1');
  });
});
