import assert from 'node:assert/strict';
import { test } from 'node:test';
import { userNamed } from '../examples/acme/demo-file.ts';
import { runCredence } from '../examples/acme/server-process.ts';
import { codeOf, secretOn } from '../packages/server/src/idp/sign-in/test-client.ts';
import { TestBrowser } from '../packages/server/src/idp/sign-in/test-world.ts';
import { agentOf, exportAudit, issue, secretOf, startAcme, tokenOf } from './harness.ts';

// Local accounts, those who administer, and "My agents", with a real server and the real command line beside it.

const chosen = 'nine tulips and a harbour';

test('invited, made help desk, invited anew, enrolled, helps; an agent works and is ended; the record tells all of it', async (t) => {
  const { home, demo } = await startAcme(t);
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await runCredence([...args, '--home', home]);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const { issuer } = demo.idp;
  const pathOf = (url: string) => `${issuer}${new URL(url).pathname}`;
  const invite = async (...as: string[]) =>
    JSON.parse(await run('person', 'invite', 'erin@acme.example', ...as, '--json'));
  const before = await invite('--group', 'engineering');
  await run('admin', 'grant', 'erin@acme.example', 'help-desk');
  const link = await invite();

  const erin = new TestBrowser(issuer);
  assert.equal((await erin.get(pathOf(before.url))).status, 400, 'made for somebody without a role');
  const page = await erin.get(pathOf(link.url));
  const set = await erin.submit(page, { do: 'set', password: chosen, again: chosen });
  assert.match(set.page, /Your password is set/);
  assert.equal((await erin.get(pathOf(link.url))).status, 400, 'once');

  const login = await erin.get(`${issuer}/help-desk`);
  const setup = await erin.submit(login, { do: 'sign-in', email: 'erin@acme.example', password: chosen });
  const codes = await erin.submit(setup, { do: 'app-code', code: codeOf(secretOn(setup)) });
  const desk = await erin.submit(codes, { do: 'done' });
  assert.match(desk.page, /<h1>Help desk<\/h1>/);
  const bob = userNamed(demo, 'bob');
  const shown = await erin.submit(await erin.submit(desk, { do: 'find', email: bob.email }), { do: 'link' });
  assert.match(shown.page, new RegExp(`${issuer}/password/[\\w-]{43}`));

  const alice = userNamed(demo, 'alice');
  const agent = await agentOf(demo, 'alice');
  const [server] = demo.servers;
  assert.ok(server);
  tokenOf(await issue(demo, server, agent.idToken, secretOf(agent.idp)));
  const mine = new TestBrowser(issuer);
  const asked = await mine.get(`${issuer}/me`);
  const agents = await mine.submit(asked, { do: 'sign-in', email: alice.email, password: alice.password });
  assert.match(agents.page, /<h2>At work<\/h2>/);
  assert.match(agents.page, /acted first <time[^>]*>just now/);
  const named = /name="agent" value="([^"]+)"/.exec(agents.page)?.[1] ?? '';
  assert.match((await mine.submit(agents, { do: 'agent', agent: named })).page, /Ended\. It acts for you again/);
  const refused = await issue(demo, server, agent.idToken, secretOf(agent.idp));
  assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_grant']);

  const records = await exportAudit(home);
  const reasons = records.map(({ reason }) => reason).filter((reason) => reason !== undefined);
  assert.ok(reasons.includes('account_link_not_good') && reasons.includes('session_ended'));
  const details = records.map(({ detail }) => String(detail));
  for (const words of [
    'invitation link made, by command',
    'password set by invitation link',
    'administrator role help-desk granted',
    'factor enrolled: first, by enrolment code',
    'looked up at the help desk',
    'reset link made at the help desk',
    'the person ended this client',
  ]) {
    assert.ok(
      details.some((detail) => detail.includes(words)),
      words,
    );
  }
  const text = JSON.stringify(records);
  for (const secret of [chosen, link.url.slice(-43), 'erin@acme.example']) assert.ok(!text.includes(secret), secret);
});

test('the break-glass account signs in, with both factors, and the log says so', async (t) => {
  const { home, demo, server } = await startAcme(t);
  const made = await runCredence(['admin', 'break-glass', 'create', '--json', '--home', home]);
  assert.equal(made.code, 0, made.stderr);
  const { email, password, key } = JSON.parse(made.stdout);
  const browser = new TestBrowser(demo.idp.issuer);
  const login = await browser.get(`${demo.idp.issuer}/me`);
  assert.equal((await browser.submit(login, { do: 'sign-in', email, password: 'a wrong one' })).status, 400);
  const step = await browser.submit(login, { do: 'sign-in', email, password });
  assert.match(step.page, /One more step/);
  const secret = secretOn({ ...step, page: `Or type this key: <code>${key}</code>` });
  assert.match((await browser.submit(step, { do: 'code', code: codeOf(secret) })).page, /<h1>My agents<\/h1>/);
  const alerts = (await exportAudit(home)).filter(({ kind, breakGlass }) => kind === 'alert' && breakGlass === true);
  assert.deepEqual(
    alerts.map(({ outcome }) => outcome),
    ['allowed', 'refused', 'allowed'],
    'made, tried, used',
  );
  assert.equal(server.output().split('the break-glass account').length - 1, 2);
  assert.ok(!server.output().includes(email) && !server.output().includes(password));
});
