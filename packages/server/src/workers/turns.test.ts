import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { type RecentLine, recentLines } from '../store/recent-lines.ts';
import { StoreUnavailable } from '../store/store.ts';
import { fromLineText } from './line-text.ts';
import { createRemoteTurn, createTurns, type Taker } from './turns.ts';

const lineAt = (position: number): RecentLine => ({
  ...{ position, kind: 'issuance', timeMs: 1, person: undefined, client: undefined, server: undefined },
  ...{ said: {}, isPersonal: false },
});

function takers(...names: readonly string[]) {
  const told: string[] = [];
  const made = names.map(
    (name): Taker => ({
      grant: () => void told.push(`${name} may`),
      expire: () => void told.push(`${name} is ended`),
    }),
  );
  return { told, takers: made as [Taker, Taker, Taker] };
}

describe('turns to write', () => {
  test('one has it at a time, in the order in which they asked', () => {
    const turns = createTurns(recentLines());
    const {
      told,
      takers: [one, two, three],
    } = takers('one', 'two', 'three');
    for (const taker of [one, two, three, one]) turns.ask(taker);
    assert.deepEqual(told, ['one may']);
    turns.done(two); // it has nothing to give back
    assert.deepEqual(told, ['one may']);
    for (const taker of [one, two, three]) turns.done(taker);
    assert.deepEqual(told, ['one may', 'two may', 'three may', 'one may']);
  });

  test('who asks for the next one as they give it back comes after all who wait', () => {
    const turns = createTurns(recentLines());
    const {
      told,
      takers: [one, two],
    } = takers('one', 'two');
    turns.ask(one);
    turns.ask(two);
    turns.done(one, [], true);
    turns.done(one, [], true); // it has nothing to give back, and so nothing to ask for
    turns.done(two);
    turns.done(one);
    assert.deepEqual(told, ['one may', 'two may', 'one may']);
  });

  test('who ends gives back what they had, and waits for nothing', () => {
    const turns = createTurns(recentLines());
    const {
      told,
      takers: [one, two, three],
    } = takers('one', 'two', 'three');
    for (const taker of [one, two, three, two]) turns.ask(taker);
    turns.gone(two);
    turns.gone(one);
    turns.done(three);
    assert.deepEqual(told, ['one may', 'three may']);
    turns.ask(two);
    assert.deepEqual(told.at(-1), 'two may');
  });

  test('who keeps it for ten seconds is ended, and the others wait until they are gone', (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const turns = createTurns(recentLines());
    const {
      told,
      takers: [one, two],
    } = takers('one', 'two', 'three');
    turns.ask(one);
    turns.ask(two);
    context.mock.timers.tick(9_999);
    assert.deepEqual(told, ['one may']);
    context.mock.timers.tick(1);
    assert.deepEqual(told, ['one may', 'one is ended']);
    turns.gone(one);
    context.mock.timers.tick(9_999);
    turns.done(two);
    context.mock.timers.tick(60_000);
    assert.deepEqual(told, ['one may', 'one is ended', 'two may']);
  });

  test('the process that hands them out waits for its own, and gives it back also when its work fails', async () => {
    const turns = createTurns(recentLines());
    const {
      told,
      takers: [one, two],
    } = takers('one', 'two', 'three');
    turns.ask(one);
    turns.own.take(() => void told.push('own work'));
    await setImmediate();
    await setImmediate();
    turns.ask(two);
    assert.deepEqual(told, ['one may']);
    turns.done(one);
    assert.deepEqual(told, ['one may', 'own work', 'two may']);
    turns.ask({
      grant: () => undefined,
      expire: () => undefined,
    });
    turns.gone(two);
  });

  test('what was written in a turn is handed over in order, with that of this process, and by nobody else', () => {
    const told: number[] = [];
    const turns = createTurns({ add: (lines) => void told.push(...lines.map(({ position }) => position)) });
    const {
      takers: [one, two],
    } = takers('one', 'two');
    turns.ask(one);
    turns.ask(two);
    turns.done(two, [lineAt(9)]);
    assert.deepEqual(told, []);
    turns.done(one, [lineAt(1), lineAt(2)]);
    turns.done(one, [lineAt(9)]);
    turns.done(two, [lineAt(3)]);
    assert.deepEqual(told, [1, 2, 3]);
  });

  test('a process that is told: says what it has written in this turn, and nothing of another', () => {
    const said: (readonly number[])[] = [];
    const turn = createRemoteTurn((message) => {
      if (message.turn === 'done') said.push(fromLineText(message.lines).map(({ position }) => position));
    });
    turn.take(() => turn.written.add([lineAt(1), lineAt(2)]));
    turn.granted();
    turn.take(() => undefined);
    turn.granted();
    turn.written.add([lineAt(3)]); // at its end, when it has no turn any more
    turn.take(() => turn.written.add([lineAt(5)]));
    turn.granted();
    assert.deepEqual(said, [[1, 2], [], [5]]);
  });

  test('a process that is told: asks once for a group, and says when it has written', () => {
    const said: string[] = [];
    const turn = createRemoteTurn(({ turn: what }) => void said.push(what));
    turn.take(() => {
      said.push('written');
      turn.take(() => void said.push('written again')); // more than fits one group
    });
    assert.deepEqual(said, ['ask']);
    turn.granted();
    assert.deepEqual(said, ['ask', 'written', 'ask', 'done']);
    turn.granted();
    turn.granted(); // nothing waits
    assert.deepEqual(said.slice(4), ['written again', 'done', 'done']);
  });

  test('a process that is told: has asked for the next turn when it gives back one in which it wrote much', () => {
    const said: string[] = [];
    const turn = createRemoteTurn(
      (message) => void said.push(message.turn === 'done' ? `done ${message.again}` : 'ask'),
    );
    const write = (count: number) =>
      turn.take(() => turn.written.add(Array.from({ length: count }, (_, at) => lineAt(at))));
    write(7);
    turn.granted();
    write(8);
    turn.granted();
    write(8);
    turn.granted();
    turn.granted(); // nothing waits
    write(1);
    assert.deepEqual(said, ['ask', 'done false', 'ask', 'done true', 'done true', 'done false', 'ask']);
  });

  test('a process that is told: asks once, also where it wrote much and has more', () => {
    const said: string[] = [];
    const turn = createRemoteTurn(
      (message) => void said.push(message.turn === 'done' ? `done ${message.again}` : 'ask'),
    );
    turn.take(() => {
      turn.written.add(Array.from({ length: 8 }, (_, at) => lineAt(at)));
      turn.take(() => void said.push('more'));
    });
    turn.granted();
    turn.granted();
    assert.deepEqual(said, ['ask', 'ask', 'done false', 'more', 'done false']);
  });

  test('a process that is told: whoever could not ask asks again', () => {
    const said: string[] = [];
    let away = true;
    const turn = createRemoteTurn(({ turn: what }) => {
      if (away) throw new Error('away');
      said.push(what);
    });
    assert.throws(() => turn.take(() => undefined), StoreUnavailable);
    away = false;
    turn.take(() => undefined);
    assert.deepEqual(said, ['ask']);
  });
});
