import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { suiteScope } from '../harness.ts';
import { type ConsoleWorld, checkComplaints, startConsole } from './harness.ts';

describe('the matrix of access', () => {
  const scope = suiteScope(after);
  let world: ConsoleWorld;
  before(async () => {
    world = await startConsole(scope);
  });

  test('by the keyboard: to a cell, into it, what it says, and back out', async () => {
    const page = await world.open('dana', '/access');
    const cell = page.getByRole('button', { name: /^engineering on Company documents: low risk all/ });
    await page.getByRole('button', { name: /^Everyone on Everything/ }).focus();
    for (const key of ['ArrowDown', 'ArrowRight']) {
      await page.keyboard.press(key);
      await page.waitForTimeout(100);
    }
    assert.equal(await cell.evaluate((each) => each === each.ownerDocument.activeElement), true);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 2, name: /^engineering on Company documents/ }).waitFor();
    await page.getByText('may do everything on Company documents.').waitFor();
    assert.match(page.url(), /\?cell=/);
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('heading', { level: 2, name: /^engineering on/ }).waitFor({ state: 'detached' });
    checkComplaints(page);
    await page.close();
  });

  test('the address carries what is looked for and what is open; nothing found is said', async () => {
    const page = await world.open('dana', '/access?q=contr&client=claude-code');
    await page.getByRole('button', { name: 'contractor on Company documents: refused by a rule' }).click();
    await page.getByText('may do nothing on Company documents.').waitFor();
    await page.reload();
    await page.getByText('may do nothing on Company documents.').waitFor();
    assert.equal(await page.getByRole('row').count(), 2 + 1 + 3, 'head, contractor, unfolded with its table');
    await page.getByRole('searchbox', { name: 'Find a group' }).fill('nobody');
    await page.getByText('No group and server are left by what you look for.').waitFor();
    checkComplaints(page);
    await page.close();
  });
});
