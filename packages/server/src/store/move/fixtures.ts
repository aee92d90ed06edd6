import { erin, far, fresh, idJag, now, row, signal, subjectKey, version } from '../contract/fixtures.ts';
import { openSqliteStore } from '../sqlite.ts';
import type { Store } from '../store.ts';

/** Something in every part of a store, and enough of some of it for several pages. */
export async function fill(store: Store, lines = 1300): Promise<void> {
  const person = erin({
    email: `${fresh('quo"te')}@acme.example`,
    name: 'Éri\u{1F600} O’Neil',
    groups: ['engineering'],
  });
  await store.people.save(person);
  await store.people.setPasswordHash(person.id, '$argon2id$');
  await store.people.setIdAt(person.id, 'https://ras.example', fresh('id'));
  await store.directory.claimSource(`scim:${fresh('okta')}`);
  for (let n = 0; n < 30; n++)
    await store.people.save(erin({ groups: ['engineering', fresh('team')], roles: ['lead'] }));
  const factor = { id: fresh('f'), personId: person.id, kind: 'totp', name: 'app', material: 'sealed' } as const;
  const times = { credentialId: undefined, isSynced: false, counter: 5, createdAt: now, lastUsedAt: undefined };
  await store.factors.add({ ...factor, ...times }, { now, records: [row()], recoveryCodes: ['h1', 'h2'] });
  await store.credentials.add({ domain: 'ras', clientId: fresh('c'), secretHash: 'h', createdAt: now });
  await store.policies.append(version(1, '{"a":1}'), [row()]);
  await store.policies.append(version(1, '{"b":"ü"}', 'resource'), []);
  const key = subjectKey();
  await store.accounts.findOrCreate(key, fresh('acc'));
  await store.accounts.reserve({ issuer: key.issuer, tenant: 'acme' }, 'waits@acme.example', fresh('acc'));
  await store.cutOffs.take(signal({ key, disabledAt: now }), [row()]);
  await store.cutOffs.revokeToken({ id: fresh('t'), resource: 'https://r.example', until: far });
  await store.commit({ marks: [{ kind: 'token_revoked', id: fresh('t'), until: far }], records: [] });
  const authorizations = { app: { sid: fresh('sid'), grantId: 'g1' } };
  await store.artifacts.upsert('Session', fresh('s'), { uid: fresh('uid'), accountId: person.id, authorizations }, far);
  await store.artifacts.upsert('RefreshToken', fresh('r'), { grantId: 'g1', accountId: person.id }, undefined);
  await store.upstream.saveSession(
    { sessionUid: fresh('uid'), upstream: 'okta', issuer: 'https://u', subject: 's', sid: undefined, idToken: 'x' },
    far,
  );
  await store.bulletins.begin('https://ras.example', now);
  await store.artifacts.endSessionsOf(fresh('u'));
  for (let n = 0; n < lines; n += 100) {
    await store.commit({ marks: [idJag()], records: Array.from({ length: Math.min(100, lines - n) }, () => row()) });
  }
  await store.agentUses.catchUp(1000);
}

/** A home’s store with everything in it, written by two processes one after the other. */
export async function makeStore(file: string, lines?: number): Promise<void> {
  for (const node of ['one', 'two']) {
    const store = await openSqliteStore(file, { node });
    if (node === 'one') await fill(store, lines);
    else await store.commit({ marks: [idJag()], records: [row(), row()] });
    await store.close();
  }
}
