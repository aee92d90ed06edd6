import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { claimsOf, type Fields, idpIssuer, openWorld, partnerIssuer, rasIssuer, refused, type World } from './world.ts';

// T21: a store that was restored does not know what was used and revoked since the backup. It begins a new epoch, and what was
// issued before is worth nothing.

const client: Fields = { client_id: 'cc-at-ras', client_secret: 'cc-at-ras-secret' };
const partnerJag = (world: World, iat: number) => {
  const claims = { iss: partnerIssuer, sub: 'p1', iat, exp: iat + 300 };
  return world.idJag(claims, {}, world.keys.partner);
};

describe('RAS-12, T21: an ID-JAG from before the epoch may have been redeemed', () => {
  test('of our own IdP: refused whatever its times say, since it carries another epoch; a new one is taken at once', async () => {
    const world = await openWorld();
    const before = String((await world.exchange()).body.access_token);
    assert.equal(claimsOf(before).credence_epoch, undefined, 'before the first restore nothing is added');
    world.beginEpoch('second');
    await refused(world, await world.redeem({ assertion: before }), 'id_jag_before_epoch');
    const ahead = await world.idJag({ iat: world.now() + 20, exp: world.now() + 300 });
    await refused(world, await world.redeem({ assertion: ahead }), 'id_jag_before_epoch');
    world.clock.ms += 1000;
    const { body } = await world.exchange();
    assert.equal(claimsOf(body.access_token).credence_epoch, 'second');
    assert.equal((await world.redeem({ assertion: String(body.access_token) })).status, 200);
  });

  test('of our own IdP, in the second in which the epoch began: it may have been used in the one before', async () => {
    const world = await openWorld();
    world.beginEpoch('');
    await refused(world, await world.redeem({ assertion: await world.idJag() }), 'id_jag_before_epoch');
    world.clock.ms += 1000;
    assert.equal((await world.redeem({ assertion: await world.idJag() })).status, 200);
  });

  test('of our own IdP in an epoch that is over, however often there was one', async () => {
    const world = await openWorld();
    world.beginEpoch('second');
    world.clock.ms += 1000;
    const second = String((await world.exchange()).body.access_token);
    world.beginEpoch('third');
    world.clock.ms += 1000;
    await refused(world, await world.redeem({ assertion: second }), 'id_jag_before_epoch');
  });

  const table: [name: string, seconds: number, outcome: 'id_jag_before_epoch' | 'taken'][] = [
    ['issued before', -1, 'id_jag_before_epoch'],
    ['issued then, by a clock that is as far ahead as is allowed', 30, 'id_jag_before_epoch'],
    ['issued after', 31, 'taken'],
  ];
  for (const [name, seconds, outcome] of table) {
    test(`of a foreign issuer, ${name}: ${outcome}`, async () => {
      const world = await openWorld();
      await world.store.accounts.findOrCreate({ issuer: partnerIssuer, tenant: undefined, subject: 'p1' }, 'a_p1');
      const assertion = await partnerJag(world, world.now() + seconds);
      world.beginEpoch('second');
      world.clock.ms += 40_000;
      const answer = await world.redeem({ assertion });
      if (outcome === 'taken') assert.equal(answer.status, 200, JSON.stringify(answer.body));
      else await refused(world, answer, outcome);
    });
  }
});

describe('RAS-37, RAS-38, T21: an access token from before the epoch may have been revoked', () => {
  test('is not active, and cannot be revoked; one of the new epoch is', async () => {
    const world = await openWorld();
    const token = String((await world.redeem()).body.access_token);
    assert.equal((await world.ask('introspect', { ...client, token })).body.active, true);
    world.beginEpoch('second');
    assert.deepEqual((await world.ask('introspect', { ...client, token })).body, { active: false });
    assert.equal((await world.ask('revoke', { ...client, token })).status, 200);
    world.clock.ms += 1000;
    const idJag = String((await world.exchange()).body.access_token);
    const fresh = String((await world.redeem({ assertion: idJag })).body.access_token);
    assert.equal(claimsOf(fresh).credence_epoch, 'second');
    assert.equal((await world.ask('introspect', { ...client, token: fresh })).body.active, true);
    world.beginEpoch('third');
    assert.deepEqual((await world.ask('introspect', { ...client, token: fresh })).body, { active: false });
  });
});

describe('IDP-04, T21: a client assertion from before the epoch may have been used', () => {
  const table: [name: string, times: (now: number) => object, later: number, outcome: string][] = [
    ['issued before', (now) => ({ iat: now - 1 }), 10, 'refused'],
    ['issued then, by a clock as far ahead as is allowed', (now) => ({ iat: now + 30 }), 10, 'refused'],
    ['issued after', (now) => ({ iat: now + 31 }), 10, 'taken'],
    ['that does not say when, and may be from before', (now) => ({ exp: now + 3630 }), 31, 'refused'],
    ['that does not say when, and cannot be from before', (now) => ({ exp: now + 3631 }), 31, 'taken'],
  ];
  for (const side of ['idp', 'ras'] as const) {
    for (const [name, times, later, outcome] of table) {
      test(`at the ${side}, ${name}: ${outcome}`, async () => {
        const world = await openWorld();
        world.beginEpoch('second');
        const assertion = await world.clientAssertion(side === 'idp' ? idpIssuer : rasIssuer, times(world.now()));
        world.clock.ms += later * 1000;
        const answer =
          side === 'idp'
            ? await world.exchange({ subject_token: await world.idToken({ aud: 'keyed' }), ...assertion })
            : await world.ask('introspect', { ...assertion, token: 'x' });
        if (outcome === 'refused') await refused(world, answer, 'client_assertion_before_epoch');
        else assert.notEqual(answer.body.error, 'invalid_client', JSON.stringify([answer.body, answer.record]));
      });
    }
  }
});

describe('IDP-31, RAS-29, T21: a DPoP proof from before the epoch may have been used', () => {
  const table: [seconds: number, outcome: 'dpop_proof_before_epoch' | 'taken'][] = [
    [0, 'dpop_proof_before_epoch'],
    [60, 'dpop_proof_before_epoch'],
    [61, 'taken'],
  ];
  for (const [seconds, outcome] of table) {
    test(`made ${seconds} seconds after it began, as its client sees it: ${outcome}`, async () => {
      const world = await openWorld();
      world.beginEpoch('second');
      const dpop = await world.proof('idp', { iat: world.now() + seconds });
      world.clock.ms += 30_000;
      const answer = await world.exchange({}, { dpop });
      if (outcome === 'taken') assert.equal(answer.status, 200, JSON.stringify(answer.body));
      else await refused(world, answer, outcome);
    });
  }
});
