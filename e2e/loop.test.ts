import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { promisify } from 'node:util';
import { Client } from '@modelcontextprotocol/client';
import { connect, textOf } from '../examples/acme/agent.ts';
import { openBrowser } from '../examples/acme/browser.ts';
import { clientNamed, readDemoFile, userNamed } from '../examples/acme/demo-file.ts';
import { startServer } from '../examples/acme/server-process.ts';
import { defaultRedirectUri, signIn } from '../examples/acme/sign-in.ts';
import { type Acme, agentOf, onEnd, startAcme, stopWell, suiteScope } from './harness.ts';

const acmeServers = ['everything', 'files', 'memory'];

for (const [scheme, extraFlags] of [
  ['http', []],
  ['https', ['--tls']],
] as const) {
  describe(`the official client, configured from demo.json alone, over ${scheme}`, () => {
    const scope = suiteScope(after);
    let acme: Acme;
    before(async () => {
      acme = await startAcme(scope, { extraFlags });
      const { ca } = acme.demo;
      if (ca !== null) setDefaultCACertificates([...getCACertificates('default'), await readFile(ca, 'utf8')]);
    });

    test('demo.json is for its owner only and names the three servers', async () => {
      const { mode } = await stat(join(acme.home, 'demo.json'));
      assert.equal(mode & 0o777, 0o600);
      assert.deepEqual(acme.demo.servers.map(({ name }) => name).toSorted(), acmeServers);
      assert.equal(acme.demo.ca !== null, scheme === 'https');
    });

    for (const mode of ['legacy', 'auto'] as const) {
      test(`version negotiation ${mode}: lists and calls a tool on all three, with one sign-in`, async () => {
        const agent = await agentOf(acme.demo, 'alice');
        for (const server of acme.demo.servers) {
          const client = new Client({ name: 'e2e', version: '1.0.0' }, { versionNegotiation: { mode } });
          const connection = await connect(acme.demo, server, agent, client);
          try {
            assert.ok(connection.tools.includes(server.tool.name), `${server.name} lists ${server.tool.name}`);
            const result = await connection.client.callTool(server.tool);
            assert.notEqual(result.isError, true, textOf(result));
            assert.equal(connection.consentScreens, 0);
          } finally {
            await connection.close();
          }
        }
      });
    }

    if (scheme === 'https') {
      test('a client started with NODE_EXTRA_CA_CERTS, as the ready text says, trusts the server', async () => {
        const { ca, idp } = acme.demo;
        assert.match(acme.server.output(), new RegExp(`NODE_EXTRA_CA_CERTS=\\S*${ca}`));
        const script = `fetch('${idp.issuer}/jwks').then((r) => process.exit(r.ok ? 0 : 3), () => process.exit(4))`;
        const env = { ...process.env, NODE_EXTRA_CA_CERTS: ca ?? '' };
        await promisify(execFile)(process.execPath, ['-e', script], { env });
        await assert.rejects(promisify(execFile)(process.execPath, ['-e', script]), { code: 4 });
      });
    }
  });
}

describe('signing in', () => {
  const scope = suiteScope(after);
  let acme: Acme;
  before(async () => {
    acme = await startAcme(scope);
  });

  test('a second client meeting the live session sees one page and no password field (T03)', async () => {
    const { email, password } = userNamed(acme.demo, 'alice');
    const browser = openBrowser(defaultRedirectUri);
    const common = { issuer: acme.demo.idp.issuer, email, browser };
    await signIn({ ...common, client: clientNamed(acme.demo, 'claude-code').idp, password });
    const second = await signIn({
      ...common,
      client: clientNamed(acme.demo, 'vscode').idp,
      password: 'never asked for',
    });
    assert.equal(second.pagesSeen, 1);
  });

  test('a wrong password is told so, and signs nobody in', async () => {
    const { email } = userNamed(acme.demo, 'alice');
    const client = clientNamed(acme.demo, 'claude-code').idp;
    await assert.rejects(signIn({ issuer: acme.demo.idp.issuer, client, email, password: 'not it' }), /stuck/);
  });
});

test('a second start keeps people, passwords and secrets', async (t) => {
  const acme = await startAcme(t);
  await acme.server.stop();
  const again = await startServer(acme.flags);
  onEnd(t, () => stopWell(again));
  assert.deepEqual(await readDemoFile(acme.home), acme.demo);
  await agentOf(acme.demo, 'alice');
});
