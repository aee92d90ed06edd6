import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Refusal, tokenType } from '@credence/mcp/protocol';
import { type Fields, openWorld, type World } from './world.ts';

describe('A1, RFC 8693 §2.2.2: a bad subject token is invalid_request where the operator says so', () => {
  const bad: [name: string, fields: (world: World) => Promise<Fields>, reason: Refusal][] = [
    ['expired', async (w) => ({ subject_token: await w.idToken({ exp: w.now() }) }), 'subject_token_expired'],
    [
      'of another client',
      async (w) => ({ subject_token: await w.idToken({ aud: 'x' }) }),
      'subject_token_other_client',
    ],
    [
      'a refresh token that is none',
      async () => ({ subject_token: 'nonsense', subject_token_type: tokenType.refreshToken }),
      'refresh_token_not_accepted',
    ],
  ];
  for (const [name, fields, reason] of bad) {
    test(`${name}: ${reason}`, async () => {
      for (const badSubjectToken of [undefined, 'invalid_grant', 'invalid_request'] as const) {
        const world = await openWorld(undefined, badSubjectToken && { badSubjectToken });
        const { status, body, record } = await world.exchange(await fields(world));
        assert.equal(status, 400);
        assert.equal(body.error, badSubjectToken ?? 'invalid_grant');
        assert.equal(record.reason, reason);
        assert.match(
          String(body.error_description),
          badSubjectToken === 'invalid_request' ? /^The request/ : /^The assertion/,
        );
      }
    });
  }

  test('what is not about the subject token stays what it is, at the RAS too', async () => {
    const world = await openWorld(undefined, { badSubjectToken: 'invalid_request' });
    assert.equal((await world.exchange({ client_secret: 'wrong' })).body.error, 'invalid_client');
    assert.equal((await world.exchange({ audience: 'https://x.example' })).body.error, 'invalid_target');
    assert.equal((await world.redeem({ assertion: 'nonsense' })).body.error, 'invalid_grant');
    assert.equal((await world.exchange()).status, 200);
  });
});
