import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { agentOf, claimsOf, issue, redeem, secretOf, suiteScope, tokenOf } from '../harness.ts';
import { type ConsoleWorld, checkComplaints, checkLooks, startConsole } from './harness.ts';

describe('servers and clients', () => {
  const scope = suiteScope(after);
  let world: ConsoleWorld;
  before(async () => {
    world = await startConsole(scope);
  });

  test('stop a server, read what that does, and start it again', async () => {
    const page = await world.open('dana', '/servers');
    await page.getByRole('link', { name: 'Personal memory' }).click();
    await page.getByRole('heading', { level: 1, name: 'Personal memory' }).waitFor();
    await page.getByRole('button', { name: 'Stop…' }).click();
    await page.getByLabel('Why').fill('it tells too much');
    await page.getByRole('button', { name: 'Stop Personal memory' }).click();
    await page.getByText('Stopped: it tells too much').waitFor();
    await page.goto(`${world.url}/servers`);
    await page.getByRole('row', { name: /Personal memory Stopped/ }).waitFor();
    await page.getByRole('link', { name: 'Personal memory' }).click();
    await page.getByRole('button', { name: 'Start again' }).click();
    await page.getByRole('button', { name: 'Stop…' }).waitFor();
    checkComplaints(page);
    await page.close();
  });

  test('who may reach a server is counted, by client and by group', async () => {
    const page = await world.open('dana', '/servers/files');
    await page.getByText('2 people may reach it').waitFor();
    await page.getByRole('row', { name: /marketing group:marketing 1/ }).waitFor();
    checkComplaints(page);
    await page.close();
  });

  test('what a client is set up with is what its page says, for the server that was chosen', async () => {
    const page = await world.open('dana', '/clients/claude-code?kind=curl&server=memory');
    const text = page.getByRole('region', { name: 'An ID Token in, an ID-JAG out' });
    await text.waitFor();
    const { idp, ras } = world.acme.demo;
    for (const part of [`${idp.issuer}/token`, `resource=${ras.issuer}/memory/mcp`, 'client_id=claude-code']) {
      assert.ok((await text.textContent())?.includes(part), part);
    }
    await page.getByRole('button', { name: 'Visual Studio Code' }).click();
    const settings = page.getByRole('region', { name: 'settings.json' });
    assert.equal(JSON.parse((await settings.textContent()) ?? '')['mcp.enterpriseManagedAuth.idp'].issuer, idp.issuer);
    checkComplaints(page);
    await page.close();
  });

  test('a new secret is shown once, and one that is removed is gone', async () => {
    const page = await world.open('dana', '/clients/vscode');
    await page.getByRole('button', { name: 'Make a secret' }).click();
    const secret = await page.getByRole('dialog').getByRole('region').textContent();
    assert.match(secret ?? '', /^\S{20,}$/);
    await page.getByRole('button', { name: 'I have it' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.ok(!(await page.content()).includes(secret ?? ''));
    await page.getByRole('row').filter({ hasText: 'Remove' }).nth(2).waitFor();
    await page
      .getByRole('button', { name: /^Remove / })
      .last()
      .click();
    await page.getByRole('button', { name: 'Remove this secret' }).click();
    await page.getByText('The secret is gone.').waitFor();
    checkComplaints(page);
    await page.close();
  });

  test('enable a server of the catalogue for a group: one draft, what remains by hand, published without a restart', async () => {
    const page = await world.open('dana', '/catalogue');
    await page.getByRole('button', { name: 'Enable Linear' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Choose a group.').waitFor();
    await dialog.getByRole('group', { name: 'Risk of read' }).getByRole('button', { name: 'Low' }).click();
    await dialog.getByLabel('Find a group').fill('engin');
    await dialog.getByRole('button', { name: 'engineering', exact: true }).click();
    await dialog.getByRole('checkbox', { name: 'Claude Code' }).check();
    await dialog.getByRole('checkbox', { name: /^Zed/ }).check();
    await dialog.getByText('Nothing is in force until the draft is published.').waitFor();
    await checkLooks(page, 'enable-dialog');
    await dialog.getByRole('button', { name: 'Make the draft' }).click();

    await page.getByRole('heading', { level: 1, name: 'Enable Linear' }).waitFor();
    await page
      .getByText(/1 person in engineering gains write on Linear/)
      .first()
      .waitFor();
    const steps = page.getByRole('region', { name: 'What remains to be done by hand for Linear' });
    await steps.getByRole('region', { name: 'At https://mcp.linear.app: register Claude Code' }).waitFor();
    await checkLooks(page, 'enable-draft');
    await page.getByRole('button', { name: /^Publish: 1 gain/ }).click();
    await page.getByText(/^Version \d+ is in force\.$/).waitFor();

    const { demo } = world.acme;
    const { idp, idToken } = await agentOf(demo, 'alice');
    const linear = { audience: 'https://mcp.linear.app', resource: 'https://mcp.linear.app/mcp' };
    const issued = await issue(demo, linear, idToken, secretOf(idp));
    const { aud, client_id, scope: granted } = claimsOf(tokenOf(issued));
    assert.deepEqual([aud, client_id, granted], ['https://mcp.linear.app', 'claude-code', 'read']);

    await page.goto(`${world.url}/servers/linear`);
    await page.getByText('1 person may reach it').waitFor();
    await page.getByRole('region', { name: 'At https://mcp.linear.app: register Claude Code' }).waitFor();
    await page.getByRole('link', { name: 'Open Claude Code' }).click();
    await page.getByRole('heading', { level: 1, name: 'Claude Code' }).waitFor();
    const command = page.getByRole('region', { name: 'For each server' });
    await command.getByText('claude mcp add linear https://mcp.linear.app/mcp').waitFor();
    await page.goto(`${world.url}/catalogue`);
    await page
      .getByRole('row', { name: /^Linear/ })
      .getByRole('link', { name: 'Enabled' })
      .waitFor();
    checkComplaints(page);
    await page.close();
  });

  test('a server of our own: one dialog, a draft of each document, and nothing to paste for the gateway', async () => {
    const page = await world.open('dana', '/catalogue');
    await page.getByRole('button', { name: 'Put one behind the gateway…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('It needs a name for rules.').waitFor();
    await dialog.getByLabel('Name', { exact: true }).fill('Notes');
    await dialog.getByLabel('Name in rules').fill('notes');
    await dialog.getByLabel('Where it runs').fill('http://127.0.0.1:9/mcp');
    await dialog.getByText(`${world.acme.demo.ras.issuer}/notes/mcp`).waitFor();
    await dialog.getByLabel('Another scope').fill('notes:read');
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    await dialog.getByRole('group', { name: 'Risk of notes:read' }).getByRole('button', { name: 'Low' }).click();
    await dialog.getByLabel('Find a group').fill('engin');
    await dialog.getByRole('button', { name: 'engineering', exact: true }).click();
    await dialog.getByRole('checkbox', { name: 'Claude Code' }).check();
    await dialog.getByText('Nothing is in force until the draft is published.').waitFor();
    await checkLooks(page, 'enable-own');
    await page.setViewportSize({ width: 1440, height: 900 });
    await dialog.getByRole('button', { name: 'Make the draft' }).click();

    await page.getByRole('heading', { level: 1, name: 'Enable Notes' }).waitFor();
    const steps = page.getByRole('region', { name: 'What remains to be done by hand for Notes' });
    await steps.getByRole('heading', { name: /^Publish “Guard Notes”/ }).waitFor();
    assert.equal(await steps.getByText('upstream:').count(), 0);
    await checkLooks(page, 'enable-own-draft');
    await page.setViewportSize({ width: 1440, height: 900 });
    await steps.getByRole('link', { name: 'Open the draft' }).click();
    await page.getByRole('heading', { level: 1, name: 'Guard Notes' }).waitFor();
    await page.getByRole('button', { name: /^Publish/ }).click();
    await page.getByText(/^Version \d+ is in force\.$/).waitFor();
    await page.getByRole('link', { name: 'Enable Notes' }).click();
    await page.getByRole('heading', { level: 1, name: 'Enable Notes' }).waitFor();
    await page
      .getByText(/1 person in engineering gains notes:read on Notes/)
      .first()
      .waitFor();
    await page.getByRole('heading', { name: /^Publish “Guard Notes”/ }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: /^Publish: 1 gain/ }).click();
    await page.getByText(/^Version \d+ is in force\.$/).waitFor();
    checkComplaints(page);
    await page.close();

    // Let in, and passed on to where nobody answers.
    const { demo } = world.acme;
    const { idp, ras, idToken } = await agentOf(demo, 'alice');
    const resource = `${demo.ras.issuer}/notes/mcp`;
    const token = tokenOf(
      await redeem(demo, tokenOf(await issue(demo, { resource }, idToken, secretOf(idp))), secretOf(ras)),
    );
    const response = await fetch(resource, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
    });
    assert.equal(response.status, 502);
  });

  test('a probe says what it found, and what it could not see', async () => {
    const { ras } = world.acme.demo;
    const page = await world.open('dana', '/catalogue');
    await page.getByLabel('Address of the MCP server').fill(`${ras.issuer}/files/mcp`);
    await page.getByRole('button', { name: 'Probe', exact: true }).first().click();
    await page.getByText('It names itself by this URL.').waitFor();
    await page.getByText('It says that it takes ID-JAGs.').first().waitFor();
    await page.getByRole('region', { name: 'For the access document' }).waitFor();
    checkComplaints(page);
    await page.close();
  });
});
