import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { areasOf } from '../policy/areas.ts';
import { compileAccess } from '../policy/compile.ts';
import { createLens } from '../policy/lens.ts';
import { parsePolicy } from '../policy/parse.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { type CellChoice, placesOf, readCells, serversIn, toColumns } from './matrix-window.ts';

const ras = 'https://mcp.acme.example';
const now = 1_790_000_000;
const times = { sinceMs: 0, nowMs: now * 1000 };

function indexOf(...lines: readonly string[]) {
  const text = `
servers:
  work-a: { resource: ${ras}/a/mcp, ras: ${ras}, scopes: { read: {}, admin: { risk: high } } }
  work-b: { resource: ${ras}/b/mcp, ras: ${ras}, scopes: { keys: { risk: high } } }
rules:
${lines.map((line) => `  - { ${line} }`).join('\n')}
`;
  const parsed = parsePolicy(text, 'access');
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return compileAccess(parsed.document as Parameters<typeof compileAccess>[0], { version: 1, localRas: ras });
}

const rules = [
  'id: both-levels, allow: [read], on: work-a, to: [group:eng]',
  'id: high, allow: [admin], on: work-a, to: [group:eng]',
  'id: low, allow: [read], on: work-a, to: [group:data, group:part]',
  'id: no-high, deny: [admin], on: work-a, to: [group:data]',
  'id: nothing, deny: all, on: [work-a, work-b], to: [group:out]',
  'id: office, allow: [keys], on: work-b, to: [group:part], from: [192.0.2.0/24]',
];

async function places(choice: CellChoice, some = rules, before?: readonly string[]) {
  const index = indexOf(...some);
  const lens = createLens(index, before && indexOf(...before), { now });
  const found = await placesOf(lens, choice, index.servers);
  return found && { subjects: [...found.subjects].sort(), servers: [...found.servers].sort() };
}

describe('rows and columns that have cells of one kind', () => {
  test('all: of every kind', async () => assert.equal(await places('all'), undefined));

  test('high: where something of high risk is allowed, whatever else is, and not where it is refused', async () => {
    assert.deepEqual(await places('high'), { subjects: ['group:eng', 'group:part'], servers: ['work-a', 'work-b'] });
  });

  test('unused: where a rule allows anything, also beside one that refuses', async () => {
    assert.deepEqual(await places('unused'), {
      subjects: ['group:data', 'group:eng', 'group:part'],
      servers: ['work-a', 'work-b'],
    });
  });

  test('changed: also where the draft only refuses', async () => {
    const draft = [...rules, 'id: new, deny: all, on: work-b, to: [group:eng]'];
    assert.deepEqual(await places('changed', draft, rules), { subjects: ['group:eng'], servers: ['work-b'] });
  });
});

describe('cells', () => {
  const read = async (choice: CellChoice, some = rules, before?: readonly string[], folded = false) => {
    const store = await openSqliteStore(':memory:', { node: 'one' });
    const index = indexOf(...some);
    const lens = createLens(index, before && indexOf(...before), { now });
    const servers = serversIn(index, undefined);
    const columns = toColumns(servers, areasOf(servers), () => folded);
    const subjects = ['data', 'eng', 'out', 'part'].map((name) => `group:${name}`);
    return readCells({ store, lens }, subjects, columns, choice, times);
  };

  test('unused: not where nothing is allowed', async () => {
    const { cells } = await read('unused');
    assert.deepEqual(
      cells.map(({ subject, server }) => `${subject} ${server}`),
      ['group:data work-a', 'group:eng work-a', 'group:part work-a', 'group:part work-b'],
    );
  });

  test('of an area in one: what is refused altogether, and what holds of any of its servers', async () => {
    const before = [...rules, 'id: gone, allow: [keys], on: work-b, to: [group:data]'];
    const { folded } = await read('all', rules, before, true);
    const shown = folded.map((cell) => [cell.subject, cell.allowed, cell.refused, cell.isConditional, cell.isChanged]);
    assert.deepEqual(shown, [
      ['group:data', 1, 0, false, true],
      ['group:eng', 1, 0, false, false],
      ['group:out', 0, 2, false, false],
      ['group:part', 2, 0, true, false],
    ]);
  });
});

test('T27: others have a turn while many cells are looked at', async () => {
  const index = indexOf(...rules);
  const lens = createLens(index, indexOf(rules[1] ?? ''), { now });
  const cell: typeof lens.cell = (subject, server) => {
    for (const end = performance.now() + 25; performance.now() < end; );
    return lens.cell(subject, server);
  };
  const turnsDuring = async (work: Promise<unknown>) => {
    let turns = 0;
    let isDone = false;
    const others = (async () => {
      for (; !isDone; turns += 1) await new Promise(setImmediate);
    })();
    await work;
    isDone = true;
    await others;
    return turns;
  };
  const places = await turnsDuring(placesOf({ ...lens, cell }, 'changed', index.servers));
  assert.ok(places >= 4, `${places} turns`);
  const store = { uses: { of: () => assert.fail('it is not asked who uses what') } as never };
  const columns = [...index.servers.values()].map((server) => ({ kind: 'server', server }) as never);
  const groups = Array.from({ length: 5 }, (_, at) => `group:g${at}`);
  const cells = await turnsDuring(
    readCells({ store, lens: { ...lens, cell } }, groups, columns, 'all', { sinceMs: 0, nowMs: 1 }),
  );
  assert.ok(cells >= 4, `${cells} turns`);
});
