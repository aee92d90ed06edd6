import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { createAdminClient } from '../packages/server/src/admin/api/client/client.ts';
import { addresses } from '../packages/server/src/admin/api/client/operations.ts';
import { toClientTypes, toType } from '../packages/server/src/admin/api/client/to-types.ts';
import { routes } from '../packages/server/src/admin/api/routes.ts';
import { adminUrl, openAdminWorld } from './admin-world.ts';

// The client of the admin API, through the front door; and that its types are those of the operations.

test('the types are those of the operations: else run npm run api-client', () => {
  const file = new URL('../packages/server/src/admin/api/client/operations.ts', import.meta.url);
  // A formatter has been over the file; what it was made of stands on its second line.
  const madeOf = (text: string) => /^\/\/ Made of: ([\w-]{43})$/m.exec(text)?.[1];
  assert.ok(madeOf(toClientTypes(routes)));
  assert.equal(madeOf(readFileSync(file, 'utf8')), madeOf(toClientTypes(routes)));
  assert.deepEqual(
    Object.keys(addresses).sort(),
    routes
      .filter(({ stream }) => stream === undefined)
      .map(({ id }) => id)
      .sort(),
  );
});

describe('a schema in the words of TypeScript', () => {
  for (const [schema, type] of [
    [{ type: 'integer' }, 'number'],
    [{ type: ['string', 'null'] }, 'string | null'],
    [{ enum: ['a', 1] }, "'a' | 1"],
    [{ const: true }, 'true'],
    [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, 'string | null'],
    [{ type: 'array', items: { type: 'string' } }, 'readonly (string)[]'],
    [
      { type: 'object', properties: { a: { type: 'string' }, b: { type: 'boolean' } }, required: ['a'] },
      '{ a: string; b?: boolean }',
    ],
    [{ type: 'object', properties: { a: {} }, additionalProperties: {} }, '{ a?: unknown; [more: string]: unknown }'],
    [{ type: 'object', additionalProperties: { type: 'number' } }, '{ [more: string]: number }'],
    [{ type: 'object' }, 'Record<string, never>'],
    [{}, 'unknown'],
  ] as const) {
    test(type, () => assert.equal(toType(schema as Record<string, unknown>), type));
  }
});

test('a program finds somebody, changes them in the version it read, and is told what was wrong', async () => {
  const world = await openAdminWorld();
  const fetch = (async (url: string, init: RequestInit) =>
    world.app.fetch(new Request(url, init))) as typeof globalThis.fetch;
  const call = createAdminClient(`${adminUrl}/api/v1`, fetch, await world.tokenOf('owner'));

  const found = await call('listPeople', { query: { q: 'alice', limit: 5 } });
  assert.ok(found.ok);
  const [alice] = found.value.items;
  assert.equal(alice?.email, 'alice@acme.example');

  const read = await call('getPerson', { params: { id: alice?.id ?? '' } });
  assert.ok(read.ok && read.etag !== undefined);
  const asked = { params: { id: read.value.id }, body: { name: 'Alice A.' }, ifMatch: read.etag };
  const changed = await call('changePerson', asked);
  assert.ok(changed.ok && changed.value.name === 'Alice A.');
  const late = await call('changePerson', asked);
  assert.ok(!late.ok && late.problem.code === 'api_version_differs' && late.problem.reference !== undefined);

  const ended = await call('endSessionsOfPerson', { params: { id: read.value.id } });
  assert.ok(ended.ok && ended.value === undefined);
});

test('the reference page names every operation, and loads nothing from elsewhere', async () => {
  const world = await openAdminWorld();
  const { status, body, headers } = await world.send('GET', '/reference');
  assert.equal(status, 200);
  for (const { method, path } of routes) assert.ok(body.includes(`${method} ${path}<`), `${method} ${path}`);
  assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/);
});
