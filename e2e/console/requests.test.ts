import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { serverNamed } from '../../examples/acme/demo-file.ts';
import { entered, visitAll } from '../../examples/acme/visits.ts';
import { agentOf, issue, redeem, secretOf, suiteScope, tokenOf } from '../harness.ts';
import { type ConsoleWorld, checkComplaints, checkLooks, fillSignIn, startConsole, watch } from './harness.ts';

// Refused, told why, asks, is answered, and is let in.

describe('a person whose agent was refused', () => {
  const scope = suiteScope(after);
  let world: ConsoleWorld;
  before(async () => {
    world = await startConsole(scope);
  });

  /** What the agent of this person was told at a server that it was not let in to. */
  async function refusedAt(firstName: string, server: string): Promise<string> {
    const visits = await visitAll(world.acme.demo, firstName, 'claude-code');
    const found = visits.find((visit) => visit.server === server);
    assert.ok(found && !entered(found), `${firstName} is refused at ${server}`);
    const [link] = /https?:\/\/\S+\/refused\/\S+/.exec(found.refusal) ?? [];
    assert.ok(link, found.refusal);
    return link;
  }

  /** A browser of their own, in which they sign in for the page. */
  async function openAs(firstName: string, link: string): Promise<Page> {
    const context = await world.browser.newContext({ viewport: { width: 1440, height: 900 } });
    watch(context, world.acme.demo.idp.issuer);
    const page = await context.newPage();
    await page.goto(link);
    await fillSignIn(page, world.acme.demo, firstName);
    await page.waitForURL(link);
    return page;
  }

  const pictures = process.env.SCREENSHOTS;
  /** As axe sees it, and as wide as it may be. */
  const checkEmployeePage = async (page: Page, name: string) => {
    for (const [look, colorScheme, width] of [
      ['light', 'light', 1440],
      ['dark', 'dark', 1440],
      ['narrow', 'light', 360],
    ] as const) {
      if (!pictures && look === 'dark') continue;
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth');
      assert.ok(overflow <= 0, `${name}, ${look}: scrolls sideways by ${overflow} px`);
      if (pictures) await page.screenshot({ path: `${pictures}/${name}-${look}.png`, fullPage: true });
    }
    const { violations } = await new AxeBuilder({ page }).analyze();
    assert.deepEqual(
      violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]),
      [],
    );
    checkComplaints(page);
  };

  test('reads why, asks, is given it with an end, is told, and is let in', async () => {
    const link = await refusedAt('bob', 'memory');
    const bob = await openAs('bob', link);
    await bob.getByRole('heading', { level: 1, name: /^Claude Code may not .* Personal memory for you\.$/ }).waitFor();
    await bob.getByLabel('What do you need it for?').fill('To keep notes about the launch');
    await bob.getByLabel('My daily work').check();
    await checkEmployeePage(bob, 'refused');
    await bob.getByRole('button', { name: 'Ask for access' }).click();
    await bob.getByText('Nobody has answered yet.').waitFor();
    await checkEmployeePage(bob, 'refused-asked');

    const dana = await world.open('dana', '/');
    await dana.getByRole('link', { name: 'Requests 1' }).click();
    await dana.getByRole('heading', { level: 1, name: 'One person waits for an answer.' }).waitFor();
    await dana.getByRole('cell', { name: 'To keep notes about the launch' }).waitFor();
    await checkLooks(dana, 'requests');
    await dana.setViewportSize({ width: 1440, height: 900 });
    await dana.getByRole('link', { name: 'Personal memory through Claude Code' }).click();
    await dana.getByRole('heading', { level: 1, name: 'Bob asks for Personal memory through Claude Code.' }).waitFor();
    await dana.getByText('gains memory:read').waitFor();
    await checkLooks(dana, 'request');
    await dana.setViewportSize({ width: 1440, height: 900 });
    await dana.getByLabel('A word to them').fill('For the launch');
    await dana.getByRole('button', { name: 'Approve: make the draft' }).click();
    await dana.getByRole('heading', { level: 1, name: /^Asked for: memory:read/ }).waitFor();
    await dana.getByText('“To keep notes about the launch”').waitFor();
    await checkLooks(dana, 'draft-asked-for');
    await dana.setViewportSize({ width: 1440, height: 900 });
    await dana.getByRole('button', { name: 'Publish: 1 gain, 0 lose' }).click();
    await dana.getByText(/Version \d+ is in force\./).waitFor();
    await dana.getByRole('link', { name: 'Requests', exact: true }).click();
    await dana.getByText('No request waits.').waitFor();
    await dana.getByRole('button', { name: 'Answered' }).click();
    await dana.getByRole('link', { name: 'Personal memory through Claude Code' }).click();
    await dana.getByText('“For the launch”').waitFor();
    await checkLooks(dana, 'request-approved');
    await dana.close();

    await bob.reload();
    await bob.getByText(/You have it until \d{4}-\d{2}-\d{2}\./).waitFor();
    await bob.getByText('For the launch', { exact: true }).waitFor();
    await bob.getByRole('link', { name: 'What can act in your name' }).click();
    await bob.getByRole('link', { name: 'Personal memory through Claude Code' }).waitFor();
    await checkEmployeePage(bob, 'agents-asked');
    await bob.context().close();
    const visits = await visitAll(world.acme.demo, 'bob', 'claude-code');
    const memory = visits.find(({ server }) => server === 'memory');
    assert.ok(memory && entered(memory), 'is let in');
  });

  test('a call that the gateway refused leads to the same page, for whoever it was called for', async () => {
    const { demo } = world.acme;
    const files = serverNamed(demo, 'files');
    const { idToken, idp, ras } = await agentOf(demo, 'bob');
    const idJag = tokenOf(await issue(demo, files, idToken, secretOf(idp)));
    const token = tokenOf(await redeem(demo, idJag, secretOf(ras)));
    const call = async (name: string) => {
      const response = await fetch(files.resource, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json, text/event-stream',
          'content-type': 'application/json',
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } }),
      });
      assert.equal(response.status, 403);
      return { challenge: response.headers.get('www-authenticate'), text: await response.text() };
    };
    const { challenge, text } = await call('write_file');
    const [, link = ''] = /error_uri="([^"]+)"/.exec(challenge ?? '') ?? [];
    assert.ok(link.startsWith(`${demo.idp.issuer}/refused/d_`), challenge ?? '');
    assert.ok(text.includes(`"error_uri":"${link}"`), text);
    const bob = await openAs('bob', link);
    await bob
      .getByRole('heading', { level: 1, name: 'Claude Code may not write files on Company documents for you.' })
      .waitFor();
    await bob.getByRole('button', { name: 'Ask for access' }).waitFor();
    await checkEmployeePage(bob, 'refused-call');

    const { error } = JSON.parse((await call('format_disk')).text) as { error: { data: { error_uri: string } } };
    await bob.goto(error.data.error_uri);
    await bob
      .getByRole('heading', { level: 1, name: 'Claude Code may not use format_disk on Company documents for you.' })
      .waitFor();
    await checkEmployeePage(bob, 'refused-tool');
    await bob.context().close();
    const carol = await openAs('carol', link);
    await carol.getByRole('heading', { level: 1, name: 'There is nothing here for you.' }).waitFor();
    await carol.context().close();
  });

  test('is told no, with a word; somebody else is told nothing', async () => {
    const link = await refusedAt('carol', 'files');
    const carol = await openAs('carol', link);
    await carol.getByText('Acme has ruled this out.').waitFor();
    await carol.getByLabel('What do you need it for?').fill('To read the handbook');
    await carol.getByRole('button', { name: 'Ask for access' }).click();
    await carol.getByText('Nobody has answered yet.').waitFor();

    const dana = await world.open('dana', '/requests');
    await dana.getByRole('link', { name: 'Company documents through Claude Code' }).click();
    await dana.getByText('No rule that allows it would do.').waitFor();
    await checkLooks(dana, 'request-barred');
    await dana.setViewportSize({ width: 1440, height: 900 });
    await dana.getByRole('button', { name: 'Decline…' }).click();
    await dana.getByRole('button', { name: 'Decline', exact: true }).click();
    await dana.getByText('Say why, or what they can do instead.').waitFor();
    await dana.getByLabel('A word to them').fill('Contractors get a copy from their host');
    await dana.getByRole('button', { name: 'Decline', exact: true }).click();
    await dana.getByText('Declined.', { exact: true }).waitFor();
    checkComplaints(dana);
    await dana.close();

    await carol.reload();
    await carol.getByText('Contractors get a copy from their host').waitFor();
    await checkEmployeePage(carol, 'refused-declined');
    await carol.context().close();

    const alice = await openAs('alice', link);
    await alice.getByRole('heading', { level: 1, name: 'There is nothing here for you.' }).waitFor();
    await checkEmployeePage(alice, 'refused-nothing');
    await alice.context().close();
  });
});
