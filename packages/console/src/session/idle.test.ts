import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { idleState } from './idle.ts';

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
