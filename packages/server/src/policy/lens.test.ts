import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileAccess } from './compile.ts';
import { barsOf, createLens, highestBars } from './lens.ts';
import { parsePolicy } from './parse.ts';

const ras = 'https://mcp.acme.example';
const now = 1_790_000_000;
const rules = [
  '{ id: all, allow: [read], on: tracker, to: [everyone] }',
  '{ id: one, allow: [read], on: tracker, to: [group:eng] }',
  '{ id: two, allow: [admin], on: tracker, to: [group:eng] }',
  '{ id: own, allow: [keys], on: vault, to: [group:eng] }',
];

function indexOf(...lines: readonly string[]) {
  const text = `
servers:
  tracker: { resource: ${ras}/t/mcp, ras: ${ras}, scopes: { read: {}, write: {}, admin: { risk: high } } }
  vault: { resource: ${ras}/v/mcp, ras: ${ras}, scopes: { keys: { risk: high } } }
rules:
${lines.map((line) => `  - ${line}`).join('\n')}
`;
  const parsed = parsePolicy(text, 'access');
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return compileAccess(parsed.document as Parameters<typeof compileAccess>[0], { version: 1, localRas: ras });
}

describe('a version through a lens', () => {
  const lens = createLens(indexOf(...rules), undefined, { now });

  test('whom no rule names has what everybody has, and not of their own', () => {
    const cell = lens.cell('group:data', 'tracker');
    assert.deepEqual(
      [cell?.subject, cell?.allowed, cell?.isOwn, cell?.isChanged],
      ['group:data', ['read'], false, false],
    );
    assert.equal(lens.cell('everyone', 'tracker')?.isOwn, true);
    assert.equal(lens.cell('group:data', 'vault'), undefined);
  });

  test('every pair that rules name comes once, with all of its rules', () => {
    const named = [...lens.named()].map(
      ([subject, server, some]) => `${subject} ${server} ${some.map(({ id }) => id)}`,
    );
    assert.deepEqual(named.sort(), ['everyone tracker all', 'group:eng tracker one,two', 'group:eng vault own']);
  });
});

test('beside a draft: what neither version gives anything is no cell, also where others are changed', () => {
  const before = indexOf(...rules);
  const lens = createLens(indexOf(...rules.slice(0, 3)), before, { now });
  assert.equal(lens.cell('group:data', 'vault'), undefined);
  assert.deepEqual([lens.cell('group:eng', 'vault')?.isChanged, lens.cell('group:eng', 'vault')?.allowed], [true, []]);
  assert.equal(lens.cell('group:eng', 'tracker')?.isChanged, false);
});

describe('bars', () => {
  test('say how much of each level somebody has', () => {
    const server = indexOf(...rules).servers.get('tracker');
    assert.ok(server);
    const has = (...allowed: string[]) => barsOf(server, { allowed }).map((bar) => `${bar.level} ${bar.has}`);
    assert.deepEqual(has(), ['low none', 'high none']);
    assert.deepEqual(has('read'), ['low some', 'high none']);
    assert.deepEqual(has('read', 'write', 'admin'), ['low all', 'high all']);
  });

  test('of several servers are the highest of each level', () => {
    const [none, some, all] = (['none', 'some', 'all'] as const).map((has) => ({ level: 'low' as const, has }));
    assert.ok(none && some && all);
    assert.deepEqual(highestBars([[none], [some, { level: 'high', has: 'none' }]]), [
      some,
      { level: 'high', has: 'none' },
    ]);
    assert.deepEqual(highestBars([[all], [some]]), [all]);
    assert.deepEqual(highestBars([]), []);
  });
});
