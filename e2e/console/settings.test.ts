import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { suiteScope } from '../harness.ts';
import { type ConsoleWorld, checkComplaints, startConsole } from './harness.ts';

// What an owner sets for the whole installation.

describe('settings at the console', () => {
  const scope = suiteScope(after);
  let world: ConsoleWorld;
  before(async () => {
    world = await startConsole(scope);
  });

  test('a token is made, shown once, works as far as its scopes go, and stops working when it is revoked', async () => {
    const page = await world.open('dana', '/settings?part=tokens');
    await page.getByRole('button', { name: 'Make a token…' }).click();
    await page.getByLabel('Name', { exact: true }).fill('record reader');
    await page.getByRole('checkbox', { name: 'read:audit' }).check();
    await page.getByRole('button', { name: 'Make the token' }).click();
    const token = await page.getByLabel('The token').inputValue();
    const ask = async (path: string) => {
      const response = await fetch(`${world.url}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } });
      return response.status;
    };
    assert.deepEqual([await ask('/records'), await ask('/people')], [200, 403]);
    await page.getByRole('button', { name: 'I have kept it' }).click();
    assert.ok(!(await page.content()).includes(token), 'it is gone with the dialog');
    await page.getByRole('row', { name: /record reader/ }).waitFor();
    await page.getByRole('button', { name: 'Revoke…' }).click();
    await page.getByRole('button', { name: 'Revoke the token' }).click();
    await page.getByText('No token.').waitFor();
    assert.equal(await ask('/records'), 401);
    checkComplaints(page);
    await page.close();
  });

  test('somebody is made an administrator, gets another role, and sees what that role sees', async () => {
    const page = await world.open('dana', '/settings?part=administrators');
    await page.getByRole('button', { name: 'Add an administrator…' }).click();
    await page.getByRole('button', { name: 'Alice alice@acme.example' }).click();
    await page.getByRole('radio', { name: /^Auditor/ }).check();
    await page.getByRole('button', { name: 'Give the role' }).click();
    await page.getByText('Alice administers now.').waitFor();
    await page.getByRole('button', { name: 'Another role…' }).click();
    await page.getByRole('radio', { name: /^Help desk/ }).check();
    await page.getByRole('button', { name: 'Give this role instead' }).click();
    await page.getByRole('row', { name: /Alice Help desk/ }).waitFor();

    const own = await world.open('alice', '/settings');
    await own.getByText('Nothing is stopped.').waitFor();
    assert.ok(await own.getByRole('button', { name: 'Stop everything…' }).isDisabled());
    assert.equal(await own.getByRole('button', { name: 'Administrators' }).count(), 0);
    await own.close();

    await page.getByRole('button', { name: 'Remove…' }).click();
    await page.getByRole('dialog', { name: 'Alice administers no more.' }).waitFor();
    await page.getByRole('button', { name: 'Take the role away' }).click();
    await page.getByRole('row', { name: /Alice/ }).waitFor({ state: 'detached' });
    checkComplaints(page);
    await page.close();
  });

  test('a provisioning client gets a token for its source', async () => {
    const page = await world.open('dana', '/settings?part=sources');
    await page.getByRole('button', { name: 'Make a token…' }).click();
    await page.getByLabel('Name of the source').fill('okta');
    await page.getByRole('button', { name: 'Make the token' }).click();
    const token = await page.getByLabel('The token').inputValue();
    assert.match(token, /^credence_scim_/);
    await page.getByRole('button', { name: 'I have kept it' }).click();
    await page.getByRole('row', { name: 'scim:okta SCIM' }).waitFor();
    checkComplaints(page);
    await page.close();
  });

  test('everything is stopped by whoever types it and says why, and goes on', async () => {
    const page = await world.open('dana', '/settings');
    await page.getByText('Nothing is stopped.').waitFor();
    await page.getByRole('button', { name: 'Stop everything…' }).click();
    const now = page.getByRole('button', { name: 'Stop now' });
    await page.getByLabel('Why').fill('a drill');
    assert.ok(await now.isDisabled());
    await page.getByLabel('Type everything to go on').fill('everything');
    await now.click();
    await page.getByText('One thing is stopped.').waitFor();
    await page.getByRole('button', { name: 'Start…' }).click();
    await page.getByLabel('Why').fill('the drill is over');
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.getByText('Nothing is stopped.').waitFor();
    checkComplaints(page);
    await page.close();
  });
});
