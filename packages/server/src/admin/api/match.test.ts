import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMatcher } from './match.ts';
import { answer, type Method, route } from './route.ts';

const at = (path: string, method: Method = 'GET') =>
  route({
    method,
    path,
    id: `${method} ${path}`,
    summary: path,
    permission: 'read:people',
    handle: async () => answer(undefined),
  });

describe('what a path leads to', () => {
  const match = createMatcher([
    at('/people/{id}'),
    at('/people/me'),
    at('/people/{id}', 'DELETE'),
    at('/groups/{id}/members/{person}'),
  ]);
  const found = (path: string) => {
    const { routes, values } = match(path) ?? {};
    return routes && [[...routes.values()].map(({ id }) => id), { ...values }];
  };

  test('its operations, and the values in it, decoded once', () => {
    assert.deepEqual(found('/people/u_1'), [['GET /people/{id}', 'DELETE /people/{id}'], { id: 'u_1' }]);
    assert.deepEqual(found('/people/a%2Fb%2541'), [['GET /people/{id}', 'DELETE /people/{id}'], { id: 'a/b%41' }]);
    assert.deepEqual(found('/groups/g/members/p'), [['GET /groups/{id}/members/{person}'], { id: 'g', person: 'p' }]);
  });

  test('what is written out wins over what stands for anything', () => {
    assert.deepEqual(found('/people/me'), [['GET /people/me'], {}]);
  });

  for (const path of [
    '/people',
    '/people/',
    '/people/u_1/',
    '/people/%zz',
    '/%zz/u_1',
    '/People/u_1',
    '',
    '/groups//members/p',
  ]) {
    test(`nothing: ${path}`, () => assert.equal(found(path), undefined));
  }

  test('two for one method and path are a mistake of ours', () => {
    assert.throws(() => createMatcher([at('/people/{id}'), at('/people/{person}')]), /is declared twice/);
  });
});
