import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isRetryable, stateOf, toStoreError } from './postgres-error.ts';
import { StoreConflict, StoreUnavailable } from './store.ts';

/** As `pg` throws what the server said. */
const said = (code: string) => Object.assign(new Error('words of the server'), { code, severity: 'ERROR' });

describe('what PostgreSQL says', () => {
  const table: [code: string, what: 'away' | 'conflict' | 'a fault'][] = [
    ['08006', 'away'],
    ['25006', 'away'],
    ['25P03', 'away'],
    ['28P01', 'away'],
    ['3D000', 'away'],
    ['40001', 'away'],
    ['40P01', 'away'],
    ['53300', 'away'],
    ['53100', 'away'],
    ['55P03', 'away'],
    ['57014', 'away'],
    ['57P01', 'away'],
    ['58030', 'away'],
    ['F0000', 'away'],
    ['XX001', 'away'],
    ['23505', 'conflict'],
    ['23503', 'conflict'],
    ['22021', 'conflict'],
    ['22012', 'a fault'],
    ['25001', 'a fault'],
    ['42601', 'a fault'],
    ['42501', 'a fault'],
    ['55000', 'a fault'],
  ];
  for (const [code, what] of table) {
    test(`${code}: ${what}`, () => {
      const error = said(code);
      const thrown = toStoreError(error);
      assert.equal(thrown instanceof StoreUnavailable, what === 'away');
      assert.equal(thrown instanceof StoreConflict, what === 'conflict');
      if (what === 'a fault') assert.equal(thrown, error);
      else assert.equal((thrown as Error).cause, error);
      // Only these two are known to have left nothing behind and to be worth another try.
      assert.equal(isRetryable(error), code === '40001' || code === '40P01');
    });
  }

  test('an error of the way to it is that it is away, with or without a word of the system', () => {
    for (const error of [
      Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
      // Five letters, but the system's.
      Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }),
      Object.assign(new Error('no severity'), { code: '23505' }),
      Object.assign(new Error('a number'), { code: 23505, severity: 'ERROR' }),
      new Error('timeout exceeded when trying to connect'),
      'not even an error',
    ]) {
      assert.equal(stateOf(error), undefined);
      assert.ok(toStoreError(error) instanceof StoreUnavailable);
      assert.equal(isRetryable(error), false);
    }
  });

  test('what is one of ours already stays what it is', () => {
    for (const ours of [new StoreUnavailable('away'), new StoreConflict('taken')])
      assert.equal(toStoreError(ours), ours);
  });
});
