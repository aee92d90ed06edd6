import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openWorld, refused } from './world.ts';

const lonely = { audience: 'https://lonely.example', resource: 'https://lonely.example/mcp', scope: 'admin' };
const twoFactors = 'http://schemas.openid.net/pape/policies/2007/06/multi-factor';
const password = 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport';

describe('IDP-24: "Step up for strong scopes: max_age and/or acr_values, only if a fresher sign-in could succeed"', () => {
  test('B26: a password alone for an admin scope is told what to ask the sign-in for, in words that it takes', async () => {
    const world = await openWorld();
    const answer = await world.exchange({ ...lonely, subject_token: await world.idToken({ amr: ['pwd'] }) });
    await refused(world, answer, 'step_up_needed');
    assert.equal(answer.body.error, 'insufficient_user_authentication');
    assert.equal(answer.body.acr_values, twoFactors, 'RFC 9470 §3 has no word for methods: the acr that earns them');
    assert.ok(!('max_age' in answer.body));
  });

  const signIns: [name: string, acr: string, amr: string[]][] = [
    ['an app after the password', twoFactors, ['pwd', 'otp', 'mfa']],
    ['a passkey', 'phr', ['pop', 'user', 'mfa']],
    ['a recovery code after the password', twoFactors, ['pwd', 'mfa']],
  ];
  for (const [name, acr, amr] of signIns) {
    test(`${name} gets it, and the ID-JAG says how`, async () => {
      const world = await openWorld();
      const answer = await world.exchange({ ...lonely, subject_token: await world.idToken({ acr, amr }) });
      assert.deepEqual([answer.status, answer.body.scope], [200, 'admin']);
      const [, claims = ''] = String(answer.body.access_token).split('.');
      const said = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>;
      assert.deepEqual([said.acr, said.amr], [acr, amr]);
    });
  }

  test('a sign-in that is too old is told the age, as a number', async () => {
    const world = await openWorld();
    const stale = await world.idToken({ auth_time: world.now() - 3601, amr: ['pwd', 'otp', 'mfa'] });
    const answer = await world.exchange({ subject_token: stale, scope: 'issues:write' });
    await refused(world, answer, 'step_up_needed');
    assert.equal(answer.body.max_age, 3600);
    assert.ok(!('acr_values' in answer.body));
  });

  const passkey = { acr: 'phr', amr: ['pop', 'user', 'mfa'] };
  const needing = (amr: string, signIn = '') => ({
    access: (text: string) => text.replace('require: { amr: [mfa] }', `require: { amr: [${amr}] }`) + signIn,
  });
  const signInThere = 'sign_in: { acr: [urn:acme:two-factors], amr: [pwd, mfa, hwk] }\n';

  for (const [method, acr] of [
    ['otp', twoFactors],
    ['pwd', password],
  ] as const) {
    test(`after a passkey, which is stronger, ${method} takes a new sign-in: the session would answer its word at once`, async () => {
      const world = await openWorld(undefined, needing(method));
      const answer = await world.exchange({ ...lonely, subject_token: await world.idToken(passkey) });
      await refused(world, answer, 'step_up_needed');
      assert.deepEqual([answer.body.acr_values, answer.body.max_age], [acr, 0]);
      assert.deepEqual(
        answer.record.decision?.needs,
        { amr: [method], acr, max_age: 0 },
        'the record says what was said',
      );
    });
  }

  test('a method that no word stands for takes a new sign-in, also where another rule has an age that has not passed', async () => {
    for (const age of ['', ', max_age: 3600']) {
      const world = await openWorld(undefined, {
        access: (text) => text.replace('require: { amr: [mfa] }', `require: { amr: [hwk]${age} }`) + signInThere,
      });
      const answer = await world.exchange({ ...lonely, subject_token: await world.idToken(passkey) });
      await refused(world, answer, 'step_up_needed');
      assert.deepEqual([answer.body.acr_values, answer.body.max_age], [undefined, 0]);
    }
  });

  test('where people sign in elsewhere, no word is asked for that is not earned there', async () => {
    const world = await openWorld(undefined, needing('mfa', signInThere));
    const weak = { acr: 'urn:acme:one', amr: ['pwd'] };
    const answer = await world.exchange({ ...lonely, subject_token: await world.idToken(weak) });
    await refused(world, answer, 'step_up_needed');
    assert.deepEqual([answer.body.acr_values, answer.body.max_age], [undefined, 0]);
    const strong = await world.idToken({ acr: 'urn:acme:two-factors', amr: ['pwd', 'mfa'] });
    assert.equal((await world.exchange({ ...lonely, subject_token: strong })).status, 200);
  });

  test('nobody is sent to sign in for what no sign-in here can show: hardware, or a code together with a passkey', async () => {
    for (const methods of ['hwk', 'otp, pop']) {
      const world = await openWorld(undefined, needing(methods));
      const answer = await world.exchange({ ...lonely, subject_token: await world.idToken(passkey) });
      await refused(world, answer, 'policy_no_scope');
    }
  });
});
