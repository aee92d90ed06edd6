import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { maxBodyBytes } from '../../door.ts';
import { answer, route } from './route.ts';
import { readValues } from './values.ts';

const things = route({
  method: 'POST',
  path: '/things',
  id: 'things',
  summary: 'Things',
  permission: undefined,
  query: z.strictObject({}),
  handle: async () => answer(undefined),
});

function read(query: string, body?: string) {
  const init = { method: 'POST', ...(body !== undefined && { body }) };
  return readValues(new Request(`https://admin.acme.example/things${query}`, init), things, {});
}

describe('what a request says', () => {
  test('HTP-01: a body where none is due is not read to its end, whatever is in it', async () => {
    assert.equal((await read('', '')).ok, true);
    const given = await Promise.all([read('', 'x'.repeat(maxBodyBytes)), read('', 'x'.repeat(maxBodyBytes + 1))]);
    assert.deepEqual(
      given.map((each) => !each.ok && each.refusal),
      ['api_value_invalid', 'api_body_too_large'],
    );
  });

  test('is said back up to 200 characters, and of more it is said that there was more', async () => {
    for (const [name, said] of [
      ['x'.repeat(200), 'x'.repeat(200)],
      ['x'.repeat(201), `${'x'.repeat(200)}…`],
    ]) {
      const given = await read(`?${name}=1&${name}=2`);
      assert.deepEqual(!given.ok && given.errors, [{ at: `query.${said}`, problem: 'is there more than once' }]);
    }
  });
});
