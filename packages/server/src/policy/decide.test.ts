import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { no, ok } from '@credence/mcp/protocol';
import { type AccessIndex, compileAccess, compileResource } from './compile.ts';
import { decide, decideResource } from './decide.ts';
import { explain } from './explain.ts';
import type { Ask, Effect, SignInNeeds } from './model.ts';
import { parsePolicy } from './parse.ts';

/** What a table says: a policy, people, and for each case who asks for what and what they get. */
interface Table {
  readonly about: string;
  readonly policy: unknown;
  readonly people: Record<string, { readonly groups?: string[]; readonly roles?: string[] }>;
  readonly cases: readonly Case[];
}

interface Case {
  readonly name: string;
  readonly who: string;
  readonly on: string;
  readonly through?: string;
  readonly asks?: string[];
  /** Whether a key that the sign-in was bound to is shown. */
  readonly keyBound?: boolean;
  readonly signIn?: { readonly acr?: string; readonly amr?: string[]; readonly ageSeconds?: number };
  /** Told where it does not follow from `gets`. */
  readonly effect?: Effect;
  readonly details?: string[];
  readonly gets: string[];
  readonly getsDetails?: string[];
  readonly because: string[];
  readonly needs?: SignInNeeds;
}

const now = 1_790_000_000;
const folder = new URL('./tables/', import.meta.url);

for (const file of readdirSync(folder)) {
  const table = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Table;
  const index = indexOf(table.policy);
  describe(`${file}: ${table.about}`, () => {
    for (const row of table.cases) {
      test(`${row.name}: ${row.who} gets ${row.gets.join(' ') || 'nothing'}`, () => {
        const ask = toAsk(row, table);
        const effect = row.effect ?? (row.gets.length > 0 ? 'allow' : 'deny');
        const expected = {
          effect,
          scopes: row.gets,
          because: row.because,
          ...(row.needs && { needs: row.needs }),
          ...(row.getsDetails && { details: row.getsDetails }),
        };
        assert.deepEqual(decide(index, ask), expected);
        assert.deepEqual(explain(index, ask).decision, expected);
      });
    }
  });
}

function indexOf(policy: unknown): AccessIndex {
  const parsed = parsePolicy(JSON.stringify(policy), 'access');
  assert.ok(parsed.ok, `the policy of a table has mistakes: ${JSON.stringify(parsed)}`);
  return compileAccess(parsed.document, { version: 1, localRas: 'https://mcp.acme.example' });
}

function toAsk({ who, on, through, asks, details, keyBound, signIn }: Case, { people }: Table): Ask {
  const person = people[who];
  assert.ok(person, `${who} is nobody in this table`);
  return {
    person: { id: who, groups: person.groups ?? [], roles: person.roles ?? [] },
    client: through ?? 'claude-code',
    server: on,
    ...(details && { details }),
    scopes: asks,
    acr: signIn?.acr,
    amr: signIn?.amr ?? ['pwd'],
    authTime: signIn?.ageSeconds === undefined ? undefined : now - signIn.ageSeconds,
    now,
    keyBound,
  };
}

describe('RAS-18, RAS-19, RAS-21: the ID-JAG is the ceiling, the request narrows, without a claim the baseline', () => {
  const parsed = parsePolicy('servers: { t: { scopes: { read: {}, write: {}, purge: { risk: high } } } }', 'resource');
  assert.ok(parsed.ok);
  const options = { version: 1, issuer: 'https://mcp.acme.example', localIdp: undefined };
  const server = compileResource(parsed.document, options).servers.get('t');
  assert.ok(server);

  const table: [
    name: string,
    claimed: string[] | undefined,
    asked: string[] | undefined,
    granted: string[] | string,
  ][] = [
    ['no scope parameter means the scopes of the claim', ['write', 'purge'], undefined, ['write', 'purge']],
    ['a scope parameter narrows', ['read', 'write'], ['write'], ['write']],
    ['a scope parameter never widens', ['read'], ['read', 'write'], ['read']],
    ['a scope parameter that leaves nothing', ['read'], ['write'], 'scope_not_granted'],
    ['an unknown scope in the claim', ['read', 'fly'], ['read'], 'id_jag_scope_unknown'],
    ['an unknown scope in the parameter', ['read'], ['fly', 'read'], ['read']],
    ['no scope claim gives the baseline, not everything', undefined, undefined, ['read', 'write']],
    ['an empty scope claim likewise (B62)', [], undefined, ['read', 'write']],
    ['no scope claim and a high-risk request', undefined, ['purge'], 'scope_not_granted'],
    ['a scope parameter without a value counts as absent', ['read'], [], ['read']],
  ];
  for (const [name, claimed, asked, granted] of table) {
    test(`${name}: ${granted}`, () => {
      const expected = Array.isArray(granted) ? ok(granted) : no(granted as 'scope_not_granted');
      assert.deepEqual(decideResource(server, claimed, asked, { servers: undefined }), expected);
    });
  }

  const limits: [name: string, limit: 'all' | string[], claimed: string[] | undefined, granted: string[] | string][] = [
    ['all that the server has', 'all', ['read', 'purge'], ['read', 'purge']],
    ['what the issuer may not give is withheld', ['read'], ['purge', 'read'], ['read']],
    ['of the baseline too', ['write', 'purge'], undefined, ['write']],
    ['until nothing is left', ['read'], ['purge'], 'scope_not_granted'],
  ];
  for (const [name, limit, claimed, granted] of limits) {
    test(`RAS-19, of an issuer with servers of its own: ${name}: ${granted}`, () => {
      const servers = new Map([[server.id, limit === 'all' ? limit : new Set(limit)]]);
      const expected = Array.isArray(granted) ? ok(granted) : no(granted as 'scope_not_granted');
      assert.deepEqual(decideResource(server, claimed, undefined, { servers }), expected);
    });
  }

  test('RAS-19: an issuer gives nothing of a server that it has not', () => {
    const servers = new Map([['other', 'all' as const]]);
    assert.deepEqual(decideResource(server, ['read'], undefined, { servers }), no('scope_not_granted'));
  });
});
