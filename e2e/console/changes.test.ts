import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { runCredence } from '../../examples/acme/server-process.ts';
import { visitAll } from '../../examples/acme/visits.ts';
import { suiteScope } from '../harness.ts';
import { askWell } from './api.ts';
import { type ConsoleWorld, checkComplaints, checkLooks, startConsole } from './harness.ts';

describe('a change of the policy', () => {
  const scope = suiteScope(after);
  let world: ConsoleWorld;
  before(async () => {
    world = await startConsole(scope);
    await visitAll(world.acme.demo, 'alice', 'claude-code');
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
    const replay = page.getByRole('region', { name: /^The last 30 days/ });
    await replay.getByRole('row', { name: 'alice@acme.example 0 −1 0' }).waitFor();
    await replay.getByRole('row', { name: 'Company documents 0 −1 0' }).waitFor();
    const figures = await replay.locator('dd > span:first-child').allTextContents();
    const total = Number(/(\d+) decisions,/.exec((await replay.textContent()) ?? '')?.[1]);
    const [more, less, again, same] = figures.map((text) => Number.parseInt(text, 10));
    assert.deepEqual([more, less, again, same], [0, 1, 0, total - 1], 'four figures that sum to the total');
    await page.getByLabel(/^Find a person/).fill('alice');
    await page.getByRole('button', { name: /alice@acme\.example/ }).click();
    await page.getByRole('status').getByText('Loses').waitFor();
    await page.getByText('Rule engineering-files-refused', { exact: false }).first().waitFor();
    await checkLooks(page, 'draft');

    await replay.getByText('1 decision that would be another').click();
    await replay.getByRole('row', { name: /Alice.*files:write/ }).waitFor();
    await replay.getByRole('button', { name: 'As a table' }).click();
    await replay.getByRole('table', { name: 'By day' }).getByRole('row').nth(1).waitFor();
    await checkLooks(page, 'draft-replay-table');
    await replay.getByRole('button', { name: '7 days' }).click();
    await page.getByRole('heading', { name: /^The last 7 days/ }).waitFor();
    const whose = page
      .getByRole('region', { name: /^The last 7 days/ })
      .getByRole('link', { name: 'alice@acme.example' });
    assert.match((await whose.getAttribute('href')) ?? '', /^\/decisions\?person=u_[^&]+&from=\d{4}-/);

    await page.getByRole('button', { name: 'Publish: 0 gain, 1 lose' }).click();
    await page.getByText('Version 2 is in force.').waitFor();
    // Of the other document there is a first version, too.
    const versions = page.getByRole('table', { name: 'Versions: Access' });
    await versions.getByRole('link', { name: 'v2' }).waitFor();
    await versions.getByRole('link', { name: 'v1' }).click();
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

  test('a text that nobody was shown is not published: the button is that of the text that the words are of', async () => {
    const page = await world.open('dana', '/changes');
    await page.getByRole('heading', { level: 1, name: 'Nothing waits for approval.' }).waitFor();
    const { items } = await ask(page, 'GET', '/policies/access/versions?limit=1');
    const { document } = await ask(page, 'GET', `/policies/access/versions/${items[0]?.version}`);
    const draft = await ask(page, 'POST', '/drafts', { body: { kind: 'access', name: 'Harmless', document } });
    await page.clock.install();
    await page.goto(`${world.url}/changes/${draft.id}`);
    const publish = page.getByRole('button', { name: 'Publish: 0 gain, 0 lose' });
    await publish.waitFor();

    // The draft becomes another; the page reads that, but not what it does.
    const away = { status: 503, title: 'Away', detail: 'The store is away.' };
    await page.route('**/diff', (route) => route.fulfill({ status: 503, json: away }));
    const other = { document: { ...document, rules: [] } };
    await ask(page, 'PUT', `/drafts/${draft.id}`, { body: other, ifMatch: draft.etag });
    await page.clock.fastForward(11_000);
    await page.evaluate("window.dispatchEvent(new Event('visibilitychange'))");
    await page.getByText('The draft has changed since this was described').waitFor();
    assert.equal(await publish.isDisabled(), true);

    await page.unrouteAll();
    await page.getByRole('button', { name: 'Read it again' }).click();
    const honest = page.getByRole('button', { name: /^Publish: 0 gain, [1-9]/ });
    await honest.waitFor();
    assert.equal(await honest.isEnabled(), true);
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.getByText('“Harmless” is discarded.').waitFor();
    checkComplaints(page);
    await page.close();
  });

  test('a draft stands there before it is known what it does, and nobody is asked to agree until then', async () => {
    const page = await world.open('dana', '/changes');
    await page.getByRole('heading', { level: 1, name: 'Nothing waits for approval.' }).waitFor();
    const draft = await ask(page, 'POST', '/drafts', { body: { kind: 'access', name: 'Slow' } });
    const held = Promise.withResolvers<void>();
    await page.route('**/diff', async (route) => {
      await held.promise;
      await route.continue();
    });
    await page.goto(`${world.url}/changes/${draft.id}`);
    await page.getByRole('heading', { level: 1, name: 'Slow' }).waitFor();
    const approval = page.getByRole('region', { name: 'Approval' });
    await approval.getByText('You can agree to it once it stands here what it does.').waitFor();
    assert.equal(await approval.getByRole('button').count(), 0);
    const person = page.getByLabel(/^Find a person/);
    await person.fill('alice');
    await page.getByRole('button', { name: /alice@acme\.example/ }).click();
    await page.getByRole('status').getByText('Alice gains and loses nothing.').waitFor();
    await checkLooks(page, 'draft-waits');

    held.resolve();
    await page.getByText('Nobody gains or loses anything.').waitFor();
    await approval.getByRole('button', { name: 'Publish: 0 gain, 0 lose' }).waitFor();
    await page.unrouteAll({ behavior: 'wait' });
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.getByText('“Slow” is discarded.').waitFor();
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

  test('a change of people says whom it is about and what they get, whatever whoever asks has named it', async () => {
    const page = await world.open('dana', '/people?tab=groups');
    await page.getByRole('link', { name: 'marketing' }).waitFor();
    const { items } = await ask(page, 'GET', '/people?q=carol');
    const carol = items[0]?.id ?? '';
    const members = { name: 'Tidy up', kind: 'group', id: 'marketing', add: [carol], remove: [] };
    const asked = await ask(page, 'POST', '/changes/members', { body: members });
    const role = { name: 'Nothing much', person: carol, role: 'owner' };
    const askedRole = await ask(page, 'POST', '/changes/administrators', { body: role });

    await page.goto(`${world.url}/changes`);
    const row = page.getByRole('row', { name: /Tidy up/ });
    await row.getByText('Join marketing marketing: Carol carol@acme.example').waitFor();
    const roleRow = page.getByRole('row', { name: /Nothing much/ });
    await roleRow.getByText('Carol carol@acme.example would administer as Owner').waitFor();
    await checkLooks(page, 'changes-people');
    await page.goto(`${world.url}/people?tab=groups`);
    await page.getByRole('link', { name: 'marketing' }).click();
    const waits = page.getByRole('complementary', { name: 'Waits for approval' });
    await waits.getByText('Join marketing marketing: Carol carol@acme.example').waitFor();
    for (const { id } of [asked, askedRole]) await ask(page, 'DELETE', `/changes/${id}`);
    checkComplaints(page);
    await page.close();
  });
});

interface Answer {
  readonly items: readonly { readonly id: string; readonly version: number }[];
  readonly document: object;
  readonly id: string;
  readonly digest: string;
  readonly version: number;
  readonly etag: string;
}

/** By the admin API, as this administrator. */
const ask = (...asked: Parameters<typeof askWell>) => askWell<Answer>(...asked);

async function requireSecondPerson(page: Page): Promise<void> {
  const { items } = await ask(page, 'GET', '/policies/access/versions?limit=1');
  const { document } = await ask(page, 'GET', `/policies/access/versions/${items[0]?.version}`);
  const required = { ...document, second_person: 'required' };
  const { id, digest } = await ask(page, 'POST', '/drafts', {
    body: { kind: 'access', name: 'Two people', document: required },
  });
  const { version } = await ask(page, 'POST', `/drafts/${id}/publish`, { body: { digest } });
  assert.equal(typeof version, 'number');
}
