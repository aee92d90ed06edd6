import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreConflict } from '../store.ts';
import { type Access, fresh, now, row, version } from './fixtures.ts';

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
  });

  test('policies: a number may not be left out, and a digest must be its document’s', async () => {
    const { policies } = access.store();
    await assert.rejects(policies.append(version(2, '{}', 'resource'), []), StoreConflict);
    await assert.rejects(policies.append({ ...version(1, '{}', 'resource'), document: '{"a":1}' }, []), /digest/);
    assert.equal(await policies.latest('resource'), undefined);
  });

  test('accounts: eight that meet a subject at once get one account, and no other issuer shares it', async () => {
    const { accounts } = access.store();
    const other = await access.another();
    const [issuer, name] = ['https://id.acme.example', fresh('subject')];
    assert.equal(await accounts.find(issuer, name), undefined);
    const got = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        (index % 2 ? other : access.store()).accounts.findOrCreate(issuer, name, fresh('acc')),
      ),
    );
    assert.equal(new Set(got.map(({ id }) => id)).size, 1);
    const [account] = got;
    assert.ok(account);
    assert.deepEqual(await accounts.find(issuer, name), { ...account, issuer, subject: name, active: true });
    const foreign = await accounts.findOrCreate('https://acme.okta.example', name, fresh('acc'));
    assert.notEqual(foreign.id, account.id);
    await accounts.setActive(account.id, false);
    assert.equal((await accounts.findOrCreate(issuer, name, fresh('acc'))).active, false);
    assert.equal((await accounts.find(foreign.issuer, name))?.active, true);
  });
}
