import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acrOf } from '../packages/server/src/policy/sign-in-levels.ts';
import { claimsOf, openWorld, refused } from './world.ts';

/** A world in which engineering reaches tracker by a rule with these circumstances only. */
const openWith = (words: string, more = '') =>
  openWorld(undefined, {
    access: (text) => text.replace('allow: all, on: [tracker, wiki, lonely]', `${words}, on: [tracker, wiki]`) + more,
  });

describe('IDP-19, IDP-20: "evaluate the access policy [...] for the client, user, audience, resource, scopes", and the circumstances', () => {
  test('a network that the rule names, and the same request from elsewhere', async () => {
    const world = await openWith('allow: all, from: [office]', 'networks: { office: [192.0.2.0/24] }\n');
    const { status, record } = await world.exchange();
    assert.equal(status, 200);
    assert.equal(record.address, '192.0.2.1');
    world.caller.address = '198.51.100.1';
    await refused(world, await world.exchange(), 'policy_denied');
  });

  test('a rule that is over grants nothing from that second on', async () => {
    const world = await openWith(`allow: all, until: "${new Date(1_800_000_000_000 + 60_000).toISOString()}"`);
    world.clock.ms += 59_000;
    assert.equal((await world.exchange()).status, 200);
    world.clock.ms += 1_000;
    await refused(world, await world.exchange(), 'policy_denied');
  });

  test('RAS-34: what such a rule allows ends with it, as ID-JAG and as access token', async () => {
    const end = 1_800_000_000 + 100;
    const world = await openWith(`allow: all, until: "${new Date(end * 1000).toISOString()}"`);
    const { body } = await world.exchange();
    const idJag = claimsOf(String(body.access_token));
    assert.deepEqual([body.expires_in, idJag.exp, idJag.session_expiry], [100, end, end]);
    const redeemed = await world.redeem({ assertion: String(body.access_token) });
    assert.deepEqual([redeemed.body.expires_in, claimsOf(String(redeemed.body.access_token)).exp], [100, end]);
    world.addRule('{ id: others, allow: [issues:read], on: tracker, to: [group:engineering] }');
    const both = claimsOf(String((await world.exchange({ scope: 'issues:read issues:write' })).body.access_token));
    assert.equal(both.session_expiry, end, 'as soon as one scope ends');
    const { body: lasting } = await world.exchange({ scope: 'issues:read' });
    assert.deepEqual(
      [lasting.expires_in, claimsOf(String(lasting.access_token)).session_expiry],
      [300, undefined],
      'another rule goes on',
    );
  });

  test('scopes up to a risk', async () => {
    const world = await openWith('allow: { risk: medium }');
    assert.equal((await world.exchange({ scope: 'issues:read issues:write' })).body.scope, 'issues:read');
  });

  test('a server that is switched off', async () => {
    const world = await openWorld(undefined, {
      access: (text) => text.replace(/( {2}tracker: \{)/, '$1 enabled: false,'),
    });
    await refused(world, await world.exchange(), 'policy_denied');
  });

  test('a rule that only reports: nothing changes, and the record tells what would have', async () => {
    const rule = 'id: later, deny: all, on: tracker, to: [group:engineering], report_only: true';
    const world = await openWorld();
    assert.equal('trial' in (await world.exchange()).record, false);
    world.addRule(`{ ${rule} }`);
    const { status, record } = await world.exchange();
    assert.equal(status, 200);
    assert.deepEqual(record.trial, { effect: 'deny', scopes: [], because: ['eng', 'later'] });
    world.addRule('{ id: others, deny: all, on: tracker, to: [group:sales], report_only: true }');
    assert.equal('trial' in (await world.exchange()).record, false, 'what makes no difference is not told');
  });

  test('one that would only demand another sign-in, or let other details through, makes a difference too', async () => {
    const details = 'authorization_details: { note: { scope: "issues:read" } }';
    const world = await openWorld(undefined, {
      access: (text) => text.replace(/( {2}tracker: \{)/, `$1 ${details},`),
    });
    world.addRule(
      `{ id: notes, allow: [issues:read], details: [note], on: tracker, to: [everyone], report_only: true }`,
    );
    const [more] = [await world.exchange({ authorization_details: '[{"type":"note"}]' })];
    assert.deepEqual(more.record.trial?.details, ['note']);

    const other = await openWorld();
    other.addRule('{ id: factor, require: { amr: [mfa] }, for: [issues:write], on: tracker, report_only: true }');
    other.clock.ms += 3_601_000;
    const token = await other.idToken({ iat: other.now(), exp: other.now() + 60, auth_time: other.now() - 3601 });
    const old = await other.exchange({ subject_token: token, scope: 'issues:write' });
    await refused(other, old, 'step_up_needed');
    assert.deepEqual(old.record.decision?.needs, { max_age: 3600 });
    assert.deepEqual(old.record.trial?.needs, { acr: acrOf.twoFactors, amr: ['mfa'], max_age: 3600 });
  });
});

describe('IDP-20: a decision point outside may only narrow, and without its answer nothing is issued', () => {
  const openBeside = (answer: (scopes: readonly string[]) => readonly string[] | undefined) => {
    const asked: (readonly string[])[] = [];
    const letThrough = async ({ scopes }: { readonly scopes: readonly string[] }) => {
      asked.push(scopes);
      return answer(scopes);
    };
    return { asked, opened: openWorld(undefined, { decisionPoint: { letThrough } }) };
  };
  const both = { scope: 'issues:read issues:write' };

  test('it is asked about what the rules allow, and some of it is let through', async () => {
    const { asked, opened } = openBeside((scopes) => scopes.filter((scope) => scope !== 'issues:write'));
    const world = await opened;
    const { status, body, record } = await world.exchange(both);
    assert.deepEqual([status, body.scope, asked], [200, 'issues:read', [['issues:read', 'issues:write']]]);
    assert.deepEqual(record.withheldOutside, ['issues:write']);
    assert.deepEqual(record.scopesGranted, ['issues:read']);
  });

  test('all of it: then nothing was withheld', async () => {
    const world = await openBeside((scopes) => scopes).opened;
    const { body, record } = await world.exchange(both);
    assert.deepEqual([body.scope, 'withheldOutside' in record], [both.scope, false]);
  });

  test('none of it', async () => {
    const world = await openBeside(() => []).opened;
    const answer = await world.exchange(both);
    await refused(world, answer, 'decision_point_denied');
    assert.deepEqual(answer.record.withheldOutside, ['issues:read', 'issues:write']);
  });

  test('no answer', async () => {
    const world = await openBeside(() => undefined).opened;
    await refused(world, await world.exchange(both), 'decision_point_unavailable');
  });

  test('what the rules deny it is not asked about', async () => {
    const { asked, opened } = openBeside((scopes) => scopes);
    const world = await opened;
    world.addRule('{ id: shut, deny: all, on: tracker, to: [everyone] }');
    await refused(world, await world.exchange(both), 'policy_denied');
    assert.deepEqual(asked, []);
  });
});
