import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { grantType, type Refusal, refusals } from '@credence/mcp/protocol';
import { type AuditRecord, toRow } from '../audit/record.ts';
import { openHome } from '../home.ts';
import { parsePolicy } from '../policy/parse.ts';
import { digestOf } from '../store/drafts.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const access = `
servers: { wiki: { local: wiki, scopes: { read: {}, write: {} } } }
clients: { code: { redirect_uris: [http://localhost/cb], client_ids: { https://mcp.acme.example: code } } }
rules:
  - { id: reading, allow: [read], on: wiki, to: [group:eng] }
  - { id: writing, allow: [write], on: wiki, to: [group:ops] }
  - { id: no-writing, deny: [write], on: wiki, to: [group:eng] }
`;

describe('credence explain', () => {
  let folder: string;
  let store: Store;
  let made = 0;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credence-explain-'));
    const home = await openHome(join(folder, 'home'));
    await writeFile(
      home.configFile,
      'idp: { issuer: "https://id.acme.example" }\nras: { issuer: "https://mcp.acme.example" }\n',
    );
    store = await openSqliteStore(home.storeFile, { node: 'test' });
    const parsed = parsePolicy(access, 'access');
    assert.ok(parsed.ok, JSON.stringify(parsed));
    const document = JSON.stringify(parsed.document);
    const version = { kind: 'access', version: 1, document, author: 'file', publishedAt: 1 } as const;
    await store.policies.append({ ...version, digest: digestOf(document) }, []);
  });
  after(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });

  /** Puts a refusal on the record, and has it explained. */
  async function explained(more: Partial<AuditRecord>, config = ''): Promise<string> {
    made += 1;
    const id = `d_${made}`;
    const base = { v: 2, id, kind: 'decision', domain: 'idp', timeMs: 1_800_000_000_000, outcome: 'refused' } as const;
    await store.commit({ marks: [], records: [toRow({ ...base, ...more })] });
    const file = join(folder, 'credence.yaml');
    await writeFile(file, `idp: { issuer: "https://id.acme.example"${config} }\n`);
    const words = [main, 'explain', id, '--home', join(folder, 'home'), '--config', file];
    const { code, said } = await new Promise<{ code: number; said: string }>((resolve) => {
      execFile(process.execPath, words, (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), said: stdout + stderr }),
      );
    });
    assert.equal(code, 0, said);
    return said;
  }
  const wayOut = (said: string) => said.slice(said.indexOf('What would it take')).split('\n')[1]?.trim();
  const askOf = (groups: readonly string[], scopesAsked: readonly string[]): Partial<AuditRecord> => ({
    person: 'u_erin',
    client: 'code',
    server: 'wiki',
    scopesAsked,
    policy: { kind: 'access', version: 1 },
    inputs: { groups, roles: [], acr: undefined, amr: [], authTime: undefined, now: 1_800_000_000 },
  });

  const refusedAfter: readonly Refusal[] = ['decision_point_denied', 'server_stopped', 'rule_stopped', 'key_stopped'];
  for (const reason of refusedAfter) {
    test(`where the rules allow it and something else refused (${reason}), no rule is advised`, async () => {
      const { help } = refusals[reason] as { help: string };
      assert.equal(wayOut(await explained({ ...askOf(['eng'], ['read', 'write']), reason })), help);
    });
  }

  const refusedByRules: [name: string, more: Partial<AuditRecord>, expected: RegExp][] = [
    ['a rule that is near', askOf([], ['read']), /^For reading to speak: now the person is none of group:eng\./],
    ['a rule that denies', askOf(['eng'], ['write']), /^Not to be covered by no-writing:/],
  ];
  for (const [name, more, expected] of refusedByRules) {
    test(`where the rules do not allow it: ${name}`, async () => {
      assert.match(wayOut(await explained({ ...more, reason: 'policy_denied' })) ?? '', expected);
    });
  }

  const told: [name: string, config: string, more: Partial<AuditRecord>, code: string][] = [
    ['by default', '', { grantType: grantType.tokenExchange }, 'invalid_grant'],
    ['as configured', ', badSubjectToken: invalid_request', { grantType: grantType.tokenExchange }, 'invalid_request'],
    [
      'at the sign-in, of which that is not said',
      ', badSubjectToken: invalid_request',
      { grantType: 'refresh_token' },
      'invalid_grant',
    ],
  ];
  for (const [name, config, more, code] of told) {
    test(`catalogue A1, what the caller was told of a bad subject token: ${name}`, async () => {
      const reason = 'refresh_token_not_accepted';
      const said = await explained({ kind: 'refusal', client: 'code', reason, ...more }, config);
      assert.match(said, new RegExp(`the caller was told: 400 ${code}\n`));
    });
  }

  test('a reason that only another version knows is printed as it is', async () => {
    const said = await explained({ kind: 'refusal', reason: 'of_tomorrow' as Refusal });
    assert.match(said, /refused: of_tomorrow, which this version of Credence has no words for\n/);
    assert.doesNotMatch(said, /the caller was told/);
    assert.match(wayOut(said) ?? '', /^Look at the request of the client/);
  });
});
