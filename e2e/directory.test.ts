import assert from 'node:assert/strict';
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
    assert.match(await credence('group', 'members', 'engineering'), /bob@acme\.example/);

    await credence('group', 'delete', 'engineering');
    assert.equal((await ask()).status, 400);
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
  });
});
