import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createRemoteTurn, createTurns, type Taker } from './turns.ts';

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
    const turns = createTurns();
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

  test('who ends gives back what they had, and waits for nothing', () => {
    const turns = createTurns();
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
    const turns = createTurns();
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
    const turns = createTurns();
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
});
