import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreConflict } from '../store.ts';
import { type Access, fresh, now, row, subjectKey, version } from './fixtures.ts';

/** Credentials, policies and accounts. */
export function registryContract(access: Access): void {
  test('credentials: two may live at once, each domain sees its own, and one can be removed', async () => {
    const { credentials } = access.store();
    const clientId = fresh('client');
    const secret = (secretHash: string, domain: 'idp' | 'ras' = 'idp') => ({
      domain,
      clientId,
      secretHash,
      createdAt: now,
    });
    for (const one of [secret('h1'), secret('h2'), secret('h1'), secret('h3', 'ras')]) await credentials.add(one);
    const ofClient = async (domain: 'idp' | 'ras') =>
      (await credentials.all(domain)).filter((one) => one.clientId === clientId);
    assert.deepEqual(await ofClient('idp'), [secret('h1'), secret('h2')]);
    assert.deepEqual(await ofClient('ras'), [secret('h3', 'ras')]);
    await credentials.remove('ras', clientId, 'h1');
    await credentials.remove('idp', clientId, 'h1');
    assert.deepEqual(await ofClient('idp'), [secret('h2')]);
    assert.deepEqual(await ofClient('ras'), [secret('h3', 'ras')]);
  });

  test('credentials: of several that are added or removed at once as many are as may be, each with its record', async () => {
    const { credentials, audit } = access.store();
    const other = (await access.another()).credentials;
    const clientId = fresh('client');
    const ways = [credentials, other, credentials, other];
    const records = ways.map(() => row({ kind: 'admin' }));
    const of = (index: number) => ({ records: [records[index] ?? row({ kind: 'admin' })] });
    const added = await Promise.all(
      ways.map((way, at) =>
        way.add({ domain: 'idp', clientId, secretHash: `h${at}`, createdAt: now }, { most: 2, ...of(at) }),
      ),
    );
    assert.equal(added.filter((isAdded) => isAdded).length, 2);
    const own = (await credentials.all('idp')).filter((one) => one.clientId === clientId);
    assert.deepEqual(
      own.map(({ secretHash }) => secretHash).sort(),
      added.flatMap((isAdded, at) => (isAdded ? [`h${at}`] : [])),
    );
    for (const [at, { id }] of records.entries()) assert.equal((await audit.find(id)) !== undefined, added[at]);
    const hash = own[0]?.secretHash ?? '';
    const lines = ways.map(() => row({ kind: 'admin' }));
    const removed = await Promise.all(
      ways.map((way, at) => way.remove('idp', clientId, hash, lines.slice(at, at + 1))),
    );
    assert.equal(removed.filter((isRemoved) => isRemoved).length, 1);
    for (const [at, { id }] of lines.entries()) assert.equal((await audit.find(id)) !== undefined, removed[at]);
  });

  test('policies: of eight that publish n+1 at once one does, its audit rows with it, and no other leaves a trace', async () => {
    const { policies, audit } = access.store();
    assert.equal(await policies.latest('access'), undefined);
    assert.equal(await policies.append(version(1, '{"n":1}'), []), 1);
    const other = await access.another();
    const records = Array.from({ length: 8 }, () => row({ kind: 'policy' }));
    const outcomes = await Promise.allSettled(
      records.map((record, index) =>
        (index % 2 ? other : access.store()).policies.append(version(2, `{"by":${index}}`), [record]),
      ),
    );
    const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
    for (const [index, outcome] of outcomes.entries()) {
      assert.equal(outcome.status, index === winner ? 'fulfilled' : 'rejected');
      if (outcome.status === 'rejected') assert.ok(outcome.reason instanceof StoreConflict);
      assert.equal((await audit.find(records[index]?.id ?? '')) !== undefined, index === winner);
    }
    assert.deepEqual(await policies.latest('access'), version(2, `{"by":${winner}}`));
    assert.deepEqual(await policies.read('access', 1), version(1, '{"n":1}'));
    assert.equal(await policies.read('access', 3), undefined);
    assert.equal(await policies.latest('resource'), undefined);
    const heads = [version(1, '{"n":1}'), version(2, `{"by":${winner}}`)].map(({ document: _, ...head }) => head);
    assert.deepEqual(await policies.heads('access'), heads);
    assert.deepEqual(await policies.heads('resource'), []);
  });

  test('policies: a number may not be left out, and a digest must be its document’s', async () => {
    const { policies } = access.store();
    await assert.rejects(policies.append(version(2, '{}', 'resource'), []), StoreConflict);
    await assert.rejects(policies.append({ ...version(1, '{}', 'resource'), document: '{"a":1}' }, []), /digest/);
    assert.equal(await policies.latest('resource'), undefined);
  });

  test('accounts: eight that meet a subject at once get one account, and no other issuer or tenant shares it', async () => {
    const { accounts } = access.store();
    const other = await access.another();
    const key = subjectKey();
    assert.equal(await accounts.find(key), undefined);
    const got = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        (index % 2 ? other : access.store()).accounts.findOrCreate(key, fresh('acc')),
      ),
    );
    assert.equal(new Set(got.map(({ id }) => id)).size, 1);
    const [account] = got;
    assert.ok(account);
    assert.deepEqual(await accounts.find(key), { ...key, id: account.id, email: undefined, active: true });
    for (const foreign of [
      { ...key, issuer: 'https://acme.okta.example' },
      { ...key, tenant: 'acme' },
    ]) {
      assert.equal(await accounts.find(foreign), undefined);
      assert.notEqual((await accounts.findOrCreate(foreign, fresh('acc'))).id, account.id);
    }
    await accounts.setActive(account.id, false);
    assert.equal((await accounts.findOrCreate(key, fresh('acc'))).active, false);
    assert.equal((await accounts.find({ ...key, tenant: 'acme' }))?.active, true);
  });

  test('accounts: one made beforehand is found by its address in any case, within its issuer and tenant', async () => {
    const { accounts } = access.store();
    const [owner, email, id] = [
      { issuer: 'https://a.example', tenant: 'acme' },
      `${fresh('Erin')}@Acme.example`,
      fresh('acc'),
    ];
    await accounts.reserve(owner, email, id);
    const waiting = { ...owner, id, subject: undefined, email: email.toLowerCase(), active: true };
    assert.deepEqual(await accounts.findByEmail(owner, email.toUpperCase()), waiting);
    for (const foreign of [
      { ...owner, tenant: undefined },
      { ...owner, tenant: 'other' },
      { ...owner, issuer: 'https://b.example' },
    ]) {
      assert.equal(await accounts.findByEmail(foreign, email), undefined);
    }
    await assert.rejects(accounts.reserve(owner, email.toUpperCase(), fresh('acc')), StoreConflict);
    await accounts.reserve({ ...owner, tenant: 'other' }, email, fresh('acc'));
    assert.ok((await accounts.list('', 10_000)).some((one) => one.id === id));
    assert.ok((await accounts.list(id, 10_000)).every((one) => one.id > id));
  });

  test('accounts: of eight subjects that are linked to one account at once one is, its records with it, and it stays', async () => {
    const { accounts, audit } = access.store();
    const other = await access.another();
    const id = fresh('acc');
    await accounts.reserve(subjectKey(), `${fresh('e')}@a.example`, id);
    const tries = Array.from({ length: 8 }, () => ({ key: subjectKey(), record: row({ kind: 'admin' }) }));
    const won = await Promise.all(
      tries.map(({ key, record }, index) => (index % 2 ? other : access.store()).accounts.link(id, key, [record])),
    );
    assert.equal(won.filter(Boolean).length, 1);
    for (const [index, { key, record }] of tries.entries()) {
      assert.equal((await accounts.find(key))?.id, won[index] ? id : undefined);
      assert.equal((await audit.find(record.id)) !== undefined, won[index]);
    }
  });

  test('accounts: none of another issuer or tenant is linked, and a subject that has one gets no second', async () => {
    const { accounts } = access.store();
    const id = fresh('acc');
    await accounts.reserve(subjectKey(), `${fresh('e')}@a.example`, id);
    const taken = subjectKey();
    await accounts.findOrCreate(taken, fresh('acc'));
    const wrong = [subjectKey({ issuer: 'https://b.example' }), subjectKey({ tenant: 'acme' }), taken];
    for (const key of wrong) assert.equal(await accounts.link(id, key, []), false);
    assert.equal(await accounts.link(id, subjectKey(), []), true);
  });
}
