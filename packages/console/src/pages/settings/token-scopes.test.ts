import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scopesFor } from './token-scopes.ts';

test('a token is offered what the role covers, and never what takes a person', () => {
  assert.deepEqual(scopesFor(['read:people', 'write:tokens', 'write:groups', 'stop', 'resume']), [
    'read:people',
    'stop',
  ]);
});
