import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { suiteScope } from '../harness.ts';
import { type ConsoleWorld, checkComplaints, startConsole } from './harness.ts';

// What an administrator does with people, as they do it.

describe('people at the console', () => {
  const scope = suiteScope(after);
  let world: ConsoleWorld;
  before(async () => {
    world = await startConsole(scope);
  });

  test('somebody is found, looked at, switched off with the consequence in sight, and let in again', async () => {
    const page = await world.open('dana', '/people');
    await page.getByText('bob@acme.example').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('CAROL');
    await page.getByText('bob@acme.example').waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'Carol' }).click();
    await page.getByRole('heading', { level: 1, name: 'Carol' }).waitFor();
    await page.getByRole('link', { name: 'contractor' }).first().waitFor();
    await page.getByRole('button', { name: 'Switch off…' }).click();
    await page.getByRole('dialog', { name: 'This switches Carol off.' }).waitFor();
    await page.getByRole('button', { name: 'Switch Carol off' }).click();
    await page.getByText('Switched off').waitFor();
    await page.getByRole('button', { name: 'Switch on' }).click();
    await page.getByText('Carol is active again and has what they had.').waitFor();
    await page.getByText('Switched off').waitFor({ state: 'detached' });
    checkComplaints(page);
    await page.close();
  });

  test('a group is made, two people join, one is taken out and put back, and it is deleted', async () => {
    const page = await world.open('dana', '/people?tab=groups');
    await page.getByRole('button', { name: 'Make a group…' }).click();
    await page.getByLabel('Id', { exact: true }).fill('night-shift');
    await page.getByLabel('Name', { exact: true }).fill('Night shift');
    await page.getByRole('button', { name: 'Make group' }).click();
    await page.getByRole('heading', { level: 1, name: 'Night shift' }).waitFor();
    await page.getByRole('button', { name: 'Add people…' }).click();
    await page.getByRole('searchbox', { name: 'Name or address' }).fill('bob');
    await page.keyboard.press('Enter'); // Before what was typed has been looked up.
    await page.getByRole('button', { name: 'Leave out Bob' }).waitFor();
    await page.getByRole('button', { name: 'Carol carol@acme.example' }).click();
    await page.getByRole('button', { name: 'Add 2 people' }).click();
    await page.getByText('2 people joined Night shift.').waitFor();
    await page.getByRole('row', { name: /Bob/ }).getByRole('button', { name: 'Remove' }).click();
    await page.getByText('Bob is out of Night shift.').waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('link', { name: 'Bob' }).waitFor();
    await page.getByRole('button', { name: 'Delete…' }).click();
    await page.getByRole('dialog', { name: 'This deletes Night shift: 2 people leave it.' }).waitFor();
    await page.getByRole('button', { name: 'Delete: 2 people leave' }).click();
    await page.getByRole('heading', { level: 1, name: 'People' }).waitFor();
    checkComplaints(page);
    await page.close();
  });

  test('a table is looked at, brought in, and everybody is exported', async () => {
    const page = await world.open('dana', '/people/import');
    const rows = ['email,name,groups', 'erin@acme.example,"Erin, the =first",engineering', 'bad,Nobody,'];
    await page.getByLabel('A file').setInputFiles({
      name: 'people.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(rows.join('\r\n')),
    });
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByText('1 person would be added, 1 row cannot be brought in.').waitFor();
    await page.getByRole('button', { name: 'Import 1 person' }).click();
    await page.getByText('Done. 1 person added or renamed. 1 person joined engineering.').waitFor();
    await page.getByRole('link', { name: 'erin@acme.example' }).click();
    await page.getByRole('heading', { level: 1, name: 'Erin, the =first' }).waitFor();
    await page.getByText('credence person invite erin@acme.example').waitFor();
    await page.goto(`${world.url}/people`);
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export all' }).click();
    const text = await readFile(await (await download).path(), 'utf8');
    assert.match(text, /\r\n"Erin, the =first",erin@acme\.example,engineering,,local,Active\r\n/);
    checkComplaints(page);
    await page.close();
  });

  test('whoever may only help sees people, and why they may change nothing', async () => {
    const own = await world.open('dana', '/people');
    const place = await own.getByRole('link', { name: 'Bob' }).getAttribute('href');
    const granted = await own.evaluate(
      async (path) => {
        const headers = { 'credence-console': '1', 'content-type': 'application/json' };
        return (await fetch(path, { method: 'PUT', headers, body: '{"role":"help-desk"}' })).status;
      },
      `/api/v1/administrators/${place?.split('/').at(-1)}`,
    );
    assert.equal(granted, 204);
    await own.close();
    const page = await world.open('bob', '/people');
    await page.getByRole('link', { name: 'Alice' }).click();
    await page.getByRole('heading', { level: 1, name: 'Alice' }).waitFor();
    await page.getByText('Policy administrators and auditors see this.').waitFor();
    assert.ok(await page.getByRole('button', { name: 'Switch off…' }).isDisabled());
    checkComplaints(page);
    await page.close();
  });
});
