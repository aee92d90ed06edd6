import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import type { AccessClient, AccessServer } from '../policy/model.ts';
import { setUpsOf } from './set-up.ts';

const server = {
  id: 'tracker',
  resource: 'https://mcp.acme.example/tracker/mcp',
  ras: 'https://mcp.acme.example',
} as AccessServer;
const client = { id: 'claude-code' } as AccessClient;
const idp = 'https://id.acme.example';
const textOf = (joined: Parameters<typeof setUpsOf>[0], kind: string) =>
  setUpsOf(joined)
    .filter((each) => each.kind === kind)
    .flatMap(({ steps }) => steps.map(({ text }) => text))
    .join('\n');

describe('what to paste', () => {
  const joined = { idp, client, server, clientId: 'cc-at-ras' };

  test('Claude Code: as docs/connect.md has it', () => {
    const text = textOf(joined, 'claude-code');
    assert.ok(text.includes(`claude mcp xaa setup --issuer ${idp} --client-id claude-code --client-secret`), text);
    assert.ok(text.includes(`claude mcp add tracker ${server.resource} --xaa --client-id cc-at-ras --client-secret`));
  });

  test('a client that is known by its metadata document brings no id and no secret', () => {
    const metadata = 'https://claude.ai/oauth/claude-code-client-metadata';
    const text = textOf({ ...joined, client: { ...client, metadata } as AccessClient }, 'claude-code');
    assert.ok(text.includes(`claude mcp xaa setup --issuer ${idp}\n`), text);
    assert.ok(!text.includes('MCP_XAA_IDP_CLIENT_SECRET'));
  });

  test('VS Code: what is to be JSON is JSON', () => {
    const vscode = setUpsOf(joined).find(({ kind }) => kind === 'vscode');
    const [settings, servers] = (vscode?.steps ?? []).map(({ text }) => JSON.parse(text));
    assert.deepEqual(settings['mcp.enterpriseManagedAuth.idp'], {
      issuer: idp,
      clientId: 'claude-code',
      clientSecret: 'IDP_SECRET',
    });
    const metadata = 'https://vscode.dev/oauth/client-metadata.json';
    const byDocument = { ...joined, client: { ...client, metadata } as AccessClient };
    const [own] = setUpsOf(byDocument).find(({ kind }) => kind === 'vscode')?.steps ?? [];
    const idpOwn = JSON.parse(own?.text ?? '')['mcp.enterpriseManagedAuth.idp'];
    assert.deepEqual(idpOwn, { issuer: idp, clientId: metadata });
    assert.deepEqual(servers.servers.tracker.oauth, { clientId: 'cc-at-ras', enterpriseManaged: true });
  });

  test('http is said to be refused by some', () => {
    const [claude] = setUpsOf({ ...joined, idp: 'http://localhost:4000' });
    assert.match(claude?.remark ?? '', /--tls/);
    assert.equal(setUpsOf(joined)[0]?.remark, null);
  });

  test('what stands in a document is a word of the line, never a command', () => {
    const evil = `x'; echo pwned; $(echo pwned) "&`;
    const ours = { ...joined, clientId: evil, server: { ...server, resource: `https://a.example/'$(echo pwned)` } };
    const lines = textOf(ours, 'curl').replaceAll('curl', 'printf "%s\\n"').replaceAll('| jq -r .access_token', '');
    const said = execFileSync('sh', ['-c', `${lines}\nprintf '%s' "$ACCESS_TOKEN"`], { encoding: 'utf8' });
    assert.ok(said.includes(`client_id=${evil}\n`), said);
    assert.ok(!said.split('\n').includes('pwned'));
  });
});
