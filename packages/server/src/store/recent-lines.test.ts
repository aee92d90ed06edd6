import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, beforeEach, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { openInTurn } from '../workers/test-beside.ts';
import { createTurns } from '../workers/turns.ts';
import { longestStretch, stretchLength } from './audit-index.ts';
import { type RecentLine, recentLines, toRecentLine } from './recent-lines.ts';
import { openSqliteStore } from './sqlite.ts';
import type { AuditRow, SaidFacts, Store } from './store.ts';

const lineAt = (position: number): RecentLine => ({
  position,
  kind: 'issuance',
  timeMs: position,
  person: undefined,
  client: undefined,
  server: undefined,
  said: {},
  isPersonal: false,
});
const linesFrom = (first: number, count: number) => Array.from({ length: count }, (_, at) => lineAt(first + at));
const positions = (lines: readonly RecentLine[] | undefined) => lines?.map(({ position }) => position);

describe('what was just written is at hand', () => {
  test('the lines after a position, in order, at most so many', () => {
    const recent = recentLines(8);
    recent.add(linesFrom(5, 4));
    assert.deepEqual(positions(recent.after(4, 10)), [5, 6, 7, 8]);
    assert.deepEqual(positions(recent.after(5, 2)), [6, 7]);
    assert.deepEqual(positions(recent.after(8, 10)), []);
  });

  test('not when lines before them were written by somebody else', () => {
    const recent = recentLines(8);
    assert.equal(recent.after(0, 1), undefined);
    recent.add(linesFrom(5, 4));
    assert.equal(recent.after(3, 10), undefined);
  });

  test('a gap drops what came before it', () => {
    const recent = recentLines(8);
    recent.add(linesFrom(1, 3));
    recent.add(linesFrom(5, 2));
    assert.equal(recent.after(0, 10), undefined);
    assert.deepEqual(positions(recent.after(4, 10)), [5, 6]);
  });

  test('in bounded space: the first quarter goes', () => {
    const recent = recentLines(8);
    recent.add(linesFrom(1, 9));
    assert.equal(recent.after(1, 10), undefined);
    assert.deepEqual(positions(recent.after(2, 10)), [3, 4, 5, 6, 7, 8, 9]);
  });

  test('nothing once it was dropped', () => {
    const recent = recentLines(8);
    recent.add(linesFrom(1, 2));
    recent.drop();
    assert.equal(recent.after(0, 10), undefined);
  });

  test('what is here already stays, whoever comes with it once more', () => {
    const recent = recentLines(8);
    recent.add(linesFrom(3, 2));
    recent.add([]);
    const [read] = [recent.after(2, 1)];
    for (const first of [1, 3, 4]) recent.add(linesFrom(first, 2));
    assert.deepEqual(positions(recent.after(2, 10)), [3, 4, 5]);
    assert.equal(recent.after(2, 1)?.[0], read?.[0]);
    recent.add(linesFrom(1, 6));
    assert.deepEqual(positions(recent.after(2, 10)), [3, 4, 5, 6]);
    recent.add(linesFrom(9, 1));
    assert.deepEqual(positions(recent.after(8, 10)), [9]);
    assert.equal(recent.after(2, 10), undefined, 'there is a gap');
  });

  test('reaches what is here, and what would follow it', () => {
    const recent = recentLines(8);
    assert.equal(recent.reaches(0), false);
    recent.add(linesFrom(5, 2));
    assert.deepEqual(
      [3, 4, 5, 6, 9].map((position) => recent.reaches(position)),
      [false, true, true, true, true],
    );
  });

  test('with who did it, and with which token, where somebody did', () => {
    const said = (facts: SaidFacts) =>
      toRecentLine(1, { id: 'd_1', kind: 'admin', timeMs: 1, body: '{}', said: facts }).said;
    const { by, credential } = said({ by: 'admin-1', credential: 'token-1' });
    assert.deepEqual([by, credential], ['admin-1', 'token-1']);
    const nobody = said({ outcome: 'allowed' });
    assert.equal('by' in nobody || 'credential' in nobody, false, 'no room is taken by what hardly any line says');
  });

  test('what many lines say is kept once; what one says, with that one', () => {
    const said = (facts: SaidFacts) =>
      toRecentLine(1, { id: 'd_1', kind: 'issuance', timeMs: 1, body: '{}', said: facts }).said;
    const facts = { domain: 'idp', outcome: 'allowed', scopesGranted: ['read'], scopesAsked: ['read', 'write'] };
    const one = said({ ...facts });
    assert.equal(said({ ...facts, scopesGranted: ['read'] }), one);
    for (const change of [
      { issuer: 'theirs' },
      { domain: 'ras' },
      { outcome: 'refused' },
      { reason: 'policy_denied' },
      { scopesGranted: ['read', 'write'] },
      { scopesAsked: ['read write'] },
      { unknownScopes: 1 },
      { correlation: 'trace' },
      { by: 'somebody', correlation: undefined },
      { credential: 'somebody', correlation: undefined },
    ]) {
      const other = said({ ...facts, ...change });
      assert.deepEqual({ ...other }, { ...one, ...change });
    }
    for (let at = 0; at < 2000; at += 1) said({ reason: `reason ${at}` });
    assert.notEqual(said({ ...facts }), one, 'in bounded space');
    assert.deepEqual(said({ ...facts }), one);
  });
});

describe('the index of what was just written', () => {
  const dir = mkdtempSync(join(tmpdir(), 'credence-recent-'));
  after(() => rmSync(dir, { recursive: true }));
  const opened: Store[] = [];
  after(() => Promise.all(opened.map((store) => store.close())));
  let file: string;
  let store: Store;
  let written: number;

  const open = async (node: string) => {
    const one = await openSqliteStore(file, { node });
    opened.push(one);
    return one;
  };
  beforeEach(async () => {
    file = join(dir, `store-${opened.length}.db`);
    store = await open('one');
    written = 0;
  });

  /** `said` is what the index goes by; these lines say otherwise in `body`, so that it shows where it came from. */
  const draw = (): AuditRow => {
    written += 1;
    return {
      id: `d_${file}-${written}`,
      kind: 'issuance',
      timeMs: written,
      body: JSON.stringify({ outcome: 'as it is stored' }),
      said: { outcome: 'as it was said' },
      person: `person-${written % 3}`,
    };
  };
  const write = (to: Store, count: number) => to.commit({ marks: [], records: Array.from({ length: count }, draw) });
  const terms = () => {
    const beside = new DatabaseSync(file);
    const { count } = beside.prepare('SELECT count(*) AS count FROM audit_terms').get() as { count: number };
    beside.close();
    return count;
  };
  const found = async (filter: object) => (await store.auditSearch.find(filter, { limit: 2000 })).rows.length;

  test('is made without reading it back', async () => {
    await write(store, stretchLength);
    assert.equal(await store.auditSearch.indexFurther(), stretchLength);
    await write(store, 5);
    assert.equal(await store.auditSearch.indexFurther(), 0);
    // The index leads to them by what was said; the line itself then says that it is something else.
    assert.equal(await found({ outcome: ['as it was said'] }), 0);
    assert.equal(await found({ outcome: ['as it is stored'] }), 5);
    assert.equal(await found({ kind: ['issuance'] }), written);
    assert.equal(await found({ person: ['person-1'] }), Math.ceil((written - 1) / 3));
  });

  test('takes all that wait at once, as long as they make few rows', async () => {
    await write(store, longestStretch + 7);
    assert.equal(await store.auditSearch.indexFurther(), longestStretch);
    assert.equal(await store.auditSearch.indexFurther(), 0);
    assert.equal(await found({ kind: ['issuance'] }), 2000);
    const somebodyEach = () => ({ ...draw(), person: `somebody-${written}` });
    await store.commit({ marks: [], records: Array.from({ length: longestStretch }, somebodyEach) });
    const count = await store.auditSearch.indexFurther();
    assert.ok(count > stretchLength && count < longestStretch, `${count} at once`);
    assert.equal(await found({ person: [`somebody-${longestStretch + 8}`] }), 1);
  });

  test('leaves room for others while it is made', async () => {
    await write(store, longestStretch);
    const made = store.auditSearch.indexFurther();
    let isMade = false;
    void made.finally(() => {
      isMade = true;
    });
    let turns = 0;
    for (; !isMade; turns += 1) await setImmediate();
    assert.ok(turns >= 64 && turns < 1000, `${turns} turns`);
  });

  test('ends where lines are missing from the store', { timeout: 5000 }, async () => {
    const other = await open('other');
    await write(store, 10);
    await write(other, stretchLength);
    const beside = new DatabaseSync(file);
    beside.exec('DROP TRIGGER audit_refuses_delete; DELETE FROM audit WHERE position IN (12, 13)');
    beside.close();
    assert.equal(await store.auditSearch.indexFurther(), written - 2);
    assert.equal(await store.auditSearch.indexFurther(), 0);
  });

  test('is not made where all lines of a stretch are missing', async () => {
    await write(await open('other'), longestStretch + 1);
    const beside = new DatabaseSync(file);
    beside.exec(`DROP TRIGGER audit_refuses_delete; DELETE FROM audit WHERE position <= ${longestStretch}`);
    beside.close();
    assert.equal(await store.auditSearch.indexFurther(), 0);
  });

  test('is made from the store where another process wrote between', async () => {
    const other = await open('other');
    await write(store, 10);
    await write(other, 10);
    await write(store, stretchLength);
    assert.equal(await store.auditSearch.indexFurther(), written);
    assert.equal(await found({ outcome: ['as it is stored'] }), written);
  });

  test('is made from the store where another process wrote last', async () => {
    const other = await open('other');
    await write(store, 10);
    await write(other, stretchLength);
    assert.equal(await store.auditSearch.indexFurther(), written);
    assert.equal(await found({ kind: ['issuance'] }), written);
  });

  test('LOG-02: has nobody who was erased before it was made', async () => {
    await write(store, stretchLength);
    const { rows } = await store.auditSearch.find({ person: ['person-1'] }, { limit: stretchLength });
    const other = await open('other');
    await other.erasure.blank(
      rows.map(({ position }) => position),
      [],
    );
    await other.auditSearch.forget('person-1');
    assert.equal(await store.auditSearch.indexFurther(), 0, 'what was at hand is no longer so');
    assert.equal(terms(), 0);
    assert.equal(await store.auditSearch.indexFurther(), stretchLength, 'and is read instead');
    assert.equal(terms(), 'kind outcome person-0 person-2'.split(' ').length);
    assert.equal(await found({ kind: ['issuance'] }), written);
  });

  test('has nothing of a unit that was taken back', async () => {
    const taken = draw();
    await store.commit({ marks: [], records: [taken] });
    const outcomes = await Promise.allSettled([
      write(store, 10),
      store.commit({ marks: [], records: [draw(), { ...draw(), id: taken.id }] }),
      write(store, stretchLength),
    ]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    assert.equal(await store.auditSearch.indexFurther(), stretchLength + 11);
    assert.equal(await found({ kind: ['issuance'] }), stretchLength + 11);
  });

  test('what another process wrote is read once, whoever reads it first', async () => {
    const other = await open('other');
    const issued = { client: 'notes', server: 'crm', kind: 'issuance' };
    await other.commit({ marks: [], records: Array.from({ length: stretchLength }, () => ({ ...draw(), ...issued })) });
    assert.equal(await store.auditSearch.indexFurther(), stretchLength);
    const beside = new DatabaseSync(file);
    const { sql } = beside.prepare("SELECT sql FROM sqlite_schema WHERE name = 'audit_refuses_update'").get() as {
      sql: string;
    };
    beside.exec(`DROP TRIGGER audit_refuses_update; UPDATE audit SET client = 'another'; ${sql}`);
    beside.close();
    await store.agentUses.catchUp(stretchLength);
    assert.deepEqual(
      (await store.agentUses.of('person-1')).map(({ client }) => client),
      ['notes'],
    );
  });

  test('what another process wrote in its turn is not read back at all', async () => {
    const recent = recentLines();
    const turns = createTurns(recent);
    const first = await openSqliteStore(file, { node: 'in-turn', turn: turns.own, recent });
    const [second, third] = [
      openInTurn(file, turns, { node: 'in-turn' }),
      openInTurn(file, turns, { node: 'in-turn' }),
    ];
    opened.push(first, second, third);
    await Promise.all([second, third, first, second].map((writer) => write(writer, stretchLength / 4)));
    const { rows } = await first.auditSearch.find({}, { limit: 2000 });
    const stored = rows.map(({ position, person }) => [position, person]).toReversed();
    const atHand = recent.after(0, 2000)?.map(({ position, person }) => [position, person]);
    assert.deepEqual(atHand, stored);
    assert.equal(await first.auditSearch.indexFurther(), stretchLength);
    assert.equal(await found({ outcome: ['as it is stored'] }), 0, 'the index goes by what they said');
    assert.equal(await found({ kind: ['issuance'] }), stretchLength);
  });

  test('what a reader saw before its writer told of it leaves all the others at hand', async () => {
    const recent = recentLines();
    const turns = createTurns(recent);
    const first = await openSqliteStore(file, { node: 'in-turn', turn: turns.own, recent });
    const held: (() => void)[] = [];
    const late = { ...turns, done: (...word: Parameters<typeof turns.done>) => held.push(() => turns.done(...word)) };
    const second = openInTurn(file, late, { node: 'in-turn' });
    opened.push(first, second);
    const told = async () => {
      while (held.length === 0) await setImmediate();
      held.shift()?.();
    };
    await write(second, stretchLength - 4);
    await told();
    await write(second, 4);
    const caughtUp = first.agentUses.catchUp(stretchLength);
    while (recent.after(0, stretchLength)?.length !== stretchLength) await setImmediate();
    await told();
    assert.equal(await caughtUp, stretchLength);
    assert.equal(recent.after(0, stretchLength)?.length, stretchLength);
  });

  test('T13: where nothing is shown in them, many lines are passed over at once', async () => {
    const other = await open('other');
    const alone: string[][] = [];
    const look = () =>
      store.orphans.lookFurther('id_jag', 10, async (lines) => {
        alone.push(lines.map(({ idJag = '' }) => idJag));
        return [];
      });
    await look(); // begins with what is written from then on
    const redeemed = (idJag: string): AuditRow => ({ ...draw(), kind: 'redemption', idJag });
    await write(other, stretchLength);
    await other.commit({ marks: [], records: [redeemed('first')] });
    await write(other, 8);
    await other.commit({ marks: [], records: [redeemed('second'), redeemed('third')] });
    assert.equal(await store.auditSearch.indexFurther(), written);
    assert.deepEqual([await look(), alone], [{ alerts: [], isMore: true }, []]);
    assert.deepEqual([await look(), alone], [{ alerts: [], isMore: true }, [['first', 'second']]]);
    assert.deepEqual([await look(), alone.at(-1)], [{ alerts: [], isMore: false }, ['third']]);
    await write(other, 6000);
    assert.equal(await store.auditSearch.indexFurther(), 6000);
    assert.equal((await look()).isMore, true, 'and not without end');
    assert.equal((await look()).isMore, false);
  });

  test('T13: of an ID-JAG that was shown, only lines that name our own issuer are looked up', async () => {
    const asked: number[] = [];
    const look = (issuer?: string) =>
      store.orphans.lookFurther(
        'id_jag',
        400,
        async (alone) => {
          asked.push(alone.length);
          return [];
        },
        issuer,
      );
    const redeemed = (issuer: string): AuditRow => ({
      ...draw(),
      kind: 'redemption',
      idJag: `${issuer}-${written}`,
      said: { issuer },
    });
    await look('ours'); // begins with what is written from then on
    await store.commit({ marks: [], records: [redeemed('theirs'), draw()] });
    assert.deepEqual(await look('ours'), { alerts: [], isMore: false });
    assert.deepEqual(asked, []);
    await store.commit({ marks: [], records: [redeemed('theirs'), redeemed('ours')] });
    await look('ours');
    assert.deepEqual(asked, [2], 'where one is to be looked up, all that stand alone are told');
    await store.commit({ marks: [], records: [redeemed('theirs')] });
    await look();
    assert.deepEqual(asked, [2, 1], 'without an issuer each of them is');
  });
});
