import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { Page } from 'playwright-core';
import { connect, textOf } from '../../examples/acme/agent.ts';
import { userNamed } from '../../examples/acme/demo-file.ts';
import { runCredence } from '../../examples/acme/server-process.ts';
import { signIn } from '../../examples/acme/sign-in.ts';
import { agentOf, claimsOf, issue, secretOf, suiteScope, tokenOf } from '../harness.ts';
import { askApi, askWell } from './api.ts';
import { type ConsoleWorld, checkComplaints, startConsole } from './harness.ts';

// The jobs that an administrator comes for, each from its beginning to its end, with real agents on the other side. Two more are
// where the parts of them are: finding out why carol was refused, in decisions.test.ts; reviewing who can write to a server and
// exporting it, in reach.test.ts.

const run = promisify(execFile);

describe('the jobs of an administrator', () => {
  const scope = suiteScope(after);
  let world: ConsoleWorld;
  before(async () => {
    world = await startConsole(scope);
    const page = await world.open('dana', '/settings');
    await requireSecondPerson(page);
    await page.close();
  });

  const credence = async (...args: string[]) => {
    const ended = await runCredence([...args, '--home', world.acme.home]);
    assert.ok(ended.code === 0 || ended.code === 2, ended.stderr);
    return ended.stdout;
  };
  const serverNamed = (name: string) => {
    const server = world.acme.demo.servers.find((each) => each.name === name);
    assert.ok(server);
    return server;
  };

  test('stop an agent, and watch its calls end', async () => {
    const { demo } = world.acme;
    const agent = await agentOf(demo, 'alice', 'demo-agent');
    const connection = await connect(demo, serverNamed('everything'), agent);
    const call = () => connection.client.callTool({ name: 'echo', arguments: { message: 'still at work' } });
    assert.match(textOf(await call()), /still at work/);

    const page = await world.open('dana', '/clients/demo-agent');
    await page.getByRole('button', { name: 'Stop…' }).click();
    await page.getByLabel('Why').fill('it acts strangely');
    await page.getByRole('button', { name: 'Stop Demo agent' }).click();
    await page.getByText('Stopped: it acts strangely').waitFor();

    // What it is told leads whoever has to answer for it to the line of the record.
    const [, reference = ''] = /Reference: (\S+)/.exec(await refusalOf(call)) ?? [];
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Search or jump to' }).fill(reference);
    await page.getByRole('option', { name: new RegExp(reference) }).click();
    await page.waitForURL(`${world.url}/decisions/${reference}`);
    await page.getByRole('heading', { level: 1, name: /Demo agent/ }).waitFor();

    await page.goto(`${world.url}/clients/demo-agent`);
    await page.getByRole('button', { name: 'Start again' }).click();
    await page.getByRole('button', { name: 'Stop…' }).waitFor();
    checkComplaints(page);
    await page.close();
  });

  test('connect a client by pasting what its page says: curl, and a program with the official SDK', async () => {
    const { demo } = world.acme;
    const files = serverNamed('files');
    const { idToken, ras } = await agentOf(demo, 'alice');
    const page = await world.open('dana', '/clients/claude-code?kind=curl&server=files');
    await page.getByRole('button', { name: 'Make a secret' }).click();
    const secret = await page.getByRole('dialog').getByRole('region').textContent();
    await page.getByRole('button', { name: 'I have it' }).click();
    const env = {
      ...process.env,
      ID_TOKEN: idToken,
      IDP_SECRET: secret ?? '',
      RAS_SECRET: ras.client_secret ?? '',
    };
    const textAt = async (name: string) => (await page.getByRole('region', { name }).textContent()) ?? '';

    const commands = [
      await textAt('An ID Token in, an ID-JAG out'),
      await textAt('The ID-JAG in, once, an access token out'),
    ];
    // Whoever pastes it has jq; a machine that runs this test need not.
    const jq = `command -v jq >/dev/null || jq() { node -pe 'JSON.parse(require("node:fs").readFileSync(0)).access_token'; }`;
    const { stdout: token } = await run('sh', ['-ec', [jq, ...commands, 'printf %s "$ACCESS_TOKEN"'].join('\n')], {
      env,
    });
    assert.ok((await toolsWith(files.resource, token)).includes('list_directory'));

    await page.getByRole('button', { name: 'Official TypeScript SDK' }).click();
    const program = [
      'const idToken = process.env.ID_TOKEN;',
      "import { Client } from '@modelcontextprotocol/client';",
      (await textAt('In the program')).replace(/^new Streamable/m, 'const transport = new Streamable'),
      "const client = new Client({ name: 'pasted', version: '1' });",
      'await client.connect(transport);',
      'console.log((await client.listTools()).tools.map(({ name }) => name).join());',
      'await client.close();',
    ].join('\n');
    const { stdout: tools } = await run(process.execPath, ['--input-type=module', '-e', program], { env });
    assert.match(tools, /list_directory/);
    checkComplaints(page);
    await page.close();
  });

  test('`credence plan` and the console say the same of a change', async () => {
    const file = join(world.acme.home, 'next.yaml');
    const text = await credence('export');
    const rules = [
      '  - { id: marketing-writes, allow: [files:write], on: files, to: ["group:marketing"], through: [vscode] }',
      '  - { id: engineers-forget, deny: ["memory:write"], on: memory, to: ["group:engineering"] }',
    ];
    await writeFile(file, text.replace('rules:\n', `rules:\n${rules.join('\n')}\n`));
    const plan = JSON.parse(await credence('plan', '-f', file, '--json')) as Plan;
    assert.ok(plan.effects.length >= 2, 'something gained, something lost');
    const begun = await credence('draft', 'begin', 'access', '--name', 'As planned', '--file', file);
    const [, id = ''] = /^Draft (\S+) /.exec(begun) ?? [];

    const page = await world.open('dana', `/changes/${id}`);
    const changes = page.getByRole('region', { name: 'What changes' });
    await changes.getByText(plan.summary).waitFor();
    const said = await changes.getByRole('listitem').locator('p:first-child').allTextContents();
    assert.deepEqual(
      said,
      plan.effects.map(({ words }) => words),
    );
    assert.ok(plan.needsSecondPerson);
    await page.getByText('It grants more than is in force, so a second person must agree.').waitFor();
    await page.getByText('Why it grants more').click();
    const why = await page.getByRole('region', { name: 'Approval' }).getByRole('listitem').allTextContents();
    assert.deepEqual(why, plan.widens);
    for (const { words } of plan.effects) assert.ok((await credence('plan', '-f', file)).includes(words), words);
    checkComplaints(page);
    await page.close();
  });

  test('narrow a scope, see in replay whom it hurts, and have it approved by a second administrator', async () => {
    const { demo } = world.acme;
    const scopesOfAlice = async () => {
      const connection = await connect(demo, serverNamed('files'), await agentOf(demo, 'alice'));
      await connection.close();
      return connection.scopes;
    };
    assert.ok((await scopesOfAlice()).includes('files:write'));
    await credence('admin', 'grant', 'carol@acme.example', 'policy');

    const page = await world.open('dana', '/access');
    const choose = async (group: string, choice: string, says: RegExp) => {
      await page.getByRole('button', { name: new RegExp(`^${group} on Company documents`) }).click();
      const scopes = page.getByRole('group', { name: 'files:write in the draft' });
      await scopes.getByRole('button', { name: choice, exact: true }).click();
      await page.getByText(says).first().waitFor();
    };
    await choose('engineering', 'Refuse', /1 person in engineering loses files:write on Company documents/);
    await choose('marketing', 'Allow', /1 person in marketing gains files:write on Company documents/);
    await page.getByRole('link', { name: 'Review 2 changes' }).click();
    const replay = page.getByRole('region', { name: 'The last 30 days, decided again under this draft' });
    await replay.getByText('would be given less').first().waitFor();
    await replay
      .getByRole('row', { name: /alice@acme\.example/ })
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Ask for approval' }).click();
    await page.getByText('You wrote it, so somebody else approves.').waitFor();
    const draft = new URL(page.url()).pathname;

    const second = await world.open('carol', '/changes');
    await second.getByRole('heading', { level: 1, name: 'One change waits for approval.' }).waitFor();
    await second.locator(`main a[href="${draft}"]`).click();
    await second.getByText(/1 person in engineering loses files:write on Company documents/).waitFor();
    await second.getByRole('button', { name: 'Approve and publish: 1 gain, 1 lose' }).click();
    await second.getByText(/Version \d+ is in force\./).waitFor();
    // What was taken back is told to the other side, which a moment later lets in anew.
    const left = await untilLetIn(scopesOfAlice);
    assert.deepEqual([left.includes('files:read'), left.includes('files:write')], [true, false]);
    checkComplaints(page);
    checkComplaints(second);
    await page.close();
    await second.close();
  });

  test('a people administrator who adds herself to a group that grants something needs a second person', async () => {
    const dana = await world.open('dana', '/people?tab=groups');
    await dana.getByRole('link', { name: 'engineering' }).waitFor();
    await credence('admin', 'grant', 'bob@acme.example', 'people');

    const page = await world.open('bob', '/people?tab=groups');
    await page.getByRole('link', { name: 'engineering' }).click();
    await page.getByRole('button', { name: 'Add people…' }).click();
    await page.getByRole('searchbox', { name: 'Name or address' }).fill('acme');
    await page.getByRole('button', { name: 'Carol carol@acme.example' }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Bob bob@acme.example' }).count(), 0, 'never offered');
    await page.keyboard.press('Escape');

    // What the page does not offer, the API does not do.
    const me = await askWell<{ readonly id: string }>(page, 'GET', '/me');
    const ref = decodeURIComponent(new URL(page.url()).pathname.split('/').at(-1) ?? '');
    const alone = await askApi<Problem>(page, 'POST', `/groups/${ref}/members`, { body: { add: [me.id] } });
    assert.deepEqual([alone.status, alone.value.code], [403, 'second_person_needed']);
    const wish = { name: 'Bob joins engineering', kind: 'group', id: 'engineering', add: [me.id], remove: [] };
    const asked = await askWell<Change>(page, 'POST', '/changes/members', { body: wish });
    const own = await askApi<Problem>(page, 'POST', `/changes/${asked.id}/approve`, { body: { digest: asked.digest } });
    assert.deepEqual([own.status, own.value.code], [403, 'second_person_needed']);
    await page.reload();
    const waits = page.getByRole('complementary', { name: 'Waits for approval' });
    await waits.getByText('You asked for it: somebody else approves.').waitFor();
    assert.equal(await page.getByRole('link', { name: 'Bob', exact: true }).count(), 1, 'only in what waits');

    await dana.getByRole('link', { name: 'engineering' }).click();
    const waiting = dana.getByRole('complementary', { name: 'Waits for approval' });
    await waiting.getByText('Bob bob@acme.example').waitFor();
    await waiting.getByText(/^rules allow group:engineering something at /).waitFor();
    await waiting.getByRole('button', { name: 'Approve' }).click();
    await dana.getByRole('row', { name: /Bob/ }).waitFor();
    checkComplaints(dana);
    checkComplaints(page);
    await dana.close();
    await page.close();
  });
});

describe('from an empty console', () => {
  const scope = suiteScope(after);
  let world: ConsoleWorld;
  before(async () => {
    world = await startConsole(scope);
    const page = await world.open('dana', '/settings');
    const { items } = await askWell<Versions>(page, 'GET', '/policies/access/versions?limit=1');
    const { document } = await askWell<Version>(page, 'GET', `/policies/access/versions/${items[0]?.version}`);
    const body = { kind: 'access', name: 'Empty', document: { ...document, servers: {}, clients: {}, rules: [] } };
    const { id, digest } = await askWell<Change>(page, 'POST', '/drafts', { body });
    await askWell(page, 'POST', `/drafts/${id}/publish`, { body: { digest } });
    await page.close();
  });

  test('enable Linear for engineering in under 60 seconds, and let Alice in', async () => {
    const page = await world.open('dana', '/');
    const startedAt = performance.now();
    await page.getByRole('link', { name: /^Enable a first server/ }).click();
    await page.getByRole('link', { name: 'Catalogue and probe' }).first().click();
    await page.getByRole('button', { name: 'Enable Linear' }).click();
    const dialog = page.getByRole('dialog', { name: 'Let people reach Linear' });
    await dialog.getByRole('group', { name: 'Risk of read' }).getByRole('button', { name: 'Low' }).click();
    await dialog.getByRole('checkbox', { name: 'write' }).uncheck();
    await dialog.getByRole('button', { name: 'engineering', exact: true }).click();
    await dialog.getByRole('checkbox', { name: /^Claude Code/ }).check();
    await dialog.getByRole('button', { name: 'Make the draft' }).click();
    await page.getByText('1 person in engineering gains read on Linear through Claude Code.').waitFor();
    await page.getByRole('button', { name: 'Publish: 1 gain, 0 lose' }).click();
    await page.getByText(/Version \d+ is in force\./).waitFor();
    const seconds = (performance.now() - startedAt) / 1000;
    assert.ok(seconds < 60, `${seconds} s`);

    // What remains is to tell the client who it is: its page has the secret and the addresses.
    await page.goto(`${world.url}/clients/claude-code?server=linear`);
    await page.getByRole('button', { name: 'Make a secret' }).click();
    const secret = await page.getByRole('dialog').getByRole('region').textContent();
    await page.getByRole('button', { name: 'I have it' }).click();
    const { idp } = world.acme.demo;
    const { email, password } = userNamed(world.acme.demo, 'alice');
    const client = { client_id: 'claude-code', client_secret: secret };
    const { id_token } = await signIn({ issuer: idp.issuer, client, email, password });
    const linear = { audience: 'https://mcp.linear.app', resource: 'https://mcp.linear.app/mcp' };
    const given = await issue(world.acme.demo, linear, id_token, secretOf(client));
    const { aud, resource, scope: granted } = claimsOf(tokenOf(given));
    assert.deepEqual([aud, resource, granted], [linear.audience, linear.resource, 'read']);
    checkComplaints(page);
    await page.close();
  });
});

/** Calls until it is refused, and tells in which words; what was stopped is refused within a second, so ten are plenty. */
async function refusalOf(call: () => Promise<unknown>): Promise<string> {
  for (let tries = 0; tries < 200; tries += 1) {
    try {
      await call();
    } catch (error) {
      return (error as Error).message;
    }
    await wait(50);
  }
  throw new Error('It is still let in.');
}

/** Tries until it is not refused. */
async function untilLetIn<T>(enter: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await enter();
    } catch (refusal) {
      if (tries === 40) throw refusal;
    }
    await wait(250);
  }
}

/** What a client is shown that has nothing but an access token. */
async function toolsWith(resource: string, token: string): Promise<string[]> {
  const client = new Client({ name: 'pasted', version: '1' });
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(resource), { requestInit }));
  const { tools } = await client.listTools();
  await client.close();
  return tools.map(({ name }) => name);
}

async function requireSecondPerson(page: Page): Promise<void> {
  const { items } = await askWell<Versions>(page, 'GET', '/policies/access/versions?limit=1');
  const { document } = await askWell<Version>(page, 'GET', `/policies/access/versions/${items[0]?.version}`);
  const body = { kind: 'access', name: 'Two people', document: { ...document, second_person: 'required' } };
  const { id, digest } = await askWell<Change>(page, 'POST', '/drafts', { body });
  await askWell(page, 'POST', `/drafts/${id}/publish`, { body: { digest } });
}

interface Version {
  readonly version: number;
  readonly document: object;
}

interface Versions {
  readonly items: readonly Version[];
}

interface Problem {
  readonly code: string;
}

interface Change {
  readonly id: string;
  readonly digest: string;
}

interface Plan {
  readonly summary: string;
  readonly effects: readonly { readonly words: string }[];
  readonly widens: readonly string[];
  readonly needsSecondPerson: boolean;
}
