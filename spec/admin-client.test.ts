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

test('what is no answer of the admin API is a problem, whatever it says and however well', async () => {
  const page = { 'content-type': 'text/html; charset=utf-8' };
  const json = { 'content-type': 'application/json' };
  const answers: [name: string, answer: Response, status: number][] = [
    ['a proxy in front of one that is away', new Response('<h1>Bad gateway</h1>', { status: 502, headers: page }), 502],
    ['the same without a word', new Response(null, { status: 504 }), 504],
    ['a network that wants to be paid first', new Response('<h1>Welcome</h1>', { headers: page }), 200],
    ['nothing where something is due', new Response('', { status: 200 }), 200],
  ];
  for (const [name, answer, status] of answers) {
    const told = await createAdminClient(`${adminUrl}/api/v1`, async () => answer)('getMe', {});
    assert.ok(!told.ok, name);
    assert.deepEqual([told.problem.code, told.problem.status], ['no_answer', status], name);
  }
  const cut = createAdminClient(`${adminUrl}/api/v1`, async () => new Response('{"id":', { headers: json }));
  await assert.rejects(cut('getMe', {}), SyntaxError);
});

test('the reference page names every operation, and loads nothing from elsewhere', async () => {
  const world = await openAdminWorld();
  const { status, body, headers } = await world.send('GET', '/reference');
  assert.equal(status, 200);
  for (const { method, path } of routes) assert.ok(body.includes(`${method} ${path}<`), `${method} ${path}`);
  assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/);
});
