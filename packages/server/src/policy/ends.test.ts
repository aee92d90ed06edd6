import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AccessDocument } from './access-document.ts';
import { compileAccess } from './compile.ts';
import { endOfGrant } from './ends.ts';
import type { Ask } from './model.ts';
import { parsePolicy } from './parse.ts';

const now = Date.parse('2026-12-01T00:00:00Z') / 1000;
const at = (day: string) => Date.parse(`${day}T00:00:00Z`) / 1000 + 86_400;

function indexOf(...rules: string[]) {
  const text = `
servers: { s: { resource: https://mcp.example/s, ras: https://mcp.example, scopes: { a: {}, b: {} }, authorization_details: { pay: { scope: a } } } }
clients: { c: { redirect_uris: [http://localhost/cb], client_ids: { https://mcp.example: c } } }
rules: [${rules.join(', ')}]`;
  const parsed = parsePolicy(text, 'access');
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return compileAccess(parsed.document as AccessDocument, { version: 1, localRas: undefined });
}
const ask = (scopes: string[]): Ask => ({
  person: { id: 'u_1', groups: ['g'], roles: [] },
  client: 'c',
  server: 's',
  scopes,
  acr: undefined,
  amr: [],
  authTime: now,
  now,
  keyBound: false,
});
const endOf = (index: ReturnType<typeof indexOf>, scopes = ['a', 'b']) => endOfGrant(index, ask(scopes), { scopes });

describe('when what is granted ends', () => {
  const early = '{ id: early, allow: [a], on: s, to: [group:g], until: 2026-12-03 }';
  const late = '{ id: late, allow: [a, b], on: s, to: [group:g], until: 2026-12-05 }';
  const always = '{ id: always, allow: [a], on: s, to: [group:g] }';
  const table: [name: string, rules: string[], end: number | undefined][] = [
    ['never, where no rule ends', [always, '{ id: more, allow: all, on: s, to: [group:g] }'], undefined],
    ['with the rule', [late], at('2026-12-05')],
    ['with the last that allows it', [early, late], at('2026-12-05')],
    ['with the scope that ends first', [late, always], at('2026-12-05')],
    ['not with a rule about others', [late, '{ id: x, allow: all, on: s, to: [group:other] }'], at('2026-12-05')],
    [
      'not with one that is over',
      [late, '{ id: y, allow: all, on: s, to: [group:g], until: 2026-11-30 }'],
      at('2026-12-05'),
    ],
    [
      'not with a demand',
      [always.replace('[a]', 'all'), '{ id: z, require: { amr: [mfa] }, for: all, on: s, until: 2026-12-03 }'],
      undefined,
    ],
  ];
  for (const [name, rules, end] of table) test(name, () => assert.equal(endOf(indexOf(...rules)), end));

  test('with the rule that lets a type of details through, though the scope goes on', () => {
    const index = indexOf(always, early.replace('allow: [a]', 'allow: [a], details: [pay]'));
    assert.equal(endOfGrant(index, ask(['a']), { scopes: ['a'] }), undefined);
    assert.equal(endOfGrant(index, ask(['a']), { scopes: ['a'], details: ['pay'] }), at('2026-12-03'));
  });

  test('on a server without rules: never', () => {
    assert.equal(endOfGrant(indexOf(late), { ...ask(['a']), server: 'other' }, { scopes: ['a'] }), undefined);
  });

  test('of the scopes that are granted, and no other', () => {
    assert.equal(endOf(indexOf(early, late, always), ['a']), undefined);
    assert.equal(endOf(indexOf(early), ['a']), at('2026-12-03'));
  });

  test('rules that end, the soonest first; none costs nothing', () => {
    assert.equal(indexOf(always).endings, undefined);
    assert.deepEqual(
      indexOf(late, always, early).endings?.map(({ rule, server, until }) => [rule.id, server, until]),
      [
        ['early', 's', at('2026-12-03')],
        ['late', 's', at('2026-12-05')],
      ],
    );
  });
});
