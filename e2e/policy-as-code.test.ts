import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runCredence } from '../examples/acme/server-process.ts';
import { type Acme, startAcme, suiteScope } from './harness.ts';

// Policy as code against a running server: export, plan, apply and drift, here and through the admin API.

describe('policy as code', () => {
  const scope = suiteScope(after);
  let acme: Acme;
  let token: string;

  before(async () => {
    acme = await startAcme(scope);
    const made = await credence(
      'api-token',
      'create',
      '--for',
      'dana@acme.example',
      '--name',
      'ci',
      '--scope',
      'read:policy',
      '--scope',
      'read:reach',
      '--scope',
      'apply',
      '--days',
      '1',
      '--json',
    );
    assert.equal(made.code, 0, made.stderr);
    ({ token } = JSON.parse(made.stdout));
    await writeFile(at('token'), `${token}\n`, { mode: 0o600 });
  });

  const at = (name: string) => join(acme.home, name);
  const credence = (...args: string[]) => runCredence([...args, '--home', acme.home]);
  /** The same through the admin API, where the home is no concern of the command. */
  const there = (command: string, ...args: string[]) =>
    runCredence([command, '--url', acme.demo.admin.url, '--token-file', at('token'), ...args]);
  const json = async (run: ReturnType<typeof credence>) => {
    const { code, stdout, stderr } = await run;
    return { code, stderr, body: stdout === '' ? undefined : JSON.parse(stdout) };
  };
  const file = () => at('exported.yaml');
  const rule = '  - id: marketing-remembers\n    allow: all\n    on: memory\n    to:\n      - group:marketing\n';

  test('what is exported changes nothing when it is compared', async () => {
    assert.equal((await credence('export', '-f', file())).code, 0);
    const { stdout } = await there('export');
    assert.equal(await readFile(file(), 'utf8'), stdout);
    const plan = await there('plan', '-f', file());
    assert.equal(plan.code, 0, plan.stderr);
    assert.match(plan.stdout, /^Nothing to change: .*exported\.yaml is version 1 /);
  });

  test('plan says the same sentences here, through the API, and as the API itself', async () => {
    await writeFile(at('next.yaml'), (await readFile(file(), 'utf8')).replace('rules:\n', `rules:\n${rule}`));
    const [here, api] = await Promise.all([
      json(credence('plan', '-f', at('next.yaml'), '--json')),
      json(there('plan', '-f', at('next.yaml'), '--json')),
    ]);
    assert.deepEqual([here.code, api.code], [2, 2], here.stderr + api.stderr);
    const { at: _, ...told } = here.body;
    const { at: where, ...same } = api.body;
    assert.equal(where, acme.demo.admin.url);
    assert.deepEqual(same, told);
    assert.ok(told.gain > 0 && told.effects.length > 0);
    assert.deepEqual(told.entries, [{ section: 'rules', id: 'marketing-remembers', change: 'new', keys: [] }]);

    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const inForce = await fetch(`${acme.demo.admin.url}/api/v1/policies/access/versions/1`, { headers });
    const { document } = (await inForce.json()) as { document: { rules: unknown[] } };
    const marketing = { id: 'marketing-remembers', allow: 'all', on: 'memory', to: ['group:marketing'] };
    const response = await fetch(`${acme.demo.admin.url}/api/v1/policies/access/plan`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ document: { ...document, rules: [marketing, ...document.rules] } }),
    });
    assert.equal(response.status, 200);
    const answered = (await response.json()) as { effects: unknown };
    assert.deepEqual(answered.effects, told.effects);
  });

  test('a token makes a draft, which waits for somebody', async () => {
    const applied = await json(there('apply', '-f', at('next.yaml'), '--name', 'from CI', '--json'));
    assert.equal(applied.code, 2, applied.stderr);
    assert.equal(applied.body.version, null);
    const response = await fetch(`${acme.demo.admin.url}/api/v1/drafts/${applied.body.draft}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const { name, state, digest } = (await response.json()) as Record<string, unknown>;
    assert.deepEqual([name, state, digest], ['from CI', 'proposed', applied.body.digest]);
    assert.equal((await json(there('apply', '-f', at('next.yaml'), '--json'))).body.draft, applied.body.draft);
  });

  test('a draft that is open with the same text is proposed, and not begun twice', async () => {
    const other = (await readFile(at('next.yaml'), 'utf8')).replace('marketing-remembers', 'marketing-too');
    await writeFile(at('other.yaml'), other);
    const begun = await credence('draft', 'begin', 'access', '--name', 'by hand', '--file', at('other.yaml'));
    const [, id] = /^Draft (\S+) /.exec(begun.stdout) ?? [];
    assert.ok(id, begun.stderr);
    const { body } = await json(there('apply', '-f', at('other.yaml'), '--json'));
    assert.deepEqual([body.draft, body.state], [id, 'proposed']);
  });

  test('a draft that somebody else has open with the same text is theirs to propose', async () => {
    assert.equal((await credence('admin', 'grant', 'bob@acme.example', 'policy')).code, 0);
    const scopes = ['--scope', 'read:policy', 'apply', '--days', '1'];
    const made = await json(
      credence('api-token', 'create', '--for', 'bob@acme.example', '--name', 'x', ...scopes, '--json'),
    );
    const headers = { authorization: `Bearer ${made.body.token}`, 'content-type': 'application/json' };
    const api = `${acme.demo.admin.url}/api/v1`;
    const inForce = await fetch(`${api}/policies/access/versions/1`, { headers });
    const { document } = (await inForce.json()) as { document: { rules: unknown[] } };
    const third = { id: 'marketing-three', allow: 'all', on: 'memory', to: ['group:marketing'] };
    const body = { kind: 'access', name: 'of Bob', document: { ...document, rules: [third, ...document.rules] } };
    const begun = await fetch(`${api}/drafts`, { method: 'POST', headers, body: JSON.stringify(body) });
    const { id } = (await begun.json()) as { id: string };
    const text = (await readFile(at('next.yaml'), 'utf8')).replace('marketing-remembers', 'marketing-three');
    await writeFile(at('third.yaml'), text);
    const applied = await json(there('apply', '-f', at('third.yaml'), '--json'));
    assert.deepEqual([applied.code, applied.body.draft, applied.body.state], [2, id, 'open'], applied.stderr);
  });

  test('whoever runs the machine publishes, and the file of before is told what came since', async () => {
    const applied = await credence('apply', '-f', at('next.yaml'));
    assert.equal(applied.code, 0, applied.stderr);
    assert.match(applied.stdout, /Published as version 2\.\n$/);
    const old = await there('plan', '-f', file(), '--drift');
    assert.equal(old.code, 2);
    assert.match(old.stdout, /Drift: the file is version 1; published since:\n {2}version 2 \(cli:/);
  });

  test('a token that is none is told so, without a word of the one that is', async () => {
    await writeFile(at('wrong'), `cred_${'x'.repeat(43)}`);
    const args = ['-f', file(), '--url', acme.demo.admin.url, '--token-file', at('wrong')];
    const { code, stderr } = await runCredence(['plan', ...args]);
    assert.equal(code, 1);
    assert.match(stderr, /answered 401/);
    assert.ok(!stderr.includes('xxxx') && !stderr.includes(token));
  });
});
