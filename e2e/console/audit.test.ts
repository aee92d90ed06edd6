import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { runCredence } from '../../examples/acme/server-process.ts';
import { visitAll } from '../../examples/acme/visits.ts';
import { agentOf, issue, secretOf, suiteScope, temporaryHome, tokenOf } from '../harness.ts';
import { type ConsoleWorld, checkComplaints, checkLooks, startConsole } from './harness.ts';

// An auditor believes nobody: what administrators did, the record verified in the browser with a key that was compared, and a row that
// somebody has bent in the database behind everybody's back.

describe('the record, audited at the console (LOG-04, T23)', () => {
  const scope = suiteScope(after);
  let world: ConsoleWorld;
  let home: string;
  before(async () => {
    home = await temporaryHome(scope);
    const archive = { name: 'archive', kind: 'file', path: join(home, 'record.jsonl') };
    await writeFile(
      join(home, 'credence.yaml'),
      JSON.stringify({ idp: { burst: 10_000 }, audit: { sealSeconds: 1 }, exports: [archive] }),
    );
    world = await startConsole(scope, { home });
    await visitAll(world.acme.demo, 'alice', 'claude-code');
    const page = await world.open('dana', '/');
    await untilSealed(page);
    await page.close();
  });

  /** What was written so far is covered by a checkpoint. Asked from here: `waitForFunction` takes a promise for an answer that is true. */
  async function untilSealed(page: Page): Promise<void> {
    const isSealed = () =>
      page.evaluate<boolean>(
        `fetch('/api/v1/record', { headers: { 'credence-console': '1' } })
          .then((answer) => answer.json())
          .then(({ checkpoint, unsealed }) => checkpoint !== null && unsealed === 0)`,
      );
    let isAll = await isSealed();
    for (let tries = 0; !isAll && tries < 60; tries += 1) {
      await page.waitForTimeout(250);
      isAll = await isSealed();
    }
    assert.ok(isAll, 'all lines sealed within 15 seconds');
  }

  const verify = async (page: Page) => {
    await page.getByRole('button', { name: 'All that are kept' }).click();
    await page.getByRole('button', { name: /^Verify [\d,]+ lines$/ }).click();
  };

  test('what an administrator did stands there with what was before and after, and opens', async () => {
    const settings = await world.open('dana', '/settings?part=tokens');
    await settings.getByRole('button', { name: 'Make a token…' }).click();
    await settings.getByLabel('Name', { exact: true }).fill('for the auditor');
    await settings.getByRole('checkbox', { name: 'read:audit' }).check();
    await settings.getByRole('button', { name: 'Make the token' }).click();
    await settings.getByLabel('The token').waitFor();
    await settings.close();

    const page = await world.open('dana', '/audit');
    await page.getByRole('button', { name: 'Administration' }).click();
    await page.waitForURL(/about=admin/);
    const row = page.getByRole('row').filter({ hasText: /API token \S+ made/ });
    await row.getByRole('link', { name: 'dana@acme.example' }).first().waitFor();
    await row.getByRole('link', { name: /^Done/ }).click();
    await page.getByRole('heading', { name: 'Before and after' }).waitFor();
    checkComplaints(page);
    await page.close();
  });

  test('what one administrator did is found by the keyboard, and again by its address; what a token did as well', async () => {
    const page = await world.open('dana', '/audit');
    const table = page.getByRole('table', { name: 'What administrators did' });
    await table.waitFor();
    await page.getByRole('combobox', { name: 'By whom' }).focus();
    await page.keyboard.type('dana');
    await page.getByRole('option', { name: /^dana@acme\.example/ }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL(/[?&]by=/);
    await table.getByText(/API token \S+ made/).waitFor();
    await page.reload();
    await table.getByText(/API token \S+ made/).waitFor();
    await page.getByRole('combobox', { name: 'With which token' }).focus();
    await page.keyboard.type('for the auditor');
    await page.getByRole('option', { name: 'for the auditor' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL(/[?&]token=/);
    await page.getByText('Nothing of this kind is on the record.').waitFor();
    await checkLooks(page, 'audit-by');
    await page.close();
  });

  test('checkpoints are listed, with who outside knows of them: nobody', async () => {
    const page = await world.open('dana', '/audit?part=checkpoints');
    await page.getByRole('heading', { level: 1, name: 'The record is sealed. Nobody outside knows of it.' }).waitFor();
    await page.getByRole('table', { name: 'Checkpoints' }).getByRole('row').nth(1).waitFor();
    await page.getByText('Nobody outside keeps checkpoints.').waitFor();
    checkComplaints(page);
    await page.close();
  });

  test('verified: first with the key that the server names, then with the one that was compared and pinned', async () => {
    const { stdout } = await runCredence(['audit', 'key', '--fingerprint', '--home', home]);
    const [fingerprint = ''] = stdout.split(' ');
    assert.match(fingerprint, /^SHA256:[\w-]{43}$/);
    const page = await world.open('dana', '/audit?part=verify');
    await verify(page);
    await page.getByText(/^In order: [\d,]+ lines say what was written\.$/).waitFor();
    await page.getByText('That the key is the right one: the server named it.').waitFor();

    await page.getByText(fingerprint).waitFor();
    await page.getByRole('button', { name: 'It is the same: pin it' }).click();
    await page.getByText('Pinned in this browser').waitFor();
    await verify(page);
    await page.getByText('The key is the one that you pinned.').waitFor();
    await page.getByText(/This browser verified checkpoint [\d,]+ before/).waitFor();
    await checkLooks(page, 'audit-verified');
    await page.reload();
    await verify(page);
    await page.getByText(/checkpoint is what the witness, or this browser, had before/).waitFor();
    checkComplaints(page);
    await page.close();
  });

  test('a key that is forgotten while the record is read stays forgotten', async () => {
    const page = await world.open('dana', '/audit?part=verify');
    const going = Promise.withResolvers<void>();
    await page.route('**/api/v1/record/lines*', async (asked) => {
      await going.promise;
      await asked.continue();
    });
    await verify(page);
    await page.getByRole('button', { name: 'Cancel' }).waitFor();
    await page.getByRole('button', { name: 'Forget it' }).click();
    await page.getByText('Not pinned', { exact: true }).waitFor();
    going.resolve();
    await page.getByText(/^In order: [\d,]+ lines say what was written\.$/).waitFor();
    await page.getByRole('button', { name: /^Verify [\d,]+ lines$/ }).waitFor();
    assert.equal(await page.getByText('Pinned in this browser').count(), 0);
    checkComplaints(page);
    await page.close();
  });

  test('a record is proven, and the proof is good for the command', async () => {
    const page = await world.open('dana', '/decisions?outcome=allowed&show=tokens');
    await page
      .getByRole('link', { name: /^Allowed/ })
      .first()
      .click();
    await page.getByRole('button', { name: 'Prove it' }).click();
    await page.getByText('It is in the record, as it stands here.').waitFor();
    await checkLooks(page, 'decision-proven');
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save the proof' }).click();
    const file = join(home, 'proof.json');
    await (await download).saveAs(file);
    const [key] = [join(home, 'key.json')];
    await writeFile(key, (await runCredence(['audit', 'key', '--home', home])).stdout);
    const proven = await runCredence(['audit', 'verify', '--proof', file, '--key', key]);
    assert.deepEqual([proven.code, proven.stdout.startsWith('proven:')], [0, true], proven.stdout);
    checkComplaints(page);
    await page.close();
  });

  test('exports: what goes where, and that it has arrived', async () => {
    const page = await world.open('dana', '/settings?part=exports');
    const row = page.getByRole('row').filter({ hasText: 'archive' });
    await row.getByText('file', { exact: true }).waitFor();
    await row.getByText('record.jsonl').waitFor();
    // What alice and her agent did at the beginning is there, line by line.
    const arrived = async () => (await readFile(join(home, 'record.jsonl'), 'utf8').catch(() => '')).split('\n');
    const isThere = async () => (await arrived()).some((line) => line.includes('"kind":"issuance"'));
    for (let tries = 0; !(await isThere()) && tries < 300; tries += 1) await page.waitForTimeout(100);
    assert.ok(await isThere(), 'the lines of an issuance');
    await row.getByText('Up to date').waitFor();
    await checkLooks(page, 'settings-exports-one');
    await page.close();
  });

  test('a row that was bent in the database is named as the first that is wrong; it proves nothing; all before it is in order', async () => {
    const database = new DatabaseSync(join(home, 'store.db'), { timeout: 5000 });
    const [row] = database.prepare("SELECT id, position FROM audit WHERE kind = 'issuance' LIMIT 1").all();
    const { id, position } = row as { id: string; position: number };
    database.exec('DROP TRIGGER audit_refuses_update');
    database
      .prepare(`UPDATE audit SET body = replace(body, '"outcome":"allowed"', '"outcome":"refused"') WHERE id = ?`)
      .run(id);
    database.close();

    const page = await world.open('dana', '/audit?part=verify');
    await verify(page);
    await page.getByText(/^Not in order: line [\d,]+ is the first that is wrong\.$/).waitFor();
    await page.getByText('its hash is not that of what it says').waitFor();
    await checkLooks(page, 'audit-bent');
    await page.getByRole('link', { name: id }).click();
    await page.waitForURL(`${world.url}/decisions/${id}`);
    await page.getByRole('button', { name: 'Prove it' }).click();
    await page.getByText(/^Not proven\. the record was altered/).waitFor();
    assert.ok(position > 1);
    checkComplaints(page);
    await page.close();
  });

  test('lines that were taken away in front, where the tree is stored and none is missed, are named', async () => {
    const { demo } = world.acme;
    const { idp, idToken } = await agentOf(demo, 'alice');
    const [server] = demo.servers;
    assert.ok(server);
    for (let made = 0; made < 256; made += 1) tokenOf(await issue(demo, server, idToken, secretOf(idp)));
    const page = await world.open('dana', '/audit?part=verify');
    await untilSealed(page);
    const database = new DatabaseSync(join(home, 'store.db'), { timeout: 5000 });
    database.exec('DROP TRIGGER audit_refuses_delete; DELETE FROM audit WHERE position <= 256');
    database.close();

    await page.reload();
    await verify(page);
    await page.getByText(/^it begins behind line 256, and no checkpoint says that any may be gone/).waitFor();
    checkComplaints(page);
    await page.close();
  });
});
