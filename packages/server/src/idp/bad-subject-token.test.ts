import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Refusal, refusalRow, refusals } from '@credence/mcp/protocol';
import { toExchangeCode } from './bad-subject-token.ts';

const all = Object.keys(refusals) as Refusal[];

test('A1: by default, and where invalid_grant is said, every refusal has the code of its row', () => {
  for (const refusal of all) {
    assert.equal(toExchangeCode(refusal), refusalRow(refusal).wire);
    assert.equal(toExchangeCode(refusal, 'invalid_grant'), refusalRow(refusal).wire);
  }
});

test('A1: with invalid_request every bad subject token has that code, and nothing else changes', () => {
  const changed = all.filter((refusal) => toExchangeCode(refusal, 'invalid_request') !== refusalRow(refusal).wire);
  assert.deepEqual(changed.sort(), [
    'refresh_token_not_accepted',
    'subject_token_ambiguous_audience',
    'subject_token_bad_signature',
    'subject_token_before_stop',
    'subject_token_expired',
    'subject_token_malformed',
    'subject_token_not_yet_valid',
    'subject_token_other_client',
    'subject_token_other_key',
    'subject_token_other_tenant',
    'subject_token_wrong_issuer',
    'subject_token_wrong_type',
  ]);
  for (const refusal of changed) {
    assert.equal(toExchangeCode(refusal, 'invalid_request'), 'invalid_request');
    assert.equal(refusalRow(refusal).status, 400);
  }
});
