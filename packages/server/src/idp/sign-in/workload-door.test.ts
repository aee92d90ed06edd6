import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseForm } from '../../form.ts';
import type { AccessClient } from '../../policy/model.ts';
import { exchangeForPass } from './workload-door.ts';

describe('the door for tokens of a platform', () => {
  const clients = new Map([
    ['runner', { id: 'runner', workload: {} } as AccessClient],
    ['worker', { id: 'worker' } as AccessClient],
  ]);
  const others: [name: string, text: string][] = [
    ['names no client', 'grant_type=authorization_code&client_assertion=a.b.c'],
    ['names one that nobody knows', 'client_id=nobody&client_assertion=a.b.c'],
    ['is of a client that has another proof', 'client_id=worker&client_assertion=a.b.c'],
    ['shows nothing, which oidc-provider refuses', 'client_id=runner&client_secret=x'],
  ];
  for (const [name, text] of others) {
    test(`what ${name} is passed on as it came, and nothing of it is judged or used up here`, async () => {
      const form = parseForm(text);
      assert.ok(form.ok);
      // Whatever else it asked for is not there.
      const options = { clients: () => clients } as unknown as Parameters<typeof exchangeForPass>[3];
      const body = await exchangeForPass({ text, form: form.value }, undefined, 'pass', options);
      assert.deepEqual(body, { ok: true, value: text });
    });
  }
});
