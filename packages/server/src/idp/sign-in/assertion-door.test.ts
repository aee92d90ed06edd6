import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseForm } from '../../form.ts';
import { exchangeForPass } from './assertion-door.ts';

describe('the door for client assertions', () => {
  test('what shows none is passed on as it came, and nothing of it is judged or used up here', async () => {
    const text = 'client_id=runner&client_secret=x';
    const form = parseForm(text);
    assert.ok(form.ok);
    // Whatever it asked for is not there.
    const options = {} as Parameters<typeof exchangeForPass>[3];
    const body = await exchangeForPass({ text, form: form.value }, undefined, 'pass', options, () => undefined);
    assert.deepEqual(body, { ok: true, value: text });
  });
});
