import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openWorld, refused } from './world.ts';

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
});
