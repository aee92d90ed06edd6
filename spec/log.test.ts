import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toFingerprint } from '../packages/server/src/call.ts';
import { toLine } from '../packages/server/src/cli/audit.ts';
import { alice, claimsOf, type Fields, idpIssuer, openWorld, rasIssuer, tracker, type World } from './world.ts';

async function everythingRecorded(world: World): Promise<string> {
  return (await world.store.audit.last(100)).map(({ body, personal }) => `${body}\n${personal}`).join('\n');
}

describe('LOG-01: "MUST NOT: full ID-JAG, tokens, secrets, proofs in logs; keep jti or a hash"', () => {
  test('neither allowed nor refused requests of either leg leave one', async () => {
    const world = await openWorld();
    const [subject_token, proof, assertion] = [await world.idToken(), await world.proof('idp'), await world.idJag()];
    const { client_assertion = '' } = await world.clientAssertion(rasIssuer);
    const issued = await world.exchange({ subject_token }, { dpop: proof });
    const redeemed = await world.redeem({ assertion });
    await world.redeem({ assertion });
    await world.redeem({ ...(await world.clientAssertion(rasIssuer)), client_assertion: String(client_assertion) });
    await world.exchange({ client_secret: 'a-wrong-secret', subject_token });
    await world.exchange({ subject_token: `${subject_token}x` });
    const text = await everythingRecorded(world);
    const secrets = [
      subject_token,
      proof,
      assertion,
      String(client_assertion),
      String(issued.body.access_token),
      String(redeemed.body.access_token),
    ];
    for (const token of secrets) {
      assert.ok(!text.includes(token));
      assert.ok(!text.includes(token.split('.')[2] ?? '-'), 'nor its signature');
    }
    for (const secret of ['claude-code-secret', 'cc-at-ras-secret', 'a-wrong-secret'])
      assert.ok(!text.includes(secret));
    assert.ok(text.includes(String(claimsOf(assertion).jti)), 'but its jti');
  });
});

describe('LOG-02: "Treat e-mail and other personal data as sensitive: no logging, minimise"', () => {
  test('no record and no token names an address or a name, also when the ID-JAG does', async () => {
    const world = await openWorld();
    const issued = await world.exchange({ subject_token: await world.idToken({ email: alice.email, name: 'Alice' }) });
    const assertion = await world.idJag({ email: alice.email, name: 'Alice' });
    const redeemed = await world.redeem({ assertion });
    await world.redeem({ assertion });
    assert.deepEqual([issued.status, redeemed.status], [200, 200]);
    const tokens = [issued, redeemed].map(({ body }) => JSON.stringify(claimsOf(body.access_token)));
    for (const text of [await everythingRecorded(world), ...tokens]) assert.doesNotMatch(text, /alice@|"Alice"/);
  });
});

describe('LOG-03: "Audit each decision, allow and deny"', () => {
  test('an issuance: time, client, person, audience, resource, scopes asked and granted, rule, jti, address', async () => {
    const world = await openWorld();
    const { body, record } = await world.exchange({ scope: 'issues:read issues:write' });
    const { id, inputs, session, ...rest } = record;
    assert.match(id, /^d_/);
    assert.deepEqual(rest, {
      v: 2,
      kind: 'issuance',
      domain: 'idp',
      timeMs: world.clock.ms,
      outcome: 'allowed',
      address: '192.0.2.1',
      grantType: 'urn:ietf:params:oauth:grant-type:token-exchange',
      client: 'claude-code',
      person: alice.id,
      audience: rasIssuer,
      resource: tracker,
      server: 'tracker',
      scopesAsked: ['issues:read', 'issues:write'],
      scopesGranted: ['issues:read', 'issues:write'],
      policy: { kind: 'access', version: 1 },
      decision: { effect: 'allow', because: ['eng'] },
      idJag: claimsOf(body.access_token).jti,
    });
    assert.ok(session);
    assert.deepEqual(inputs?.groups, ['engineering']);
  });

  test('a denial: the same, with the reason code and the rule that spoke', async () => {
    const world = await openWorld();
    await world.store.people.save({ ...alice, roles: ['contractor'] });
    const { record } = await world.exchange({ scope: 'issues:read' });
    assert.deepEqual(
      [record.kind, record.outcome, record.reason, record.client, record.person, record.server, record.scopesAsked],
      ['decision', 'refused', 'policy_denied', 'claude-code', alice.id, 'tracker', ['issues:read']],
    );
    assert.deepEqual(record.decision?.because, ['eng', 'out']);
    assert.equal(record.scopesGranted, undefined);
  });

  test('a target that nobody knows: named by its hash, and only what was sent', async () => {
    const world = await openWorld();
    const audience = 'https://nowhere.example';
    const resource = ['https://nowhere.example/a', 'https://nowhere.example/b'];
    const { record } = await world.exchange({ audience, resource });
    assert.equal(record.reason, 'audience_unknown');
    assert.deepEqual([record.audience, record.resource], [audience, resource.join(' ')].map(toFingerprint));
    const bare = await world.exchange({ audience, resource: undefined });
    assert.deepEqual([bare.record.audience, bare.record.resource], [toFingerprint(audience), undefined]);
    const none = await world.exchange({ audience: undefined, resource: undefined });
    assert.deepEqual([none.record.reason, none.record.audience], ['missing_parameter', undefined]);
  });

  test('a redemption: issuer and subject, the jti it began with and the one it ended in', async () => {
    const world = await openWorld();
    const assertion = await world.idJag();
    const { body, record } = await world.redeem({ assertion, scope: 'issues:read' });
    const { jti, sub } = claimsOf(body.access_token);
    assert.deepEqual(
      [record.kind, record.client, record.issuer, record.subject, record.person, record.idJag, record.accessToken],
      ['redemption', 'cc-at-ras', idpIssuer, alice.id, sub, claimsOf(assertion).jti, jti],
    );
    assert.deepEqual(
      [record.scopesAsked, record.scopesClaimed, record.scopesGranted, record.resource],
      [['issues:read'], ['issues:read', 'issues:write'], ['issues:read'], tracker],
    );
    assert.equal(record.detailsAsked, undefined, 'nobody spoke of any');
  });

  test('RAS-36: and the sign-in at its issuer, where the ID-JAG says which; what is no name is left out, and refuses nothing', async () => {
    const world = await openWorld();
    const sessionOf = async (sid: unknown) => (await world.redeem({ assertion: await world.idJag({ sid }) })).record;
    const said = await sessionOf('there-7');
    assert.deepEqual([said.kind, said.session], ['redemption', 'there-7']);
    for (const other of [undefined, '', 7, 'a\nb', 'x'.repeat(257)]) {
      const { kind, session } = await sessionOf(other);
      assert.deepEqual([kind, session], ['redemption', undefined], String(other));
    }
  });

  test('every request leaves exactly one line, allowed or not', async () => {
    const world = await openWorld();
    const assertion = await world.idJag();
    await world.redeem({ assertion });
    await world.redeem({ assertion });
    await world.redeem({ assertion, client_secret: 'wrong' });
    await world.exchange({ audience: 'https://nowhere.example' });
    const outcomes = (await world.store.audit.last(100)).map(({ body }) => JSON.parse(body).reason ?? 'allowed');
    assert.deepEqual(outcomes, ['allowed', 'id_jag_replayed', 'client_secret_wrong', 'audience_unknown']);
  });
});

describe('LOG-05: "no line breaks or control bytes from input"', () => {
  const control = /\p{Cc}/u;
  const hostile = 'x\r\n2026-01-01 allowed\x1b[2J\x00"\\\u202e';
  const inputs: [name: string, leg: 'exchange' | 'redeem', fields: Fields][] = [
    ['grant_type', 'exchange', { grant_type: hostile }],
    ['client_id', 'exchange', { client_id: hostile }],
    ['audience', 'exchange', { audience: hostile }],
    ['resource', 'exchange', { resource: hostile }],
    ['scope', 'exchange', { scope: hostile }],
    ['requested_token_type', 'exchange', { requested_token_type: hostile }],
    ['subject_token', 'exchange', { subject_token: hostile }],
    ['grant_type', 'redeem', { grant_type: hostile }],
    ['assertion', 'redeem', { assertion: hostile }],
    ['resource', 'redeem', { resource: hostile }],
    ['scope', 'redeem', { scope: hostile }],
  ];
  for (const [name, leg, fields] of inputs) {
    test(`hostile ${name}, ${leg}: neither in the answer, nor raw on the record or on a terminal`, async () => {
      const world = await openWorld();
      const { status, body, record } = await world[leg](fields);
      assert.ok(status >= 400 && status < 500);
      assert.match(String(body.error_description), /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
      const [row] = await world.store.audit.last(1);
      for (const text of [row?.body ?? '', row?.personal ?? '', toLine(record, record.person ?? '-')])
        assert.doesNotMatch(text, control);
      assert.doesNotMatch(toLine(record, '-'), /\u202e/);
    });
  }

  test('claims of a token that verifies are no different', async () => {
    const world = await openWorld();
    const { status } = await world.redeem({
      assertion: await world.idJag({ resource: hostile, scope: 'issues:read' }),
    });
    assert.equal(status, 400);
    assert.doesNotMatch(await everythingRecorded(world).then((text) => text.replaceAll('\n', '')), control);
  });
});
