import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Store } from '../store/store.ts';
import { inUse, usesOf } from './in-use.ts';

const [sinceMs, nowMs] = [1_000_000, 9_000_000];
const keptMs = 600_000;

/** Numbers as a store has them, and how often it was asked for each. */
function counted() {
  const asked: string[] = [];
  const say = <T>(name: string, answer: T) => {
    asked.push(name);
    return Promise.resolve(answer);
  };
  const uses = {
    sums: () => say('sums', new Map([...Object.entries({ mail: { issued: 1 }, wiki: { issued: 0 } })])),
    groupsInUse: (kind: string) => say(kind, kind === 'group' ? ['data'] : []),
    groupsAt: () => say('groupsAt', [{ kind: 'group', id: 'data' }]),
    people: () => say('people', new Set()),
    lastUses: () =>
      say('lastUses', [
        { person: 'u_then', client: 'c', lastMs: sinceMs },
        { person: 'u_before', client: 'c', lastMs: sinceMs - 1 },
      ]),
  };
  return { store: { uses } as unknown as Pick<Store, 'uses'>, asked };
}

describe('what is in use', () => {
  test('is where something was issued, not where it was only asked for', async () => {
    const { store } = counted();
    const found = await inUse(store, [{ kind: 'group', id: 'data' }], { sinceMs, nowMs });
    assert.deepEqual([[...found.servers], [...found.subjects]], [['mail'], ['group:data']]);
  });

  test('is asked once in ten minutes, and again where the clock was put back', async () => {
    const { store, asked } = counted();
    const askedAt = async (atMs: number) => {
      await inUse(store, [], { sinceMs, nowMs: atMs });
      return asked.filter((name) => name === 'sums').length;
    };
    assert.equal(await askedAt(nowMs), 1);
    assert.equal(await askedAt(nowMs), 1);
    assert.equal(await askedAt(nowMs + keptMs - 1), 1);
    assert.equal(await askedAt(nowMs + keptMs), 2);
    assert.equal(await askedAt(nowMs), 3);
  });

  test('of people is from the first moment on, and not asked where none are named', async () => {
    const { store, asked } = counted();
    const isUsed = await usesOf(store, 'mail', ['user:u_then', 'user:u_before', 'group:data'], { sinceMs, nowMs });
    const subjects = ['user:u_then', 'user:u_before', 'group:data', 'group:eng', 'everyone'];
    assert.deepEqual(subjects.map(isUsed), [true, false, true, false, false]);
    await usesOf(store, 'mail', ['group:data'], { sinceMs, nowMs });
    assert.equal(asked.filter((name) => name === 'lastUses').length, 1);
  });
});
