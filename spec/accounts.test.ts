import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Refusal } from '@credence/mcp/protocol';
import { toPublicJwk } from '../packages/server/src/keys/signer.ts';
import { openOtherRas } from './other-ras.ts';
import { alice, claimsOf, idpIssuer, openWorld, partnerIssuer, refused, type World } from './world.ts';

const owner = { issuer: idpIssuer, tenant: undefined };

/** A RAS that trusts two issuers: the IdP as the test says, and a partner who owns another domain. */
async function withTrust(accounts: string) {
  const world = await openWorld();
  const inline = (key: World['keys']['idJag']) => JSON.stringify({ keys: [toPublicJwk(key)] });
  const ras = openOtherRas(
    world,
    `
servers: { tracker: { scopes: { issues:read: {}, issues:write: {} } } }
clients: { cc-at-ras: {} }
trust:
  "${idpIssuer}": { keys: ${inline(world.keys.idJag)}, clients: [cc-at-ras], accounts: ${accounts} }
  "${partnerIssuer}":
    { keys: ${inline(world.keys.partner)}, clients: [cc-at-ras], accounts: { email_domains: [partner.example] } }`,
  );
  const byPartner = { iss: partnerIssuer };
  return {
    world,
    accounts: world.store.accounts,
    redeem: async (claims: object = {}) => ras.redeem(await world.idJag(claims)),
    redeemOfPartner: async (claims: object = {}) =>
      ras.redeem(await world.idJag({ ...byPartner, ...claims }, {}, world.keys.partner)),
  };
}

const verified = { email: alice.email, email_verified: true };

describe('RAS-24: "only for a trusted issuer owning that domain, verified, once, then pin iss+sub"', () => {
  test('the first subject with the address gets the account that waits for it, and keeps it without the address', async () => {
    const { world, accounts, redeem } = await withTrust('{ email_domains: [acme.example] }');
    await accounts.reserve(owner, 'Alice@Acme.example', 'a_alice');
    const linked = await redeem(verified);
    assert.equal(claimsOf(linked.body.access_token).sub, 'a_alice');
    assert.deepEqual([linked.record.accountBy, linked.record.person], ['email', 'a_alice']);
    const again = await redeem({});
    assert.equal(claimsOf(again.body.access_token).sub, 'a_alice');
    assert.equal(again.record.accountBy, 'subject');
    const renamed = await redeem({ email: 'somebody.else@acme.example', email_verified: true });
    assert.equal(claimsOf(renamed.body.access_token).sub, 'a_alice');
    const linkings = (await world.store.audit.read(0, 100)).filter(({ kind }) => kind === 'admin');
    assert.equal(linkings.length, 1);
    assert.match(linkings[0]?.personal ?? '', /account linked by email, redemption d_/);
    assert.ok(!JSON.stringify(linkings).includes('@'), 'the address is not on the record (LOG-02)');
  });

  const strangers: [name: string, accounts: string, claims: object][] = [
    ['no domains are owned', 'known', verified],
    ['another domain is owned', '{ email_domains: [other.example] }', verified],
    [
      'a domain above is owned',
      '{ email_domains: [acme.example] }',
      { email: 'a@sub.acme.example', email_verified: true },
    ],
    [
      'the domain stands before another @',
      '{ email_domains: [acme.example] }',
      { email: 'alice@acme.example@evil.example', email_verified: true },
    ],
    ['email_verified is absent', '{ email_domains: [acme.example] }', { email: alice.email }],
    [
      'email_verified is false',
      '{ email_domains: [acme.example], email_verified: issuer }',
      { email: alice.email, email_verified: false },
    ],
    [
      'email_verified is the text true',
      '{ email_domains: [acme.example], email_verified: issuer }',
      { email: alice.email, email_verified: 'true' },
    ],
    [
      'a letter that is another alphabet’s k',
      '{ email_domains: [acme.example] }',
      { email: 'erin.\u212A@acme.example', email_verified: true },
    ],
    ['no address', '{ email_domains: [acme.example] }', {}],
    ['an address that is no text', '{ email_domains: [acme.example] }', { email: [alice.email], email_verified: true }],
  ];
  for (const [name, rule, claims] of strangers) {
    test(`${name}: account_unknown, and the account still waits`, async () => {
      const { world, accounts, redeem } = await withTrust(rule);
      for (const address of [alice.email, 'a@sub.acme.example', 'erin.k@acme.example']) {
        await accounts.reserve(owner, address, `a_${address}`);
      }
      await refused(world, await redeem(claims), 'account_unknown');
      for (const address of [alice.email, 'a@sub.acme.example', 'erin.k@acme.example']) {
        assert.equal((await accounts.findByEmail(owner, address))?.subject, undefined);
      }
    });
  }

  test('an issuer that is trusted for its addresses need not send email_verified', async () => {
    const { accounts, redeem } = await withTrust('{ email_domains: [acme.example], email_verified: issuer }');
    await accounts.reserve(owner, alice.email, 'a_alice');
    assert.equal(claimsOf((await redeem({ email: alice.email })).body.access_token).sub, 'a_alice');
  });

  test('an account that has a subject is never given to another: refused, or an account of its own', async () => {
    for (const [unknown, expected] of [
      ['refuse', 'account_unknown'],
      ['create', 'own'],
    ] as const) {
      const { world, accounts, redeem } = await withTrust(`{ email_domains: [acme.example], unknown: ${unknown} }`);
      await accounts.reserve(owner, alice.email, 'a_alice');
      await redeem(verified);
      const answer = await redeem({ ...verified, sub: 'u_mallory' });
      if (expected === 'account_unknown') await refused(world, answer, expected);
      else assert.notEqual(claimsOf(answer.body.access_token).sub, 'a_alice');
      assert.equal((await accounts.findByEmail(owner, alice.email))?.subject, alice.id);
    }
  });

  test('of eight subjects with the address at once one gets the account', async () => {
    const { accounts, redeem } = await withTrust('{ email_domains: [acme.example] }');
    await accounts.reserve(owner, alice.email, 'a_alice');
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => redeem({ ...verified, sub: `u_${n}`, jti: `race-${n}` })),
    );
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  });

  test('one subject eight times at once: the same account each time', async () => {
    const { accounts, redeem } = await withTrust('{ email_domains: [acme.example] }');
    await accounts.reserve(owner, alice.email, 'a_alice');
    const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => redeem({ ...verified, jti: `race-${n}` })));
    for (const { body } of answers) assert.equal(claimsOf(body.access_token).sub, 'a_alice');
  });

  test('B67: another issuer with the address of ours links nothing, and nothing of ours is looked at', async () => {
    const { world, accounts, redeemOfPartner } = await withTrust('{ email_domains: [acme.example] }');
    await accounts.reserve(owner, alice.email, 'a_alice');
    await accounts.reserve(owner, 'admin@partner.example', 'a_admin');
    await refused(world, await redeemOfPartner(verified), 'account_unknown');
    const own = { email: 'admin@partner.example', email_verified: true };
    await refused(world, await redeemOfPartner(own), 'account_unknown');
    assert.equal((await accounts.findByEmail(owner, alice.email))?.subject, undefined);
  });

  test('an account that was switched off before it was linked: account_inactive, and no other is made', async () => {
    const { world, accounts, redeem } = await withTrust('{ email_domains: [acme.example], unknown: create }');
    await accounts.reserve(owner, alice.email, 'a_alice');
    await accounts.setActive('a_alice', false);
    for (const _ of [1, 2]) await refused(world, await redeem(verified), 'account_inactive');
  });
});

describe('RAS-23: aud_sub, the id of the account here, counts only where the issuer is trusted to know it', () => {
  const trusted = '{ aud_sub: true, unknown: create }';

  test('it links an account that waits, once; then the subject alone is enough', async () => {
    const { accounts, redeem } = await withTrust(trusted);
    await accounts.reserve(owner, alice.email, 'a_alice');
    const linked = await redeem({ aud_sub: 'a_alice' });
    assert.deepEqual([claimsOf(linked.body.access_token).sub, linked.record.accountBy], ['a_alice', 'aud_sub']);
    assert.equal(claimsOf((await redeem({})).body.access_token).sub, 'a_alice');
    assert.equal(claimsOf((await redeem({ aud_sub: 'a_alice' })).body.access_token).sub, 'a_alice');
  });

  test('where the issuer is not trusted for it, it is as if it were absent', async () => {
    const { accounts, redeem } = await withTrust('create');
    await accounts.reserve(owner, alice.email, 'a_alice');
    assert.notEqual(claimsOf((await redeem({ aud_sub: 'a_alice' })).body.access_token).sub, 'a_alice');
  });

  const other = { issuer: partnerIssuer, tenant: undefined };
  const refusals: [name: string, prepare: (world: World) => Promise<unknown>, audSub: unknown, reason: Refusal][] = [
    ['it names nobody', async () => undefined, 'a_nobody', 'account_named_other'],
    [
      'an account of another issuer',
      (w) => w.store.accounts.reserve(other, 'b@partner.example', 'a_b'),
      'a_b',
      'account_named_other',
    ],
    [
      'an account that has another subject',
      (w) => w.store.accounts.findOrCreate({ ...owner, subject: 'u_bob' }, 'a_bob'),
      'a_bob',
      'account_named_other',
    ],
    [
      'another account than the subject has',
      async (w) => {
        await w.store.accounts.findOrCreate({ ...owner, subject: alice.id }, 'a_alice');
        await w.store.accounts.reserve(owner, 'c@acme.example', 'a_c');
      },
      'a_c',
      'account_named_other',
    ],
    ['another case', (w) => w.store.accounts.reserve(owner, alice.email, 'a_alice'), 'A_alice', 'account_named_other'],
    ['a number', async () => undefined, 7, 'id_jag_subject_malformed'],
    ['empty', async () => undefined, '', 'id_jag_subject_malformed'],
  ];
  for (const [name, prepare, audSub, reason] of refusals) {
    test(`${name}: ${reason}, and no account is made`, async () => {
      const { world, accounts, redeem } = await withTrust(trusted);
      await prepare(world);
      const before = (await accounts.list('', 100)).length;
      await refused(world, await redeem({ aud_sub: audSub }), reason);
      assert.equal((await accounts.list('', 100)).length, before);
    });
  }
});

describe('RAS-26: a subject without an account', () => {
  test('is made one, or refused, as the trust entry says', async () => {
    for (const [rule, status] of [
      ['create', 200],
      ['{ unknown: create }', 200],
      ['known', 400],
      ['{}', 400],
    ] as const) {
      const { redeem } = await withTrust(rule);
      const answer = await redeem({});
      assert.equal(answer.status, status);
      assert.equal(answer.record.accountBy, undefined);
    }
  });

  test('RAS-42: is told from anything else only with an ID-JAG that is good in everything else', async () => {
    const { world, redeem } = await withTrust('known');
    const { body, record } = await redeem({});
    assert.deepEqual([body.error, record.reason], ['access_denied', 'account_unknown']);
    const past = { iat: world.now() - 900, exp: world.now() - 600 };
    for (const wrong of [
      { aud: 'https://other.example' },
      { client_id: 'other' },
      { resource: 'https://evil.example' },
      past,
    ]) {
      const answer = await redeem(wrong);
      assert.equal(answer.body.error, 'invalid_grant', JSON.stringify(wrong));
    }
  });
});
