import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { base, openProvisioning, patchBody, type ScimRefusal, scimErrors, scimRefused, userBody } from './scim.ts';

describe('PRV-01, RFC 7644 §3.7: a bulk', () => {
  test('bulk: each operation stands alone, and may refer to one before or behind it', async () => {
    const { okta, world } = await openProvisioning();
    const answer = await okta('POST', '/Bulk', {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
      Operations: [
        {
          method: 'POST',
          path: '/Groups',
          bulkId: 'g',
          data: { displayName: 'Eng', members: [{ value: 'bulkId:u' }] },
        },
        { method: 'POST', path: '/Users', bulkId: 'u', data: userBody('erin') },
        { method: 'POST', path: '/Users', bulkId: 'v', data: userBody('erin') },
        { method: 'PATCH', path: '/Users/bulkId:u', data: patchBody({ op: 'add', path: 'title', value: 'Lead' }) },
      ],
    });
    assert.equal(answer.status, 200);
    const statuses = answer.body.Operations.map((each: { bulkId?: string; status: string }) => [
      each.bulkId,
      each.status,
    ]);
    assert.deepEqual(statuses, [
      ['u', '201'],
      ['g', '201'],
      ['v', '409'],
      [undefined, '200'],
    ]);
    assert.equal(answer.body.Operations[2].response.scimType, 'uniqueness');
    const [, group] = answer.body.Operations;
    const members = await world.store.directory.groups.members(
      'group',
      `okta/${group.location.split('/').at(-1)}`,
      '',
      9,
    );
    assert.equal(members.length, 1);
    const stopped = await okta('POST', '/Bulk', {
      failOnErrors: 1,
      Operations: [
        { method: 'DELETE', path: '/Users/nobody' },
        { method: 'POST', path: '/Users', bulkId: 'w', data: userBody('frank') },
      ],
    });
    assert.deepEqual(
      stopped.body.Operations.map((each: { status: string }) => each.status),
      ['404'],
    );
    const circle = await okta('POST', '/Bulk', {
      Operations: ['a', 'b'].map((name) => ({
        method: 'POST',
        path: '/Users',
        bulkId: name,
        data: userBody(name, { manager: `bulkId:${name === 'a' ? 'b' : 'a'}` }),
      })),
    });
    assert.equal(circle.body.Operations[0].status, '409');
  });

  test('a circle in a bulk: scim_bulk_unresolved on the record, and a bulk that repeats is bounded', async () => {
    const { okta, records } = await openProvisioning();
    const data = (to: string) => userBody(to, { nickName: `bulkId:${to}` });
    await okta('POST', '/Bulk', {
      Operations: [
        { method: 'POST', path: '/Users', bulkId: 'a', data: data('b') },
        { method: 'POST', path: '/Users', bulkId: 'b', data: data('a') },
      ],
    });
    assert.ok((await records()).some(({ reason }) => reason === 'scim_bulk_unresolved'));
  });

  /** The answers to operations of which `erin` is there before. */
  const play = async (...operations: object[]) => {
    const open = await openProvisioning();
    const { id } = (await open.okta('POST', '/Users', userBody('erin'))).body;
    const text = JSON.stringify({ Operations: operations }).replaceAll('ERIN', id);
    const { status, body } = await open.okta('POST', '/Bulk', text);
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(open.world.faults, []);
    return { ...open, id, answers: body.Operations as { status: string; location?: string; version?: string }[] };
  };

  test('what each answer has: an address, a version where there is one, no address for what was not made', async () => {
    const { answers, id } = await play(
      { method: 'post', path: '/Users', bulkId: 'f', data: userBody('frank') },
      { method: 'POST', path: '/Users', bulkId: 'g', data: userBody('erin') },
      { method: 'PUT', path: '/Users/ERIN', data: userBody('erin', { title: 'Lead' }) },
      { method: 'PUT', path: '/Users/ERIN', version: 'W/"1"', data: userBody('erin') },
      { method: 'DELETE', path: '/Users/ERIN', bulkId: 'gone' },
      { method: 'DELETE', path: '/Users/ERIN' },
    );
    const [made] = answers;
    const erin = `${base}/Users/${id}`;
    assert.match(made?.location ?? '', new RegExp(`^${base}/Users/u_`));
    assert.deepEqual(
      answers.map(({ status, location, version }) => [status, location, version]),
      [
        ['201', made?.location, 'W/"1"'],
        ['409', undefined, undefined],
        ['200', erin, 'W/"2"'],
        ['412', erin, undefined],
        ['204', erin, undefined],
        ['404', erin, undefined],
      ],
    );
  });

  test('what refers to one that failed is not carried out, wherever it stands', async () => {
    const { answers, records, okta } = await play(
      { method: 'POST', path: '/Groups', bulkId: 'g', data: { displayName: 'Eng', members: [{ value: 'bulkId:e' }] } },
      { method: 'POST', path: '/Users', bulkId: 'e', data: userBody('erin') },
      { method: 'PATCH', path: '/Users/ERIN', data: patchBody({ op: 'add', path: 'title', value: 'bulkId:e' }) },
    );
    assert.deepEqual(
      answers.map(({ status }) => status),
      ['409', '409', '409'],
    );
    const reasons = (await records()).map(({ reason }) => reason).filter(Boolean);
    assert.deepEqual(reasons, ['scim_user_name_taken', 'scim_bulk_unresolved', 'scim_bulk_unresolved']);
    assert.equal((await okta('GET', '/Groups')).body.totalResults, 0);
  });

  const alone: [name: string, operation: object, reason: ScimRefusal][] = [
    ['a GET', { method: 'GET', path: '/Users/ERIN' }, 'scim_wrong_method'],
    ['a POST without bulkId', { method: 'POST', path: '/Users', data: userBody('frank') }, 'scim_body_malformed'],
    ['a place that is none of the lists', { method: 'POST', path: '/Bulk', bulkId: 'b', data: {} }, 'scim_not_found'],
    ['a search', { method: 'POST', path: '/Schemas', bulkId: 'b', data: {} }, 'scim_not_found'],
    ['a PUT without data', { method: 'PUT', path: '/Users/ERIN' }, 'scim_body_malformed'],
    ['a PATCH whose data is text', { method: 'PATCH', path: '/Users/ERIN', data: 'title' }, 'scim_body_malformed'],
    ['a group without data', { method: 'POST', path: '/Groups', bulkId: 'b' }, 'scim_body_malformed'],
  ];
  for (const [name, operation, reason] of alone) {
    test(`${name}: ${reason}, for this operation alone`, async () => {
      const { answers, records } = await play(operation, { method: 'DELETE', path: '/Users/ERIN' });
      assert.deepEqual(
        answers.map(({ status }) => status),
        [String(scimErrors[reason][0]), '204'],
      );
      assert.ok((await records()).some((record) => record.reason === reason));
    });
  }

  const one = { method: 'DELETE', path: '/Users/nobody' };
  const whole: [name: string, body: object, reason: ScimRefusal][] = [
    ['no operations', {}, 'scim_body_malformed'],
    ['operations that are no list', { Operations: one }, 'scim_body_malformed'],
    ['failOnErrors that is text', { Operations: [one], failOnErrors: '1' }, 'scim_body_malformed'],
    ['an operation that is text', { Operations: [one, 'DELETE'] }, 'scim_body_malformed'],
    ['an operation without a method', { Operations: [{ path: '/Users/x' }] }, 'scim_body_malformed'],
    ['a method that is a number', { Operations: [{ ...one, method: 7 }] }, 'scim_body_malformed'],
    ['an operation without a path', { Operations: [{ method: 'DELETE' }] }, 'scim_body_malformed'],
    ['a path that is a number', { Operations: [{ ...one, path: 7 }] }, 'scim_body_malformed'],
    ['a path that begins nowhere', { Operations: [{ ...one, path: 'xUsers/x' }] }, 'scim_body_malformed'],
  ];
  for (const [name, body, reason] of whole) {
    test(`${name}: ${reason}, and nothing is done`, async () => {
      const { okta, records, world } = await openProvisioning();
      await scimRefused(await okta('POST', '/Bulk', body), reason, await records());
      assert.deepEqual(world.faults, []);
    });
  }

  test('1,000 operations, and failOnErrors: it ends with the error that reaches the number', async () => {
    const { okta } = await openProvisioning();
    const { status, body } = await okta('POST', '/Bulk', { failOnErrors: 2, Operations: Array(1000).fill(one) });
    assert.deepEqual([status, body.Operations.length], [200, 2]);
  });

  test('1,000 that each wait for the next are done from the last to the first', async () => {
    const { okta } = await openProvisioning({ linesPerSecond: 1000 });
    const chain = Array.from({ length: 1000 }, (_, at) => ({
      method: 'PATCH',
      path: `/Users/bulkId:u${at + 1}`,
      bulkId: `u${at}`,
      data: { text: 'x'.repeat(500) },
    }));
    const startedAt = performance.now();
    const { status } = await okta('POST', '/Bulk', { Operations: chain, failOnErrors: 1 });
    assert.equal(status, 200);
    assert.ok(performance.now() - startedAt < 2000, 'what an operation refers to is looked up once');
  });
});
