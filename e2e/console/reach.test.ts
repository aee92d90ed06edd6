import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { suiteScope } from '../harness.ts';
import { askWell } from './api.ts';
import { type ConsoleWorld, checkComplaints, checkLooks, startConsole } from './harness.ts';

// Who can reach what, as somebody asks who has to answer for it.

describe('reach at the console', () => {
  const scope = suiteScope(after);
  let world: ConsoleWorld;
  before(async () => {
    world = await startConsole(scope);
  });

  /** Fills one of the blanks of the question. */
  async function choose(page: Page, blank: string, text: string, option: string | RegExp): Promise<void> {
    await page.getByRole('combobox', { name: blank, exact: true }).fill(text);
    await page.getByRole('option', { name: option }).click();
  }

  test('review who can write to the company documents, asked in the palette, and export it', async () => {
    const page = await world.open('dana', '/');
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('Who can write to company documents?');
    await page.getByRole('option', { name: 'Who can use files:write on Company documents?' }).click();
    await page.getByText('1 person can use files:write on Company documents.').waitFor();
    const people = page.getByRole('table', { name: 'Who can reach it' });
    await people.getByRole('link', { name: 'Alice' }).waitFor();
    assert.equal(await people.getByRole('link', { name: 'Bob' }).count(), 0);
    await page.getByRole('button', { name: 'Export for review…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Who can reach Company documents, for a review' });
    await dialog.getByText('Narrowed as the page is: with files:write.').waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      dialog.getByRole('button', { name: 'Export', exact: true }).click(),
    ]);
    await dialog.getByText('and saved. It is complete.').waitFor();
    assert.equal(download.suggestedFilename(), 'who-reaches-files.csv');
    const lines = (await readFile(await download.path(), 'utf8')).trim().split('\r\n');
    assert.match(lines[0] ?? '', /^"person","email"/);
    assert.ok(lines.slice(1).every((line) => line.includes('alice@acme.example') && line.includes('files:write')));
    assert.deepEqual(lines.length, 4, 'a line for each client');
    await dialog.getByRole('button', { name: 'Close' }).click();
    checkComplaints(page);
    await page.close();
  });

  test('how bob reaches a server: asked by filling in the blanks, read as a graph and in words', async () => {
    const page = await world.open('dana', '/reach');
    await page.getByText('Whose reach do you look for?').waitFor();
    await page.getByRole('link', { name: 'Personal memory' }).waitFor();
    await choose(page, 'Person', 'bob', /^bob@acme.example/);
    await page.getByText('Bob can reach 1 server.').waitFor();
    await choose(page, 'Server', 'Company', 'Company documents (files)');
    await page.getByText('Bob can use files:read on Company documents.').waitFor();
    const words = page.getByRole('table', { name: 'The same, in words' });
    await words.getByRole('row', { name: /Allowed marketing marketing-reads-files Claude Code/ }).waitFor();
    await words.getByText('Bob is not in engineering').waitFor();
    const group = page.getByRole('list', { name: 'Group' }).getByRole('button', { name: /^marketing/ });
    await group.click();
    await page.waitForURL(/at=s%3Agroup%3Amarketing/);
    await group.press('ArrowRight');
    const rule = page.getByRole('button', { name: /^marketing-reads-files/ });
    await page.locator('[data-kind="rule"]:focus').waitFor();
    await rule.press('Enter');
    await page.waitForURL(/at=r%3A/);
    await page.goBack();
    await page.waitForURL(/at=s%3Agroup%3Amarketing/);
    // Its state is in the address, and comes back from there.
    await page.getByLabel('With refused paths').click();
    await words.getByText('Bob is not in engineering').waitFor({ state: 'detached' });
    checkComplaints(page);
    await page.close();
  });

  test('why carol cannot, from her own page, whose name the bar shows', async () => {
    const page = await world.open('dana', '/people');
    await page.getByRole('link', { name: 'Carol' }).click();
    await page.getByRole('heading', { level: 1, name: 'Carol' }).waitFor();
    await page.getByRole('banner').getByText('Carol', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'See every path' }).click();
    await page.getByText('Carol can reach nothing.').waitFor();
    await choose(page, 'Server', 'Company', 'Company documents (files)');
    await page.getByText('Carol cannot reach Company documents.').waitFor();
    const words = page.getByRole('table', { name: 'The same, in words' });
    await words.getByRole('row', { name: /contractor contractors-nothing/ }).waitFor();
    checkComplaints(page);
    await page.close();
  });

  test('what the open draft would open is dashed, and goes with a tick', async () => {
    const page = await world.open('dana', '/');
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
    const named = { kind: 'access', name: 'Marketing writes' };
    const { id, etag } = await askWell<{ id: string }>(page, 'POST', '/drafts', { body: named });
    const value = { allow: ['files:write'], on: 'files', to: ['group:marketing'], through: ['claude-code'] };
    const edits = [{ section: 'rules', id: 'marketing-writes', value }];
    await askWell(page, 'PATCH', `/drafts/${id}`, { body: { edits }, ifMatch: etag });
    await page.evaluate(`localStorage.setItem('credence-draft', '${id}')`);
    await page.goto(`${world.url}/reach?server=files&scope=files:write`);
    const words = page.getByRole('table', { name: 'The same, in words' });
    await words.getByRole('row', { name: /Gained by the draft marketing marketing-writes Claude Code/ }).waitFor();
    await page.locator('[data-node="s:group:marketing"][data-tone="draft"]').waitFor();
    await checkLooks(page, 'reach-draft');
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.getByLabel('With the draft').click();
    await words.getByText('Gained by the draft').waitFor({ state: 'detached' });
    await page.evaluate("localStorage.removeItem('credence-draft')");
    await page.close();
  });

  test('where a client may go, and who has not used a server', async () => {
    const page = await world.open('dana', '/clients/claude-code');
    await page.getByRole('link', { name: 'Where it may go' }).click();
    await page.getByText('Rules let Claude Code go to 3 servers.').waitFor();
    await page.goto(`${world.url}/reach?server=files&unused=yes`);
    await page.getByText('2 people can reach Company documents, through 3 clients.').waitFor();
    const people = page.getByRole('table', { name: 'Who can reach it' });
    await people.getByRole('link', { name: 'Bob' }).waitFor();
    await people.getByText('never used').first().waitFor();
    await page.goto(`${world.url}/reach?server=files&client=claude-code&scope=files:write`);
    const verdict = page.getByText(
      /can reach Company documents through Claude Code; who of them may use files:write is listed/,
    );
    await verdict.waitFor();
    checkComplaints(page);
    await page.close();
  });
});
