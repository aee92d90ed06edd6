import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { runCredence } from '../../examples/acme/server-process.ts';
import { suiteScope } from '../harness.ts';
import { type ConsoleWorld, checkComplaints, checkLooks, startConsole } from './harness.ts';

describe('a change of the policy', () => {
  const scope = suiteScope(after);
  let world: ConsoleWorld;
  before(async () => {
    world = await startConsole(scope);
  });

  test('narrow a scope in the matrix, see whom it hurts, publish it, and take it back', async () => {
    const page = await world.open('dana', '/access');
    await page.getByRole('button', { name: /^engineering on Company documents/ }).click();
    const choice = page.getByRole('group', { name: 'files:write in the draft' });
    await choice.getByRole('button', { name: 'Refuse' }).click();
    await page.getByText(/1 person in engineering loses files:write on Company documents/).waitFor();
    await checkLooks(page, 'access-edit');

    await page.getByRole('link', { name: 'Review 1 change' }).click();
    await page.getByRole('heading', { level: 1, name: 'engineering on Company documents' }).waitFor();
    await page.getByText('It only takes away, so nobody else has to agree.').waitFor();
    await page.getByRole('heading', { name: /^The last 30 days/ }).waitFor();
    await page.getByText('No decision of the last 30 days would be another.').waitFor();
    await page.getByLabel(/^Find a person/).fill('alice');
    await page.getByRole('button', { name: /alice@acme\.example/ }).click();
    await page.getByRole('status').getByText('Loses').waitFor();
    await page.getByText('Rule engineering-files-refused', { exact: false }).first().waitFor();
    await checkLooks(page, 'draft');

    await page.getByRole('button', { name: 'Publish: 0 gain, 1 lose' }).click();
    await page.getByText('Version 2 is in force.').waitFor();
    await page.getByRole('link', { name: 'v1' }).first().click();
    await page.getByRole('button', { name: 'Roll back to version 1' }).click();
    await page.getByRole('heading', { level: 1, name: 'Back to version 1' }).waitFor();
    await page.getByText(/1 person in engineering gains files:write/).waitFor();
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.getByText('“Back to version 1” is discarded.').waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('link', { name: 'Back to version 1' }).waitFor();
    checkComplaints(page);
    await page.close();
  });

  test('what widens is approved by a second administrator, who does not gain by it', async () => {
    const page = await world.open('dana', '/changes');
    await page.getByRole('heading', { level: 1, name: 'Nothing waits for approval.' }).waitFor();
    await requireSecondPerson(page);
    const granted = await runCredence([
      ...['admin', 'grant', 'alice@acme.example', 'policy', '--home', world.acme.home],
    ]);
    assert.equal(granted.code, 0, granted.stderr);

    await page.goto(`${world.url}/access`);
    await page.getByRole('button', { name: /^marketing on Company documents/ }).click();
    const choice = page.getByRole('group', { name: 'files:write in the draft' });
    await choice.getByRole('button', { name: 'Allow', exact: true }).click();
    await page.getByText(/1 person in marketing gains files:write/).waitFor();
    await page.getByRole('link', { name: 'Review 1 change' }).click();
    await page.getByRole('button', { name: 'Ask for approval' }).click();
    await page.getByText('You wrote it, so somebody else approves.').waitFor();
    assert.equal(await page.getByRole('button', { name: /[Pp]ublish/ }).count(), 0);

    const other = await world.open('alice', '/changes');
    await other.getByRole('heading', { level: 1, name: 'One change waits for approval.' }).waitFor();
    await checkLooks(other, 'changes-waiting');
    await other.getByRole('link', { name: 'marketing on Company documents' }).click();
    await other.getByRole('button', { name: 'Approve and publish: 1 gain, 0 lose' }).click();
    await other.getByText(/Version \d+ is in force\./).waitFor();
    await other
      .getByRole('row', { name: /Dana.*Alice/ })
      .first()
      .waitFor();
    checkComplaints(other);
    checkComplaints(page);
    await page.close();
    await other.close();
  });
});

interface Answer {
  readonly items: readonly { readonly version: number }[];
  readonly document: object;
  readonly id: string;
  readonly digest: string;
  readonly version: number;
}

/** By the admin API, as this administrator. */
async function requireSecondPerson(page: Page): Promise<void> {
  const version = await page.evaluate(async () => {
    const ask = async (path: string, body?: object) => {
      const headers = { 'content-type': 'application/json', 'credence-console': '1' };
      const post = { method: 'POST', headers, body: JSON.stringify(body) };
      return (await (await fetch(`/api/v1${path}`, body ? post : {})).json()) as Answer;
    };
    const { items } = await ask('/policies/access/versions?limit=1');
    const { document } = await ask(`/policies/access/versions/${items[0]?.version}`);
    const required = { ...document, second_person: 'required' };
    const { id, digest } = await ask('/drafts', { kind: 'access', name: 'Two people', document: required });
    return (await ask(`/drafts/${id}/publish`, { digest })).version;
  });
  assert.equal(typeof version, 'number');
}
