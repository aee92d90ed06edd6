import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { compileAccess, compileResource } from './compile.ts';
import { decide, decideResource } from './decide.ts';
import { type DocumentKind, parsePolicy } from './parse.ts';

const [idp, ras] = ['http://localhost:4000', 'http://localhost:4001'];

function documentOf<Kind extends DocumentKind>(kind: Kind) {
  const text = readFileSync(new URL(`../../../../examples/acme/${kind}.yaml`, import.meta.url), 'utf8');
  const parsed = parsePolicy(text, kind);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.document;
}

const access = compileAccess(documentOf('access'), { version: 1, localRas: ras });
const resource = compileResource(documentOf('resource'), { version: 1, issuer: ras, localIdp: idp });

const people = {
  alice: { id: 'u_alice', groups: ['engineering'], roles: [] },
  bob: { id: 'u_bob', groups: ['marketing'], roles: [] },
  carol: { id: 'u_carol', groups: [], roles: ['contractor'] },
  'carol, were she in engineering too': { id: 'u_carol', groups: ['engineering'], roles: ['contractor'] },
  dana: { id: 'u_dana', groups: [], roles: ['administrator'] },
} as const;

describe('Acme: engineering gets all, marketing reads files, contractors get nothing', () => {
  const table: [who: keyof typeof people, server: string, asked: string[] | undefined, scopes: string][] = [
    ['alice', 'everything', undefined, 'tools:run'],
    ['alice', 'files', undefined, 'files:read files:write'],
    ['alice', 'memory', undefined, 'memory:read memory:write'],
    ['bob', 'everything', undefined, ''],
    ['bob', 'files', undefined, 'files:read'],
    ['bob', 'files', ['files:read', 'files:write'], 'files:read'],
    ['bob', 'files', ['files:write'], ''],
    ['bob', 'memory', undefined, ''],
    ['carol', 'everything', undefined, ''],
    ['carol', 'files', ['files:read'], ''],
    ['carol', 'memory', undefined, ''],
    ['carol, were she in engineering too', 'files', undefined, ''],
    ['dana', 'files', undefined, ''],
  ];
  for (const [who, server, asked, scopes] of table) {
    test(`${who}, ${server}, ${asked?.join(' ') ?? 'no scope named'}: ${scopes || 'nothing'}`, () => {
      const context = { acr: undefined, amr: ['pwd'], authTime: 1_790_000_000, now: 1_790_000_100 };
      const decision = decide(access, { person: people[who], client: 'demo-agent', server, scopes: asked, ...context });
      assert.equal(decision.scopes.join(' '), scopes);
      assert.equal(decision.effect, scopes ? 'allow' : 'deny');
      if (who.startsWith('carol')) assert.ok(decision.because.includes('contractors-nothing'));
    });
  }
});

describe('Acme: what a server shows of its environment needs two factors', () => {
  const table: [amr: string[], asked: string[] | undefined, effect: string, scopes: string][] = [
    [['pwd'], ['tools:run', 'env:read'], 'step_up', ''],
    [['pwd'], undefined, 'allow', 'tools:run'],
    [['pwd', 'otp', 'mfa'], ['tools:run', 'env:read'], 'allow', 'tools:run env:read'],
  ];
  for (const [amr, scopes, effect, granted] of table) {
    test(`${amr.join(' and ')}, ${scopes?.join(' ') ?? 'no scope named'}: ${effect}`, () => {
      const context = { acr: undefined, amr, authTime: 1_790_000_000, now: 1_790_000_100 };
      const ask = { person: people.alice, client: 'demo-agent', server: 'everything', scopes, ...context };
      const decision = decide(access, ask);
      assert.deepEqual([decision.effect, decision.scopes.join(' ')], [effect, granted]);
    });
  }
});

describe('Acme: the two documents fit each other', () => {
  test('each server of domain A is one of domain B, with the same scopes', () => {
    assert.ok(access.servers.size === 3);
    for (const server of access.servers.values()) {
      const there = resource.serversByResource.get(server.resource);
      assert.deepEqual(there?.scopes, server.scopes);
      assert.ok(there && decideResource(there, [...server.scopes.keys()], undefined, { servers: undefined }).ok);
    }
  });

  test('each client that may exchange is known over there, and the issuer may speak for it', () => {
    const exchanging = [...access.clients.values()].filter(({ exchange }) => exchange);
    assert.deepEqual(
      exchanging.map(({ id }) => id),
      ['claude-code', 'vscode', 'demo-agent'],
    );
    for (const { clientIds } of exchanging) {
      const idThere = clientIds.get(ras) ?? '';
      assert.ok(resource.clients.has(idThere) && resource.trust.get(idp)?.get(undefined)?.clients.includes(idThere));
    }
  });

  test('inspector is public, cannot exchange, and nobody speaks for it', () => {
    const inspector = access.clients.get('inspector');
    assert.deepEqual([inspector?.public, inspector?.exchange, inspector?.clientIds.size], [true, false, 0]);
    assert.ok(!resource.trust.get(idp)?.get(undefined)?.clients.includes('inspector'));
  });

  const tools: [server: string, tool: string, scope: string | undefined][] = [
    ['everything', 'echo', 'tools:run'],
    ['everything', 'get-env', 'env:read'],
    ['everything', 'gzip-file-as-resource', undefined],
    ['everything', 'trigger-sampling-request', undefined],
    ['files', 'read_text_file', 'files:read'],
    ['files', 'move_file', 'files:write'],
    ['memory', 'read_graph', 'memory:read'],
    ['memory', 'delete_entities', 'memory:write'],
  ];
  for (const [server, tool, scope] of tools) {
    test(`${tool} of ${server}: ${scope ?? 'refused'}`, () => {
      assert.equal(resource.servers.get(server)?.scopeOfTool(tool), scope);
    });
  }
});
