import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Access, erin, far, fresh, now, row } from './fixtures.ts';

/** What a new epoch ends, and what it leaves (T21). Ends every session of the store. */
export function epochContract(access: Access): void {
  test('an epoch begun by hand ends sessions, grants, codes and links, uses up app codes, and tells of everybody who is active', async () => {
    const store = access.store();
    const other = await access.another();
    const [person, off] = [erin(), erin({ active: false })];
    for (const one of [person, off]) await store.people.save(one);
    await store.people.setPasswordHash(person.id, 'h');
    const sid = fresh('sid');
    const session = { uid: fresh('uid'), accountId: person.id, authorizations: { app: { sid, grantId: 'g' } } };
    await store.artifacts.upsert('Session', fresh('s'), session, far);
    const refresh = fresh('r');
    await store.artifacts.upsert('RefreshToken', refresh, { grantId: 'g', accountId: person.id }, far);
    const app = { id: fresh('f'), personId: person.id, kind: 'totp', name: 'a', material: 'm', counter: 5 } as const;
    const passkey = { ...app, id: fresh('f'), kind: 'passkey', credentialId: fresh('c') } as const;
    const rest = { credentialId: undefined, isSynced: false, createdAt: now, lastUsedAt: undefined };
    await store.factors.add({ ...rest, ...app }, { now, records: [], recoveryCodes: ['r1', 'r2'] });
    await store.factors.add({ ...rest, ...passkey }, { now, records: [] });
    await store.credentials.add({ domain: 'ras', clientId: person.id, secretHash: 'h', createdAt: now });
    const before = { changes: await other.changeSequence(), losses: await other.lossSequence() };
    const [bulletin] = (await store.bulletins.after(0, 100_000)).slice(-1);
    assert.ok(await other.artifacts.sessionStands(sid, now));

    const line = row({ kind: 'system' });
    await store.epoch.endAll({ id: 'second', since: now }, [line]);

    assert.deepEqual(await other.epoch.read(), { id: 'second', since: now, begins: undefined });
    assert.equal((await other.audit.last(1))[0]?.id, line.id);
    assert.ok((await other.changeSequence()) >= before.changes + 1e9, 'whoever knows an old position looks again');
    assert.ok((await other.lossSequence()) >= before.losses + 1e9);
    for (const one of [store, other]) {
      assert.equal(await one.artifacts.sessionStands(sid, now), false);
      assert.equal(await one.artifacts.find('RefreshToken', refresh), undefined);
    }
    assert.equal(await store.factors.recoveryCodesLeft(person.id), 0, 'one that was used since would work again');
    const step = Math.floor(Date.now() / 30_000);
    assert.equal(
      await store.factors.advance(app.id, step, now),
      false,
      'a code of this half minute may have been used',
    );
    assert.equal(await store.factors.advance(app.id, step + 10, now), true);
    assert.equal(await store.factors.advance(passkey.id, 6, now), true);
    assert.equal(await store.people.passwordHash(person.id), 'h', 'what people know and have stays');
    const secrets = await store.credentials.all('ras');
    assert.ok(
      secrets.some(({ clientId }) => clientId === person.id),
      'credentials of machines stay',
    );
    const told = await store.bulletins.after(bulletin?.position ?? 0, 100_000);
    const toldOf = (id: string) => told.filter(({ personId, event }) => personId === id && event === 'session-revoked');
    assert.deepEqual([toldOf(person.id).length, toldOf(off.id).length], [1, 0]);
  });

  test('one that nobody asked for does not begin: a restart opens none', async () => {
    const before = await access.store().epoch.read();
    assert.equal(await access.store().epoch.begin({ id: 'third', since: now + 1 }, [row()]), false);
    assert.deepEqual(await access.store().epoch.read(), before);
  });
}
