import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { runCredence } from '../examples/acme/server-process.ts';
import { agentOf, claimsOf, exportAudit, issue, secretOf, startAcme, suiteScope, tokenOf } from './harness.ts';

describe('the directory by hand, beside a running server', () => {
  const scope = suiteScope(after);

  test('a group is created, filled, renamed and deleted; each change counts for the next exchange', async () => {
    const { demo, home } = await startAcme(scope);
    const credence = async (...args: string[]) => {
      const { code, stdout, stderr } = await runCredence([...args, '--home', home]);
      assert.equal(code, 0, stderr);
      return stdout;
    };
    const server = demo.servers.find(({ name }) => name === 'everything');
    assert.ok(server);
    const bob = await agentOf(demo, 'bob');
    const ask = () => issue(demo, server, bob.idToken, secretOf(bob.idp));

    assert.equal((await ask()).status, 400, 'Bob is in marketing');
    await credence('group', 'members', 'engineering', '--add', 'bob@acme.example');
    assert.equal(claimsOf(tokenOf(await ask())).resource, server.resource);
    await credence('group', 'rename', 'engineering', 'Marketing people');
    assert.equal((await ask()).status, 200, 'a name decides nothing');
    const list = await credence('group', 'list', '--json');
    const engineering = list.split('\n').find((line) => line.includes('"id":"engineering"')) ?? '{}';
    assert.equal(JSON.parse(engineering).name, 'Marketing people');
    const again = ['--add', 'bob@acme.example', '--add', 'bob@acme.example', '--remove', 'carol@acme.example'];
    assert.match(await credence('group', 'members', 'engineering', ...again), /bob@acme\.example/);

    await credence('group', 'delete', 'engineering');
    assert.equal((await ask()).status, 400);
    const carol = await agentOf(demo, 'carol');
    await credence('group', 'members', 'marketing', '--add', 'carol@acme.example');
    await credence('group', 'members', 'marketing', '--remove', 'carol@acme.example');
    const refused = await issue(demo, server, carol.idToken, secretOf(carol.idp));
    assert.equal(refused.status, 400, 'taken out of a group: signed out');
    // What the RAS was told may be recorded after it.
    const refusal = (await exportAudit(home)).findLast(({ outcome }) => outcome === 'refused');
    assert.equal(refusal?.reason, 'session_ended');
    await credence('group', 'create', 'engineering', '--name', 'Engineering');
    assert.equal((await ask()).status, 400, 'a group made anew starts without members');
    const taken = await runCredence(['group', 'create', 'engineering', '--home', home]);
    assert.equal(taken.code, 2);
    assert.match(taken.stderr, /already.*\n.*group list/);

    const details = (await exportAudit(home)).map(({ detail }) => String(detail ?? ''));
    for (const act of ['put into group', 'group engineering renamed', 'group engineering deleted']) {
      assert.ok(
        details.some((detail) => detail.startsWith(act)),
        act,
      );
    }
    const moved = details.filter((detail) => /^(put into|taken out of) group engineering/.test(detail));
    assert.equal(moved.length, 1, 'of nobody who was in it already, or was not');
  });

  test('PRV-01: a provisioning client is let in with a token, brings people and groups, and is shut out again', async () => {
    const { demo, home } = await startAcme(scope);
    const credence = (...args: string[]) => runCredence([...args, '--home', home]);
    const made = JSON.parse((await credence('scim', 'token', 'create', '--source', 'okta', '--json')).stdout);
    const send = async (method: string, path: string, body?: object, token = made.token) => {
      const response = await fetch(`${demo.idp.issuer}/scim/v2${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' },
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return {
        status: response.status,
        type: response.headers.get('content-type'),
        body: text ? JSON.parse(text) : {},
      };
    };

    const erin = await send('POST', '/Users', { userName: 'erin@acme.example', displayName: 'Erin' });
    assert.deepEqual([erin.status, erin.type], [201, 'application/scim+json']);
    const group = await send('POST', '/Groups', { displayName: 'Product', members: [{ value: erin.body.id }] });
    assert.equal(group.status, 201);
    assert.equal((await send('POST', '/Users', { userName: 'alice@acme.example' })).body.scimType, 'uniqueness');
    assert.equal((await send('GET', '/Users', undefined, 'a-token-that-nobody-has')).status, 401);
    assert.equal(
      (await send('GET', `/Users?filter=${encodeURIComponent('userName eq "erin@acme.example"')}`)).body.totalResults,
      1,
    );

    const list = await credence('group', 'list', '--source', 'scim:okta', '--json');
    assert.equal(JSON.parse(list.stdout).id, `okta/${group.body.id}`);
    assert.match(
      (await credence('group', 'delete', `okta/${group.body.id}`)).stderr,
      /belongs to the source scim:okta/,
    );
    assert.match(
      (await credence('person', 'add', 'erin@acme.example', '--name', 'E')).stderr,
      /belongs to the source scim:okta/,
    );
    assert.equal((await credence('person', 'off', 'erin@acme.example')).code, 0);
    assert.equal(
      (await send('GET', `/Users/${erin.body.id}`)).body.active,
      true,
      'what the source wants stays as it is',
    );

    const tokens = await credence('scim', 'token', 'list', '--json');
    assert.ok(!tokens.stdout.includes(made.token));
    assert.ok(JSON.parse(tokens.stdout).lastUsed);
    const second = await credence('scim', 'token', 'create', '--source', 'okta');
    assert.equal((await send('GET', '/Users', undefined, second.stdout.trim())).status, 200);
    const third = await credence('scim', 'token', 'create', '--source', 'okta');
    assert.deepEqual([third.code, /already has 2 tokens/.test(third.stderr)], [2, true]);
    assert.equal((await credence('scim', 'token', 'revoke', made.id)).code, 0);
    assert.equal((await send('GET', '/Users')).status, 401);
    assert.equal((await credence('scim', 'token', 'create', '--source', 'local')).code, 2);

    const record = (await exportAudit(home)).find(({ detail }) => detail === 'person created');
    assert.deepEqual([record?.source, record?.credential, record?.person], ['scim:okta', made.id, erin.body.id]);
  });

  test('a file is imported beside a running server, cut short and gone on with', async () => {
    const { demo, home } = await startAcme(scope);
    const file = join(home, 'people.jsonl');
    const people = Array.from({ length: 1500 }, (_, at) => ({ id: `p${at}`, userName: `p${at}@acme.example` }));
    const group = { displayName: 'All', members: people.map(({ id }) => ({ value: id })) };
    await writeFile(file, [...people, group, { nickName: 'nobody' }].map((each) => JSON.stringify(each)).join('\n'));
    const args = ['scim', 'import', file, '--source', 'hr', '--json', '--home', home];
    const first = await runCredence(args, { interruptAfterMs: 1200 });
    const outcomes = [first, await runCredence(args)].flatMap(({ stdout }) => (stdout ? [JSON.parse(stdout)] : []));
    const last = outcomes.at(-1);
    assert.equal(last.whole, true);
    assert.equal(last.problems, 1);
    const list = await runCredence(['group', 'list', '--source', 'scim:hr', '--json', '--home', home]);
    const { id } = JSON.parse(list.stdout);
    const members = await runCredence(['group', 'members', id, '--json', '--home', home]);
    assert.equal(members.stdout.trim().split('\n').length, 1500);
    const again = await runCredence(args);
    assert.deepEqual([again.code, JSON.parse(again.stdout).people.unchanged], [1, 1500]);
    assert.match(again.stderr, /line 1502: has neither a userName nor a displayName/);
    assert.equal((await fetch(`${demo.idp.issuer}/.well-known/openid-configuration`)).status, 200);
    const table = join(home, 'people.csv');
    await writeFile(table, 'userName,groups\np1@acme.example,Ops\n');
    assert.equal((await runCredence(['scim', 'import', table, '--source', 'hr', '--home', home])).code, 0);
    const missing = await runCredence(['scim', 'import', join(home, 'nothing'), '--source', 'hr', '--home', home]);
    assert.deepEqual([missing.code, /Cannot read/.test(missing.stderr)], [2, true]);
  });
});
