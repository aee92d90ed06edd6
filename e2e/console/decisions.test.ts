import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { visitAll } from '../../examples/acme/visits.ts';
import { suiteScope } from '../harness.ts';
import { type ConsoleWorld, checkComplaints, checkLooks, startConsole } from './harness.ts';

// Finding out why: the record as it is written, a search of it, and each line as a story.

describe('decisions', () => {
  const scope = suiteScope(after);
  let world: ConsoleWorld;
  before(async () => {
    world = await startConsole(scope);
    for (const who of ['alice', 'bob', 'carol']) await visitAll(world.acme.demo, who, 'claude-code');
  });

  test('the job: find out why carol was refused', async () => {
    const page = await world.open('dana', '/decisions');
    await page.getByRole('heading', { level: 1, name: 'Decisions' }).waitFor();
    await page
      .getByRole('link', { name: /^Refused/ })
      .first()
      .waitFor();
    await page.getByRole('link', { name: 'carol@acme.example' }).first().waitFor();
    await checkLooks(page, 'decisions');

    await page.getByRole('button', { name: 'Refused' }).click();
    await page.waitForURL(/outcome=refused/);
    await page.getByRole('combobox', { name: 'Person' }).fill('carol');
    await page.getByRole('option', { name: /carol@acme\.example/ }).click();
    await page.waitForURL(/person=u_/);
    await page.getByRole('link', { name: 'alice@acme.example' }).waitFor({ state: 'detached' });
    await page
      .getByRole('link', { name: /^Refused/ })
      .first()
      .click();

    await page
      .getByRole('heading', { level: 1, name: /^carol@acme\.example may not .* through Claude Code\.$/ })
      .waitFor();
    const spoke = page.getByRole('row', { name: /contractors-nothing/ });
    await spoke.getByText(/a refusal wins/).waitFor();
    await page.getByText('Not to be covered by contractors-nothing: a refusal wins over every allow.').waitFor();
    await page.getByText('Decided again just now: the same answer.').waitFor();

    const first = page.url();
    await page.getByRole('link', { name: /^Previous/ }).waitFor();
    await page.keyboard.press('[');
    await page.waitForURL((url) => url.href !== first && url.search === new URL(first).search);
    await page.getByRole('heading', { level: 1, name: /^carol@acme\.example may not/ }).waitFor();
    await page.getByRole('link', { name: /^Next/ }).waitFor();
    await page.keyboard.press(']');
    await page.waitForURL(first);
    checkComplaints(page);
    await page.close();
  });

  test('nearest misses first, and a draft of the smallest change', async () => {
    const page = await world.open('dana', '/decisions?outcome=refused');
    const row = page.getByRole('row').filter({ hasText: 'bob@acme.example' }).first();
    await row.getByRole('link', { name: /^Refused/ }).click();
    await page.getByRole('heading', { level: 1, name: /^bob@acme\.example may not/ }).waitFor();
    await page.getByText('1 person', { exact: true }).waitFor();
    await checkLooks(page, 'decision-way-out');
    await page.getByRole('button', { name: 'Start draft' }).first().click();
    await page
      .getByText(/Draft “bob@acme\.example.*” is under Changes/)
      .or(page.getByRole('heading', { name: /bob@acme/ }).first())
      .first()
      .waitFor();
    checkComplaints(page);
    await page.close();
  });

  test('from the rule to the last call', async () => {
    const page = await world.open('dana', '/decisions?outcome=allowed');
    const row = page.getByRole('row').filter({ hasText: 'alice@acme.example' }).first();
    await row.getByRole('link', { name: /^(Allowed|Narrowed)/ }).click();
    await page.getByRole('heading', { level: 3, name: /^Policy v/ }).waitFor();
    await page.getByRole('heading', { level: 3, name: /\d calls?$/ }).waitFor();
    await checkLooks(page, 'decision-allowed');
    await page.getByRole('heading', { level: 3, name: 'Token' }).getByRole('link').click();
    await page.getByRole('heading', { level: 1, name: /was given a token/ }).waitFor();
    checkComplaints(page);
    await page.close();
  });

  test('keys: into the rows, open, and back to the same filters', async () => {
    const page = await world.open('dana', '/decisions?show=calls');
    await page
      .getByRole('link', { name: /Tool call/ })
      .first()
      .waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/decisions\/[\w-]+\?show=calls/);
    await page.goBack();
    await page.waitForURL(`${world.url}/decisions?show=calls`);
    checkComplaints(page);
    await page.close();
  });

  test('where nothing fits, that is said', async () => {
    const page = await world.open('dana', '/decisions?person=u_nobody');
    await page.getByText('Nothing on the record fits.').waitFor();
    await page.close();
  });

  test('where there is no such line, that is said', async () => {
    const page = await world.open('dana', '/decisions/d_nothing_of_the_kind');
    await page.getByRole('alert').waitFor();
    assert.equal(await page.getByRole('heading', { level: 1 }).count(), 0);
    await page.close();
  });

  test('what is decided meanwhile comes in on top, and waits while somebody looks', async () => {
    const page = await world.open('dana', '/decisions');
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByRole('row').nth(1).waitFor();
    const before = await page.getByRole('row').count();
    await page.getByRole('button', { name: 'Pause' }).click();
    await visitAll(world.acme.demo, 'bob', 'claude-code');
    await page.getByText(/Held while you look: \d new/).waitFor();
    assert.equal(await page.getByRole('row').count(), before);
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByRole('row').nth(before).waitFor();
    await page.getByRole('row').nth(1).getByText('bob@acme.example').waitFor();
    checkComplaints(page);
    await page.close();
  });

  test('the overview opens with its answer, and what is in it leads on', async () => {
    const page = await world.open('dana', '/');
    await page.getByRole('heading', { level: 1, name: /^Nothing is in trouble\..*waits? for you\.$/ }).waitFor();
    const latest = page.getByRole('table', { name: 'Latest decisions' });
    await latest.getByRole('link', { name: 'bob@acme.example' }).first().waitFor();
    await checkLooks(page, 'overview-used');
    await page.getByRole('button', { name: 'Show as table' }).click();
    await page.getByRole('table', { name: 'Decisions by hour' }).getByRole('row').nth(24).waitFor();
    await page.getByRole('button', { name: '30 days' }).click();
    await page.waitForURL(/range=d30/);
    await page.getByRole('table', { name: 'Decisions by day' }).waitFor();
    await page.getByRole('region', { name: 'Why people were refused' }).getByRole('link').first().click();
    await page.waitForURL(/\/decisions\?.*reason=policy_denied/);
    await page
      .getByRole('link', { name: /^Refused/ })
      .first()
      .waitFor();
    checkComplaints(page);
    await page.close();
  });
});
