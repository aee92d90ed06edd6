import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exchangeAs, openProvisioning, patchBody, scimRefused, userBody } from './scim.ts';

// A provisioning client that does not hear the answer, and sends everything three times; two people with one address; a
// source that would like to administer.

describe('PRV-03: a SCIM client that repeats everything', () => {
  const times = 3;

  test('once or three times, one after the other: the directory is the same, and what was done stays done', async () => {
    const { okta, world, records } = await openProvisioning();
    const thrice = async (...request: Parameters<typeof okta>) => {
      const answers = [];
      for (let at = 0; at < times; at += 1) answers.push(await okta(...request));
      return answers;
    };
    const [created, ...copies] = await thrice('POST', '/Users', userBody('erin'));
    assert.equal(created?.status, 201);
    for (const copy of copies) {
      await scimRefused(copy, 'scim_user_name_taken', await records());
    }
    const { id } = created?.body ?? {};
    const [group, ...groups] = await thrice('POST', '/Groups', { displayName: 'Engineering' });
    const groupIds = [group, ...groups].map((answer) => answer?.body.id);
    assert.equal(group?.status, 201);

    const join = patchBody({ op: 'add', path: 'members', value: [{ value: id }] });
    for (const answer of await thrice('PATCH', `/Groups/${groupIds[0]}`, join)) assert.ok(answer.status < 300);
    const { body } = await okta('GET', `/Groups/${groupIds[0]}`);
    assert.deepEqual(
      body.members.map(({ value }: { value: string }) => value),
      [id],
    );

    for (const answer of await thrice('PUT', `/Users/${id}`, userBody('erin', { title: 'Lead' }))) {
      assert.deepEqual([answer.status, answer.body.title], [200, 'Lead']);
    }
    const off = patchBody({ op: 'replace', value: { active: false } });
    for (const answer of await thrice('PATCH', `/Users/${id}`, off)) assert.equal(answer.body.active, false);
    assert.equal((await world.store.people.find(id))?.active, false);
    assert.equal((await exchangeAs(world, id)).record.reason, 'person_inactive');

    const left = patchBody({ op: 'remove', path: `members[value eq "${id}"]` });
    for (const answer of await thrice('PATCH', `/Groups/${groupIds[0]}`, left)) assert.ok(answer.status < 500);
    assert.deepEqual((await okta('GET', `/Groups/${groupIds[0]}`)).body.members ?? [], []);
    const deletions = await thrice('DELETE', `/Users/${id}`);
    assert.deepEqual(
      deletions.map(({ status }) => status),
      [204, 404, 404],
    );
    assert.deepEqual(world.faults, []);
  });

  test('all at once: one user comes of it, and each of the others is told why', async () => {
    const { okta, world } = await openProvisioning();
    const answers = await Promise.all(Array.from({ length: 8 }, () => okta('POST', '/Users', userBody('finn'))));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, ...Array(7).fill(409)]);
    const found = await okta('GET', `/Users?filter=${encodeURIComponent('userName eq "finn@acme.example"')}`);
    assert.equal(found.body.totalResults, 1);
    const { id } = found.body.Resources[0];
    const titles = Array.from({ length: 8 }, (_, at) => patchBody({ op: 'replace', path: 'title', value: `t${at}` }));
    const patched = await Promise.all(titles.map((body) => okta('PATCH', `/Users/${id}`, body)));
    assert.ok(patched.every(({ status }) => status === 200 || status === 409 || status === 412 || status === 503));
    assert.ok(patched.some(({ status }) => status === 200));
    assert.deepEqual(world.faults, []);
  });

  test('a bulk that is sent again changes nothing, and answers for each operation', async () => {
    const { okta } = await openProvisioning();
    const bulk = {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
      Operations: ['a', 'b', 'c'].map((name) => ({
        method: 'POST',
        path: '/Users',
        bulkId: name,
        data: userBody(name),
      })),
    };
    const statuses = async () =>
      (await okta('POST', '/Bulk', bulk)).body.Operations.map(({ status }: { status: string }) => status);
    assert.deepEqual(await statuses(), ['201', '201', '201']);
    assert.deepEqual(await statuses(), ['409', '409', '409']);
    assert.equal((await okta('GET', '/Users')).body.totalResults, 3);
  });
});

describe('PRV-04: two people claim one address', () => {
  test('whoever came first keeps it; the other is told, and the record names whom', async () => {
    const { okta, entra, records, world } = await openProvisioning();
    const first = await okta('POST', '/Users', userBody('erin'));
    const shared = { emails: [{ value: 'ERIN@acme.example', primary: true }] };
    const second = await okta('POST', '/Users', userBody('erin.two', shared));
    await scimRefused(second, 'scim_email_taken', await records());
    const other = await entra('POST', '/Users', userBody('erin.three', shared));
    await scimRefused(other, 'scim_email_taken', await records());
    assert.equal((await records()).at(-1)?.person, first.body.id);
    assert.equal((await world.store.people.findByEmail('erin@acme.example'))?.id, first.body.id);
  });
});

describe('PRV-04, T31: no source makes an administrator', () => {
  test('roles, groups and names of a source grant nothing here', async () => {
    const { okta, world } = await openProvisioning();
    const roles = ['owner', 'people', 'help-desk', 'administrator'].map((value) => ({ value, primary: true }));
    const body = userBody('eve', { roles, userType: 'owner', entitlements: [{ value: 'owner' }] });
    const { id } = (await okta('POST', '/Users', body)).body;
    await okta('POST', '/Groups', { displayName: 'owner', members: [{ value: id }] });
    assert.equal(await world.store.administrators.roleOf(id), undefined);
    assert.deepEqual(await world.store.administrators.list(), []);
    await world.store.administrators.grant({ personId: id, role: 'auditor', grantedAt: 1 }, []);
    await okta('PATCH', `/Users/${id}`, patchBody({ op: 'replace', path: 'roles', value: [{ value: 'owner' }] }));
    assert.equal(await world.store.administrators.roleOf(id), 'auditor', 'nor changes one');
    await okta('DELETE', `/Users/${id}`);
    const again = await okta('POST', '/Users', body);
    assert.equal(await world.store.administrators.roleOf(again.body.id), undefined, 'nor inherits one');
  });
});
