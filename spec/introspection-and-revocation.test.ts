import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { joseType } from '@credence/mcp/protocol';
import { StoreUnavailable } from '../packages/server/src/store/store.ts';
import { type Fields, openWorld, rasIssuer, refused, tracker } from './world.ts';

const client: Fields = { client_id: 'cc-at-ras', client_secret: 'cc-at-ras-secret' };
const other: Fields = { client_id: 'vs-at-ras', client_secret: 'vs-at-ras-secret' };
const server: Fields = { client_id: 'server:tracker', client_secret: 'server:tracker-secret' };
const otherServer: Fields = { client_id: 'server:wiki', client_secret: 'server:wiki-secret' };

async function withToken() {
  const world = await openWorld();
  const { body } = await world.redeem();
  return { world, token: String(body.access_token) };
}

describe('RAS-38, RFC 7662: introspection', () => {
  for (const [name, caller] of [
    ['the client it was issued to', client],
    ['the server it is for', server],
  ] as const) {
    test(`${name} learns what it says`, async () => {
      const { world, token } = await withToken();
      const { status, body } = await world.ask('introspect', { ...caller, token, token_type_hint: 'refresh_token' });
      assert.equal(status, 200);
      assert.deepEqual(
        [body.active, body.iss, body.aud, body.client_id, body.scope, body.token_type],
        [true, rasIssuer, tracker, 'cc-at-ras', 'issues:read issues:write', 'Bearer'],
      );
    });
  }

  for (const [name, caller] of [
    ['another client', other],
    ['another server', otherServer],
  ] as const) {
    test(`${name}: {"active":false} alone`, async () => {
      const { world, token } = await withToken();
      assert.deepEqual((await world.ask('introspect', { ...caller, token })).body, { active: false });
    });
  }

  test('unknown, expired, an ID-JAG, a changed token: {"active":false} alone', async () => {
    const { world, token } = await withToken();
    for (const text of ['x', await world.idJag(), `${token.slice(0, -1)}${token.endsWith('A') ? 'Q' : 'A'}`]) {
      assert.deepEqual((await world.ask('introspect', { ...client, token: text })).body, { active: false });
    }
    world.clock.ms += 600_000;
    assert.deepEqual((await world.ask('introspect', { ...client, token })).body, { active: false });
  });

  test('a bound token says to which key', async () => {
    const world = await openWorld();
    const { body } = await world.redeem({}, { dpop: await world.proof('ras') });
    const answer = await world.ask('introspect', { ...client, token: String(body.access_token) });
    assert.equal(answer.body.token_type, 'DPoP');
    assert.ok((answer.body.cnf as { jkt: string }).jkt);
  });

  test('nobody asks without proving who they are: 401', async () => {
    const { world, token } = await withToken();
    await refused(world, await world.ask('introspect', { client_id: 'cc-at-ras', token }), 'client_not_authenticated');
    await refused(
      world,
      await world.ask('introspect', { client_id: 'server:nowhere', client_secret: 'x', token }),
      'client_unknown',
    );
    await refused(world, await world.ask('introspect', client), 'missing_parameter');
  });
});

describe('RAS-37, RFC 7009: revocation', () => {
  test('the own token: inactive from the answer on, on the record, and again is no error', async () => {
    const { world, token } = await withToken();
    const first = await world.ask('revoke', { ...client, token });
    assert.equal(first.status, 200);
    assert.equal(first.record.kind, 'revocation');
    assert.deepEqual((await world.ask('introspect', { ...client, token })).body, { active: false });
    assert.deepEqual((await world.ask('introspect', { ...server, token })).body, { active: false });
    const before = await world.store.changeSequence();
    assert.equal((await world.ask('revoke', { ...client, token })).status, 200);
    assert.equal(await world.store.changeSequence(), before, 'and nobody has to read anything anew for it');
    assert.equal((await world.store.audit.last(10)).filter(({ kind }) => kind === 'revocation').length, 1);
  });

  test('of another client, or unknown: 200, and nothing happens', async () => {
    const { world, token } = await withToken();
    assert.equal((await world.ask('revoke', { ...other, token })).status, 200);
    assert.equal((await world.ask('revoke', { ...client, token: 'unknown' })).status, 200);
    assert.equal((await world.ask('introspect', { ...client, token })).body.active, true);
  });

  describe('RFC 7009 §2.2.1: unsupported_token_type, not a success after which the token lives on', () => {
    test('an ID-JAG, which still redeems; and only whoever has proven who they are is told', async () => {
      const world = await openWorld();
      const assertion = await world.idJag();
      const asked = await world.ask('revoke', { ...client, token: assertion, token_type_hint: 'access_token' });
      await refused(world, asked, 'token_kind_not_revocable');
      assert.deepEqual([asked.status, asked.body.error], [400, 'unsupported_token_type']);
      const stranger = { ...client, client_secret: 'wrong', token: assertion };
      await refused(world, await world.ask('revoke', stranger), 'client_secret_wrong');
      assert.equal((await world.redeem({ assertion })).status, 200);
    });

    test('an encrypted one, whose kind cannot be seen: no token of ours is', async () => {
      const world = await openWorld();
      const asked = await world.ask('revoke', { ...client, token: 'eyJhbGciOiJFQ0RILUVTIn0..aXY.dGV4dA.dGFn' });
      await refused(world, asked, 'token_kind_not_revocable');
    });

    const kinds: [typ: unknown, isOther: boolean][] = [
      [joseType.idJag, true],
      ['application/OAuth-ID-JAG+jwt', true],
      [joseType.securityEvent, true],
      [joseType.dpopProof, true],
      [joseType.logoutToken, true],
      [joseType.clientAssertion, true],
      [joseType.accessToken, false],
      ['JWT', false],
      ['something', false],
      [undefined, false],
      [7, false],
    ];
    for (const [typ, isOther] of kinds) {
      test(`typ ${JSON.stringify(typ)}, whoever signed it: ${isOther ? 'refused' : '200, as any unknown token'}`, async () => {
        const world = await openWorld();
        const token = await world.idJag({}, { typ }, world.keys.partner);
        const asked = await world.ask('revoke', { ...client, token });
        if (isOther) await refused(world, asked, 'token_kind_not_revocable');
        else assert.equal(asked.status, 200);
      });
    }

    test('what is no token at all, or an access token that has expired: 200', async () => {
      const { world, token } = await withToken();
      const idJag = await world.idJag();
      for (const text of [`${idJag}.`, idJag.slice(1), 'a.b.c', `${idJag} `]) {
        assert.equal((await world.ask('revoke', { ...client, token: text })).status, 200);
      }
      world.clock.ms += 700_000;
      assert.equal((await world.ask('revoke', { ...client, token })).status, 200);
    });
  });

  test('without proof of who asks: 401', async () => {
    const { world, token } = await withToken();
    await refused(
      world,
      await world.ask('revoke', { ...client, client_secret: 'wrong', token }),
      'client_secret_wrong',
    );
  });

  test('B08: a client assertion is used up here as well', async () => {
    const { world, token } = await withToken();
    const fields = { ...(await world.clientAssertion(rasIssuer)), token };
    assert.equal((await world.ask('introspect', fields)).status, 200);
    await refused(world, await world.ask('introspect', fields), 'client_assertion_replayed');
    const before = await world.store.changeSequence();
    await refused(world, await world.ask('revoke', fields), 'client_assertion_replayed');
    assert.equal(await world.store.changeSequence(), before, 'and nobody is told of a revocation');
  });

  test('RAS-37: what guards could not be told is told when it is said again', async () => {
    const { world, token } = await withToken();
    const { cutOffs } = world.store;
    const tell = cutOffs.revokeToken;
    cutOffs.revokeToken = () => Promise.reject(new StoreUnavailable('away'));
    assert.equal((await world.ask('revoke', { ...client, token })).status, 503);
    cutOffs.revokeToken = tell;
    const before = await world.store.changeSequence();
    assert.equal((await world.ask('revoke', { ...client, token })).status, 200);
    assert.equal((await cutOffs.tokens(before, 0, 10)).length, 1);
  });
});
