import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { runCredence, startServer } from '../examples/acme/server-process.ts';
import type { Jwk } from '../packages/mcp/src/protocol/index.ts';
import { type EventReceiver, openEventReceiver } from '../spec/event-receiver.ts';
import { exportAudit, onEnd, portFlags, stopWell, temporaryHome } from './harness.ts';

/** An identity provider alone, towards an authorization server of somebody else. */
async function startIdp(t: TestContext, extra: readonly string[] = []) {
  const home = await temporaryHome(t);
  const flags = ['--home', home, '--role', 'idp', ...(await portFlags()), ...extra];
  const issuer = `http://localhost:${/--idp-port=(\d+)/.exec(flags.join(' '))?.[1]}`;
  const keys: Jwk[] = [];
  const receiver = await openEventReceiver(() => keys);
  onEnd(t, () => receiver.close());
  const access = `
servers: { tracker: { resource: ${receiver.ras}/mcp, ras: ${receiver.ras}, scopes: { a: {} } } }
rules: [{ id: eng, allow: all, on: tracker, to: [group:engineering] }]
`;
  await writeFile(join(home, 'access.yaml'), access);
  const start = async () => {
    const server = await startServer(flags);
    onEnd(t, () => stopWell(server));
    const jwks = (await (await fetch(`${issuer}/jwks`)).json()) as { keys: Jwk[] };
    keys.splice(0, keys.length, ...jwks.keys);
    return server;
  };
  const server = await start();
  const credence = async (...args: string[]) => {
    const ended = await runCredence([...args, '--home', home]);
    assert.equal(ended.code, 0, ended.stderr);
    return ended.stdout.trim();
  };
  const erin = await credence('person', 'add', 'erin@acme.example', '--name', 'Erin', '--group', 'engineering');
  return { home, issuer, server, start, receiver, credence, erin };
}

const namesOf = ({ events }: EventReceiver) => events.map(({ name }) => name);

describe('IDP-43: what ends by command is told by the server', () => {
  for (const workers of ['1', '2']) {
    test(`with ${workers} ${workers === '1' ? 'process' : 'workers'}`, async (t) => {
      const { home, issuer, receiver, credence, erin } = await startIdp(t, ['--workers', workers]);
      await credence('person', 'off', 'erin@acme.example');
      const [event] = await receiver.accepted(1);
      assert.deepEqual([event?.claims.iss, event?.claims.aud, event?.subject], [issuer, receiver.ras, erin]);
      await credence('person', 'on', 'erin@acme.example');
      await receiver.accepted(2);
      await credence('session', 'end', '--person', 'erin@acme.example');
      await receiver.accepted(3);
      await credence('group', 'members', 'engineering', '--remove', 'erin@acme.example');
      await receiver.accepted(4);
      assert.deepEqual(namesOf(receiver).slice(0, 4), [
        'account-disabled',
        'account-enabled',
        'session-revoked',
        'session-revoked',
      ]);
      const told = (await exportAudit(home)).filter(({ signal, domain }) => signal !== undefined && domain === 'idp');
      assert.ok(
        told.length >= 3 && told.every(({ outcome, audience }) => outcome === 'allowed' && audience === receiver.ras),
      );
    });
  }

  test('the key is of a purpose of its own, listed and rotated as the others', async (t) => {
    const { receiver, credence, issuer } = await startIdp(t);
    await credence('person', 'off', 'erin@acme.example');
    const [event] = await receiver.accepted(1);
    const keys = JSON.parse(await credence('keys', 'list', '--json')) as { purpose: string; kid: string }[];
    const [own] = keys.filter(({ purpose }) => purpose === 'security_event');
    assert.equal(event?.header.kid, own?.kid);
    assert.equal(keys.filter(({ kid }) => kid === own?.kid).length, 1);
    const { kid } = JSON.parse(await credence('keys', 'rotate', 'security_event', '--json')) as { kid: string };
    const published = async () =>
      ((await (await fetch(`${issuer}/jwks`)).json()) as { keys: Jwk[] }).keys.map((key) => key.kid);
    for (let tries = 0; tries < 60 && !(await published()).includes(kid); tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    assert.ok((await published()).includes(kid) && (await published()).includes(own?.kid ?? ''));
  });
});

describe('PRV-02: kill -9 between the change and the telling', () => {
  test('it is told after the next start', async (t) => {
    const { home, server, start, receiver, credence } = await startIdp(t);
    await receiver.close();
    await credence('person', 'off', 'erin@acme.example');
    await credence('session', 'end', '--person', 'erin@acme.example');
    assert.equal((await server.stop('SIGKILL')).code, null);
    await receiver.open();
    await start();
    await receiver.accepted(2);
    assert.deepEqual(namesOf(receiver), ['account-disabled', 'session-revoked']);
    await credence('person', 'on', 'erin@acme.example');
    await receiver.accepted(3);
    const alerts = (await exportAudit(home)).filter(({ kind }) => kind === 'alert');
    assert.ok(alerts.length <= 1);
  });

  test('so is what was changed while no server ran', async (t) => {
    const { server, start, receiver, credence } = await startIdp(t);
    await server.stop();
    await credence('person', 'off', 'erin@acme.example');
    await start();
    await receiver.accepted(1);
  });
});
