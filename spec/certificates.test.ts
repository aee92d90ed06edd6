import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Refusal } from '@credence/mcp/protocol';
import type { ClientCertificate } from '../packages/server/src/clients/client-certificate.ts';
import { parseDistinguishedName } from '../packages/server/src/policy/distinguished-name.ts';
import { type Answer, claimsOf, type Fields, openWorld, rasIssuer, refused, type World } from './world.ts';

type Names = ReturnType<ClientCertificate['names']>;

const certificate = (
  thumbprint: string,
  names: Partial<Names>,
  change: Partial<ClientCertificate> = {},
): ClientCertificate => ({
  thumbprint: thumbprint.repeat(43).slice(0, 43),
  isVouchedFor: true,
  validFrom: 1_700_000_000,
  validUntil: 1_900_000_000,
  names: () => ({ subject_dn: [], san_dns: [], san_uri: [], san_ip: [], san_email: [], ...names }),
  ...change,
});
const armed = certificate('a', { san_uri: ['spiffe://acme.example/armed'] });
const other = certificate('b', { san_uri: ['spiffe://acme.example/armed'] });
const named = certificate('n', { subject_dn: [parseDistinguishedName('CN=named,O=Acme') ?? ''] });

const toArmed = async (world: World, change: Fields = {}): Promise<Fields> => ({
  client_id: 'armed',
  client_secret: undefined,
  subject_token: await world.idToken({ aud: 'armed' }),
  ...change,
});
const asArmed: Fields = { client_id: 'armed', client_secret: undefined };
const asNamed: Fields = { client_id: 'named', client_secret: undefined };

/** A world in which every request comes over a connection with this certificate. */
async function openWith(shown: ClientCertificate | undefined): Promise<World> {
  const world = await openWorld();
  world.connection.certificate = shown;
  return world;
}

describe('IDP-01, IDP-02, RFC 8705 §2: a client proves itself by its certificate', () => {
  const atBoth: [name: string, shown: ClientCertificate | undefined, change: Fields, reason: Refusal | undefined][] = [
    ['its certificate', armed, {}, undefined],
    ['a newer one under the same name', other, {}, undefined],
    ['none', undefined, {}, 'client_certificate_missing'],
    ['one of another client', named, {}, 'client_certificate_other'],
    ['one of its name from nobody known', { ...armed, isVouchedFor: false }, {}, 'client_certificate_untrusted'],
    ['an expired one', { ...armed, validUntil: 1_799_999_999 }, {}, 'client_certificate_untrusted'],
    ['none, but a secret', undefined, { client_secret: 'armed-secret' }, 'client_method_not_allowed'],
    ['HTP-02 its certificate and a secret', armed, { client_secret: 'armed-secret' }, 'two_client_methods'],
  ];
  for (const [name, shown, change, reason] of atBoth) {
    test(`leg 1: ${name}: ${reason ?? 'accepted'}`, async () => {
      const world = await openWith(shown);
      const answer = await world.exchange(await toArmed(world, change));
      if (reason) return refused(world, answer, reason);
      assert.equal(answer.status, 200);
      assert.equal(answer.record.certificateThumbprint, shown?.thumbprint);
    });
    test(`leg 2: ${name}: ${reason ?? 'accepted'}`, async () => {
      const world = await openWith(shown);
      const answer = await world.redeem({
        ...asArmed,
        assertion: await world.idJag({ client_id: 'armed' }),
        ...change,
      });
      if (reason) return refused(world, answer, reason);
      assert.equal(answer.status, 200);
      assert.equal(answer.record.certificateThumbprint, shown?.thumbprint);
    });
  }

  test('HTP-02: a certificate and a client assertion of a client that is registered for certificates', async () => {
    const world = await openWith(armed);
    const proof = await world.clientAssertion(rasIssuer, { iss: 'armed', sub: 'armed' });
    await refused(world, await world.redeem({ ...proof, client_id: 'armed' }), 'two_client_methods');
    world.connection.certificate = undefined;
    await refused(world, await world.redeem({ ...proof, client_id: 'armed' }), 'client_method_not_allowed');
  });

  test('HTP-02: a connection with a certificate takes nothing from a client that has a secret', async () => {
    const world = await openWith(armed);
    assert.equal((await world.exchange()).status, 200);
    const { body, record } = await world.redeem();
    assert.equal(record.certificateThumbprint, undefined);
    assert.equal(claimsOf(body.access_token).cnf, undefined);
  });

  test('a name counts for the client whose entry has it, whatever client_id says', async () => {
    const world = await openWith(named);
    const subject_token = await world.idToken({ aud: 'named' });
    assert.equal((await world.exchange({ ...asNamed, subject_token })).status, 200);
    const lied = await world.exchange(await toArmed(world));
    await refused(world, lied, 'client_certificate_other');
    await refused(world, await world.exchange({ client_secret: undefined }), 'client_not_authenticated');
  });

  test('RFC 8705 §2.2: a certificate that is listed needs no authority', async () => {
    const world = await openWith({ ...named, isVouchedFor: false });
    const assertion = await world.idJag({ client_id: 'named' });
    assert.equal((await world.redeem({ ...asNamed, assertion })).status, 200);
    world.connection.certificate = armed;
    await refused(world, await world.redeem({ ...asNamed, assertion }), 'client_certificate_other');
  });

  test('T27: a client it has proven is known: its refusal is a line of the record in any flood', async () => {
    const world = await openWorld(undefined, { linesPerSecond: 0 });
    world.connection.certificate = armed;
    await refused(world, await world.redeem({ ...asArmed, assertion: 'no ID-JAG' }), 'id_jag_malformed');
  });

  test('introspection and revocation take it too', async () => {
    const world = await openWith(armed);
    const assertion = await world.idJag({ client_id: 'armed' });
    const { body } = await world.redeem({ ...asArmed, assertion });
    const token = String(body.access_token);
    const asked = await world.ask('introspect', { ...asArmed, token });
    assert.equal(asked.body.active, true);
    assert.deepEqual(asked.body.cnf, { 'x5t#S256': armed.thumbprint });
    assert.equal(asked.body.token_type, 'Bearer');
    world.connection.certificate = named;
    await refused(world, await world.ask('introspect', { ...asArmed, token }), 'client_certificate_other');
    await refused(world, await world.ask('revoke', { ...asArmed, token }), 'client_certificate_other');
    world.connection.certificate = armed;
    assert.equal((await world.ask('revoke', { ...asArmed, token })).status, 200);
    assert.deepEqual((await world.ask('introspect', { ...asArmed, token })).body, { active: false });
  });

  test('IDP-38: one that proves nothing of the client spares its network no pace, at any endpoint', async () => {
    const client_id = 'https://agent.example/client.json';
    const value = { client_id, token_endpoint_auth_method: 'none', redirect_uris: ['http://localhost/callback'] };
    const more = {
      resource: `  agent: { metadata: "${client_id}", public: true }`,
      egress: { getJson: () => assert.fail(), fetchJson: async () => ({ value, headers: {} }) },
    };
    const atRas = { client_id, client_secret: undefined };
    const asks: [name: string, ask: (world: World) => Promise<Answer>][] = [
      ['exchange', (world) => world.exchange({ client_id: 'kiosk', client_secret: undefined, subject_token: 'a.b.c' })],
      ['redeem', (world) => world.redeem({ ...atRas, assertion: 'a.b.c' })],
      ['revoke', (world) => world.ask('revoke', { ...atRas, token: 'x' })],
    ];
    for (const [name, ask] of asks) {
      const world = await openWorld(undefined, { perSecond: 2, more });
      world.connection.certificate = { ...armed, isVouchedFor: false };
      for (let n = 0; n < 10; n++) assert.notEqual((await ask(world)).status, 429, name);
      const answer = await ask(world);
      await refused(world, answer, 'too_many_requests');
      assert.equal(answer.headers.get('retry-after'), '1', name);
    }
  });

  test('the metadata of the RAS names both methods, and that tokens are bound', async () => {
    const world = await openWorld();
    const response = await world.raw('ras', new Request(`${rasIssuer}/.well-known/oauth-authorization-server`));
    const metadata = (await response.json()) as Record<string, unknown>;
    const methods = metadata.token_endpoint_auth_methods_supported as string[];
    assert.deepEqual(methods.slice(-2), ['tls_client_auth', 'self_signed_tls_client_auth']);
    assert.equal(metadata.tls_client_certificate_bound_access_tokens, true);
  });
});

describe('RAS-31, J5 §9.8.2: "same client certificate on this TLS connection"', () => {
  test('bound at leg 1, shown at leg 2, and the access token is bound to the same certificate', async () => {
    const world = await openWith(armed);
    const issued = await world.exchange(await toArmed(world));
    assert.deepEqual(claimsOf(issued.body.access_token).cnf, { 'x5t#S256': armed.thumbprint });
    const redeemed = await world.redeem({ ...asArmed, assertion: String(issued.body.access_token) });
    assert.equal(redeemed.body.token_type, 'Bearer');
    assert.deepEqual(claimsOf(redeemed.body.access_token).cnf, { 'x5t#S256': armed.thumbprint });
  });

  test('another certificate of the same client: refused, and nothing is used up', async () => {
    const world = await openWith(armed);
    const assertion = String((await world.exchange(await toArmed(world))).body.access_token);
    world.connection.certificate = other;
    await refused(world, await world.redeem({ ...asArmed, assertion }), 'id_jag_other_certificate');
    world.connection.certificate = armed;
    assert.equal((await world.redeem({ ...asArmed, assertion })).status, 200);
  });

  test('a client with a secret: with the certificate it gets a bound token, without it nothing', async () => {
    const world = await openWith(armed);
    const assertion = await world.idJag({ cnf: { 'x5t#S256': armed.thumbprint } });
    world.connection.certificate = undefined;
    await refused(world, await world.redeem({ assertion }), 'id_jag_other_certificate');
    world.connection.certificate = { ...armed, isVouchedFor: false };
    const { body, record } = await world.redeem({ assertion });
    assert.deepEqual(claimsOf(body.access_token).cnf, { 'x5t#S256': armed.thumbprint });
    assert.equal(record.certificateThumbprint, armed.thumbprint);
  });

  test('an unbound ID-JAG of a client whose entry asks for it: the access token is bound', async () => {
    const world = await openWith(armed);
    const { body } = await world.redeem({ ...asArmed, assertion: await world.idJag({ client_id: 'armed' }) });
    assert.deepEqual(claimsOf(body.access_token).cnf, { 'x5t#S256': armed.thumbprint });
  });

  test('a client whose entry does not ask for it: nothing is bound', async () => {
    const world = await openWith(named);
    const issued = await world.exchange({ ...asNamed, subject_token: await world.idToken({ aud: 'named' }) });
    assert.equal(claimsOf(issued.body.access_token).cnf, undefined);
    const redeemed = await world.redeem({ ...asNamed, assertion: String(issued.body.access_token) });
    assert.equal(claimsOf(redeemed.body.access_token).cnf, undefined);
  });

  test('IDP-32: with a DPoP proof the ID-JAG is bound to its key, and to nothing else', async () => {
    const world = await openWith(armed);
    const issued = await world.exchange(await toArmed(world), { dpop: await world.proof('idp') });
    assert.deepEqual(Object.keys(claimsOf(issued.body.access_token).cnf as object), ['jkt']);
    const assertion = String(issued.body.access_token);
    const redeemed = await world.redeem({ ...asArmed, assertion }, { dpop: await world.proof('ras') });
    assert.equal(redeemed.body.token_type, 'DPoP');
    assert.deepEqual(Object.keys(claimsOf(redeemed.body.access_token).cnf as object), ['jkt']);
  });

  test('B64: bound to a certificate, and a DPoP proof as well: refused', async () => {
    const world = await openWith(armed);
    const assertion = await world.idJag({ client_id: 'armed', cnf: { 'x5t#S256': armed.thumbprint } });
    const answer = await world.redeem({ ...asArmed, assertion }, { dpop: await world.proof('ras') });
    await refused(world, answer, 'id_jag_two_bindings');
  });
});
