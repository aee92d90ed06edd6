import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { beginAgain, idleState, isSomebodyThere, pollEvery, touch, touchedMs, watchReturn } from './idle.ts';

describe('a session that nobody uses', () => {
  const table: [seconds: number, state: string][] = [
    [0, 'busy'],
    [839, 'busy'],
    [840, 'warned'],
    [899, 'warned'],
    [900, 'over'],
  ];
  for (const [seconds, state] of table)
    test(`${seconds} s: ${state}`, () => assert.equal(idleState(0, seconds * 1000), state));
});

test('a page that nobody has touched for a minute asks for nothing by itself, and is told when they are back', () => {
  const now = Date.now();
  beginAgain(now);
  assert.equal(pollEvery(5000)(), 5000);
  assert.deepEqual([isSomebodyThere(now + 59_999), isSomebodyThere(now + 60_000)], [true, false]);
  beginAgain(now - 60_000);
  assert.equal(pollEvery(5000)(), false);
  let returns = 0;
  const end = watchReturn(() => {
    returns += 1;
  });
  touch(now);
  touch(now + 1000);
  end();
  touch(now + 100_000);
  assert.equal(returns, 1);
});

test('a hand after the session was over does not take the lock off: a sign-in does', () => {
  const now = Date.now();
  beginAgain(now);
  touch(now + 900_000);
  assert.equal(idleState(touchedMs(), now + 900_000), 'over');
  beginAgain(now + 900_000);
  assert.equal(idleState(touchedMs(), now + 900_000), 'busy');
});
