import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { AccessDocument } from './access-document.ts';
import { compileAccess } from './compile.ts';
import { affectedServers } from './diff/affected.ts';
import { changedEntries, type Json, shareEntries } from './diff/entries.ts';
import { parseDocument } from './parse.ts';

// A version is compiled beside another that it shares entries with. It has to be what it is by itself, to the last member.

const ras = 'https://mcp.acme.example';
const serverOf = fc.record({
  local: fc.constantFrom(undefined, 'other'),
  scopes: fc.constantFrom(
    { read: {}, write: { risk: 'high' } },
    { write: { risk: 'high' }, read: {} },
    { read: {}, write: {} },
  ),
  enabled: fc.constantFrom(undefined, false),
});
const ruleOf = fc.record({
  id: fc.constantFrom('a', 'b', 'c', 'd'),
  effect: fc.constantFrom('allow', 'deny'),
  scopes: fc.constantFrom('all', ['read'], ['write']),
  on: fc.constantFrom('one', 'two', ['one', 'two'], ['two', 'one']),
  to: fc.subarray(['everyone', 'group:g', 'user:u'], { minLength: 1 }),
  from: fc.constantFrom(undefined, ['office']),
  report_only: fc.constantFrom(undefined, undefined, true),
});
const documentOf = fc.record({
  one: serverOf,
  two: serverOf,
  isTurned: fc.boolean(),
  rules: fc.uniqueArray(ruleOf, { maxLength: 4, selector: ({ id }) => id }),
  office: fc.constantFrom('192.0.2.0/24', '198.51.100.0/24'),
  signIn: fc.constantFrom(undefined, { amr: ['mfa'] }),
});
type Drawn = typeof documentOf extends fc.Arbitrary<infer T> ? T : never;

/** As it is kept: JSON text, read again. */
function toDocument({ one, two, isTurned, rules, office, signIn }: Drawn): AccessDocument & Json {
  const servers = { one: { ...one, local: one.local ?? 'one' }, two: { ...two, local: 'two' } };
  const raw = {
    servers: isTurned ? { two: servers.two, one: servers.one } : servers,
    clients: { code: { redirect_uris: ['http://localhost/cb'], client_ids: { local: 'code' } } },
    networks: { office: [office] },
    rules: rules.map(({ id, effect, scopes, on, to, from, report_only }) => ({
      ...{ id, [effect]: scopes, on, to },
      ...(from && { from }),
      ...(report_only && { report_only }),
    })),
    ...(signIn && { sign_in: signIn }),
  };
  const parsed = parseDocument(JSON.parse(JSON.stringify(raw)), 'access');
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return JSON.parse(JSON.stringify(parsed.document));
}

const compile = (document: AccessDocument) => compileAccess(document, { version: 2, localRas: ras });

describe('a version beside another', () => {
  test('is what it is by itself, and differs from the other in the same', () => {
    fc.assert(
      fc.property(documentOf, documentOf, (one, other) => {
        const [old, next] = [toDocument(one), toDocument(other)];
        const shared = shareEntries(old, next) as typeof next;
        assert.equal(JSON.stringify(shared), JSON.stringify(next));
        assert.deepEqual(changedEntries(old, shared), changedEntries(old, next));
        const before = compile(old);
        const beside = compileAccess(shared, {
          version: 2,
          localRas: ras,
          beside: { document: old, index: before },
        });
        assert.deepEqual(beside, compile(next));
        assert.deepEqual([...beside.servers.keys()], [...compile(next).servers.keys()], 'in its own order');
        assert.deepEqual(affectedServers(before, beside), affectedServers(before, compile(next)));
      }),
      { numRuns: 400 },
    );
  });

  const drawn: Drawn = {
    one: { local: undefined, scopes: { read: {}, write: { risk: 'high' } }, enabled: undefined },
    two: { local: undefined, scopes: { read: {}, write: { risk: 'high' } }, enabled: undefined },
    isTurned: false,
    rules: [
      {
        id: 'a',
        effect: 'allow',
        scopes: ['read'],
        on: 'one',
        to: ['group:g'],
        from: undefined,
        report_only: undefined,
      },
      {
        id: 'c',
        effect: 'allow',
        scopes: ['write'],
        on: 'one',
        to: ['user:u'],
        from: undefined,
        report_only: undefined,
      },
      {
        id: 'b',
        effect: 'allow',
        scopes: ['read'],
        on: 'two',
        to: ['group:g'],
        from: undefined,
        report_only: undefined,
      },
    ],
    office: '192.0.2.0/24',
    signIn: undefined,
  };
  const [first] = drawn.rules;
  assert.ok(first);
  const table: [what: string, change: Partial<Drawn>, shared: string[]][] = [
    ['a rule there', { rules: [{ ...first, to: ['everyone'] }, ...drawn.rules.slice(1)] }, ['two']],
    ['a rule before all others', { rules: [{ ...first, id: 'd' }, ...drawn.rules] }, ['two']],
    ['a rule that is gone', { rules: drawn.rules.slice(1) }, ['two']],
    ['the server itself', { one: { ...drawn.one, enabled: false } }, ['two']],
    ['a network, which any rule may name', { office: '198.51.100.0/24' }, []],
    ['the order of two rules', { rules: drawn.rules.toReversed() }, ['two']],
    ['nothing', {}, ['one', 'two']],
  ];
  for (const [what, change, expected] of table) {
    test(`takes over what is compiled on a server, unless it is ${what} that is another`, () => {
      const old = toDocument(drawn);
      const index = compile(old);
      const document = shareEntries(old, toDocument({ ...drawn, ...change })) as typeof old;
      const beside = compileAccess(document, { version: 3, localRas: ras, beside: { document: old, index } });
      const shared = [...beside.rules].filter(([id, rules]) => index.rules.get(id) === rules).map(([id]) => id);
      assert.deepEqual(shared, expected);
    });
  }

  test('shares nothing of a section that is of another kind', () => {
    for (const [other, value] of [
      [[{ id: 'a' }], { a: { id: 'a' } }],
      [{ a: { id: 'a' } }, [{ id: 'a' }]],
      ['required', { a: 1 }],
      [undefined, 'required'],
    ]) {
      assert.deepEqual(shareEntries({ section: other }, { section: value }), { section: value });
    }
  });

  test('that is the same text shares the whole of it', () => {
    const old = toDocument(drawn);
    const shared = shareEntries(old, toDocument(drawn));
    for (const section of Object.keys(old)) assert.equal(shared[section], old[section], section);
  });
});
