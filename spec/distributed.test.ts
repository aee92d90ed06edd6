import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { tokenType } from '@credence/mcp/protocol';
import { readRecord } from '../packages/server/src/audit/personal.ts';
import { createDpopNonces } from '../packages/server/src/clients/dpop.ts';
import { bearerKey } from '../packages/server/src/idp/bearer-key.ts';
import { generatePrivateJwk } from '../packages/server/src/keys/signer.ts';
import { alice, claimsOf, type Fields, openWorld, rasIssuer, refused, type World } from './world.ts';

// A client whose secret is on many machines (T02, T04): what the sign-in was bound to counts, not the secret.

const open = () =>
  openWorld(undefined, {
    more: {
      access: `  laptop: { redirect_uris: [http://localhost/callback], distributed: true, client_ids: { ${rasIssuer}: laptop } }`,
    },
  });

const thumbprints = new Map<World, string>();
/** Thumbprint of the key that `world.proof` uses, as a bound ID-JAG tells it. */
async function jktOf(world: World): Promise<string> {
  const known = thumbprints.get(world);
  if (known) return known;
  const { body } = await world.exchange({}, { dpop: await world.proof('idp') });
  const { jkt } = claimsOf(body.access_token).cnf as { jkt: string };
  thumbprints.set(world, jkt);
  return jkt;
}

const asLaptop: Fields = { client_id: 'laptop', client_secret: 'laptop-secret' };

/** What the sign-in has given the client: an ID Token or a refresh token, bound to a key or not. */
const subjects: [name: string, give: (world: World, jkt?: string) => Promise<Fields>][] = [
  [
    'an ID Token',
    async (world, jkt) => ({
      subject_token: await world.idToken({ aud: 'laptop', ...(jkt && { cnf: { jkt } }) }),
    }),
  ],
  [
    'a refresh token',
    async (world, jkt) => {
      const { artifacts } = world.store;
      const expiresAt = world.now() + 86_400;
      await artifacts.upsert('Grant', 'grant-1', { kind: 'Grant', accountId: alice.id }, expiresAt);
      const payload = {
        kind: 'RefreshToken',
        clientId: 'laptop',
        accountId: alice.id,
        grantId: 'grant-1',
        sid: 'sid-1',
        exp: world.now() + 3600,
        authTime: world.now(),
        ...(jkt && { jkt }),
      };
      await artifacts.upsert('RefreshToken', bearerKey('RefreshToken', 'the-token'), payload, expiresAt);
      return { subject_token: 'the-token', subject_token_type: tokenType.refreshToken };
    },
  ],
];

for (const [name, give] of subjects) {
  describe(`T02, T04, IDP-20: ${name} of a distributed client`, () => {
    test('bound to no key: a high-risk scope by name is refused, and the record says why', async () => {
      const world = await open();
      const subject = await give(world);
      const ask = { ...asLaptop, ...subject, scope: 'issues:read issues:write' };
      const answer = await world.exchange(ask);
      await refused(world, answer, 'client_key_not_bound');
      assert.equal(answer.record.decision?.effect, 'bind_key');
      assert.equal(answer.record.inputs?.keyBound, false);
    });

    test('a key that is only shown now was not bound at sign-in', async () => {
      const world = await open();
      const ask = { ...asLaptop, ...(await give(world)), scope: 'issues:write' };
      await refused(world, await world.exchange(ask, { dpop: await world.proof('idp') }), 'client_key_not_bound');
    });

    test('unasked it is left out', async () => {
      const world = await open();
      const answer = await world.exchange({ ...asLaptop, ...(await give(world)) });
      assert.equal(answer.body.scope, 'issues:read');
    });

    test('bound, with the key: granted, and the ID-JAG is bound to it', async () => {
      const world = await open();
      const jkt = await jktOf(world);
      const ask = { ...asLaptop, ...(await give(world, jkt)), scope: 'issues:write' };
      const answer = await world.exchange(ask, { dpop: await world.proof('idp') });
      assert.equal(answer.body.scope, 'issues:write');
      assert.deepEqual(claimsOf(answer.body.access_token).cnf, { jkt });
      assert.equal(answer.record.inputs?.keyBound, true);
    });

    test('bound, without the key or with another: worth nothing, for low-risk scopes too', async () => {
      const world = await open();
      const ask = { ...asLaptop, ...(await give(world, await jktOf(world))), scope: 'issues:read' };
      await refused(world, await world.exchange(ask), 'subject_token_other_key');
      const dpop = await world.proof('idp', {}, {}, generatePrivateJwk('ES256'));
      await refused(world, await world.exchange(ask, { dpop }), 'subject_token_other_key');
    });
  });
}

describe('T02: what is bound needs its key whatever the client', () => {
  test('an ID Token with cnf of a client that is not distributed', async () => {
    const world = await open();
    const subject_token = await world.idToken({ cnf: { jkt: await jktOf(world) } });
    await refused(world, await world.exchange({ subject_token }), 'subject_token_other_key');
    assert.equal((await world.exchange({ subject_token }, { dpop: await world.proof('idp') })).status, 200);
  });

  for (const cnf of [{}, { jkt: '' }, { jkt: 7 }, { 'x5t#S256': 'x' }, 'jkt']) {
    test(`a cnf that says something else: ${JSON.stringify(cnf)}`, async () => {
      const world = await open();
      const subject_token = await world.idToken({ cnf });
      await refused(world, await world.exchange({ subject_token }), 'subject_token_malformed');
    });
  }
});

describe('T04: a refresh token of a distributed client in two networks', () => {
  const alerts = async ({ store }: World) =>
    (await store.audit.read(0, 1000)).map(readRecord).filter(({ kind }) => kind === 'alert');
  const [, [, giveRefreshToken] = []] = subjects;
  assert.ok(giveRefreshToken);

  test('an alarm, once; nobody is refused', async () => {
    const world = await open();
    const ask = { ...asLaptop, ...(await giveRefreshToken(world)) };
    assert.equal((await world.exchange(ask)).status, 200);
    assert.deepEqual(await alerts(world), []);
    world.caller.address = '198.51.100.7';
    assert.equal((await world.exchange(ask)).status, 200);
    assert.equal((await world.exchange(ask)).status, 200);
    const [alert, ...more] = await alerts(world);
    assert.deepEqual(more, []);
    assert.deepEqual(
      [alert?.client, alert?.person, alert?.session, alert?.address],
      ['laptop', alice.id, 'sid-1', '198.51.100.7'],
    );
  });

  test('none for a client that keeps its secret, and none for a token that is bound to a key', async () => {
    const world = await open();
    const jkt = await jktOf(world);
    const bound = { ...asLaptop, ...(await giveRefreshToken(world, jkt)) };
    for (const address of ['192.0.2.1', '198.51.100.7']) {
      world.caller.address = address;
      assert.equal((await world.exchange(bound, { dpop: await world.proof('idp') })).status, 200);
      assert.equal((await world.exchange()).status, 200);
    }
    assert.deepEqual(await alerts(world), []);
  });
});

describe('B29: nonces of one secret', () => {
  test('are good for about three minutes, and not under another secret', () => {
    const nonces = createDpopNonces('a secret');
    const now = 1_800_000_000;
    const nonce = nonces.current(now);
    for (const [later, good] of [
      [0, true],
      [180, true],
      [240, false],
      [-60, true],
      [-120, false],
    ] as const) {
      assert.equal(nonces.accepts(nonce, now + later), good, String(later));
    }
    assert.equal(createDpopNonces('another').accepts(nonce, now), false);
    assert.equal(nonces.accepts('', now), false);
  });
});
