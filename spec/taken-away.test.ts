import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import { alice, openWorld, refused, type World } from './world.ts';

/** Lets something happen between what was read and the commit of the next request, as on a node that lags. */
function meanwhile(world: World, happens: () => Promise<unknown>, times = 1): { readonly calls: () => number } {
  const { commit } = world.store;
  let calls = 0;
  mock.method(world.store, 'commit', async (unit: Parameters<typeof commit>[0]) => {
    calls += 1;
    if (calls <= times) await happens();
    return commit(unit);
  });
  return { calls: () => calls };
}

describe('T19, PRV-02: nobody is issued what was taken away while the answer was made', () => {
  test('switched off between the decision and its commit: decided again, refused, and only that is on the record', async () => {
    const world = await openWorld();
    const { calls } = meanwhile(world, () => world.store.people.save({ ...alice, active: false }));
    await refused(world, await world.exchange(), 'person_inactive');
    assert.equal(calls(), 2);
    const kinds = (await world.store.audit.last(10)).map(({ kind }) => kind);
    assert.ok(!kinds.includes('issuance'), String(kinds));
  });

  test('out of the group that granted it: denied', async () => {
    const world = await openWorld();
    meanwhile(world, () => world.store.people.save({ ...alice, groups: [] }));
    await refused(world, await world.exchange(), 'policy_denied');
  });

  test('somebody else was switched off: issued all the same, once', async () => {
    const world = await openWorld();
    const bob = { ...alice, id: 'u_bob_2', email: 'bob2@acme.example' };
    await world.store.people.save(bob);
    meanwhile(world, () => world.store.people.save({ ...bob, active: false }));
    const answer = await world.exchange();
    assert.equal(answer.status, 200);
    const issued = (await world.store.audit.last(10)).filter(({ kind }) => kind === 'issuance');
    assert.equal(issued.length, 1);
  });

  test('an account switched off while its ID-JAG is redeemed: refused, and the ID-JAG is not used up', async () => {
    const world = await openWorld();
    const idJag = String((await world.exchange()).body.access_token);
    await world.redeem({ assertion: idJag });
    const account = String((await world.store.audit.last(1))[0]?.person);
    const next = String((await world.exchange()).body.access_token);
    meanwhile(world, () => world.store.accounts.setActive(account, false));
    await refused(world, await world.redeem({ assertion: next }), 'account_inactive');
    await world.store.accounts.setActive(account, true);
    assert.equal((await world.redeem({ assertion: next })).status, 200);
  });

  test('people lose access without end: 503 in bounded time, nothing is issued', async () => {
    const world = await openWorld();
    const bob = { ...alice, id: 'u_bob_2', email: 'bob2@acme.example' };
    const { calls } = meanwhile(
      world,
      async () => {
        await world.store.people.save({ ...bob, active: true });
        await world.store.people.save({ ...bob, active: false });
      },
      Number.POSITIVE_INFINITY,
    );
    const answer = await world.exchange();
    assert.equal(answer.status, 503);
    assert.equal(calls(), 8);
    assert.equal(answer.headers.get('retry-after'), '1');
    assert.ok(!(await world.store.audit.last(10)).some(({ kind }) => kind === 'issuance'));
  });
});
