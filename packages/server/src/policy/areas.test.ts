import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { areasOf, inAreas } from './areas.ts';

const server = (id: string) => ({ id, name: id });
const areasIn = (...ids: string[]) => [...areasOf(ids.map(server))].map(([id, { name }]) => `${id} ${name}`).sort();

describe('the area of a server', () => {
  test('is the first word of its id, where another begins with it too', () => {
    assert.deepEqual(areasIn('work-wiki', 'Work_mail', 'build.ci', 'alone', 'on-its-own'), [
      'Work_mail Work',
      'alone Others',
      'build.ci Others',
      'on-its-own Others',
      'work-wiki Work',
    ]);
  });

  test('is none by a word that is the whole id', () => {
    assert.deepEqual(areasIn('work', 'work-wiki', 'work-'), ['work Others', 'work- Others', 'work-wiki Others']);
  });

  test('is a stretch of the alphabet where many share nothing', () => {
    const ids = (letter: string, count: number) => Array.from({ length: count }, (_, at) => `${letter}${at}`);
    const few = areasOf([...ids('a', 11), ...ids('b', 12)].map(server));
    assert.deepEqual(new Set([...few.values()].map(({ id }) => id)), new Set(['~']));
    const many = areasOf([...ids('d', 2), ...ids('b', 12), ...ids('a', 10), ...ids('c', 1)].map(server));
    assert.deepEqual(
      [many.get('a0'), many.get('b11')],
      [
        { id: '~a', name: 'A–B' },
        { id: '~a', name: 'A–B' },
      ],
    );
    assert.deepEqual(many.get('d1'), { id: '~c', name: 'C–D' });
    const exact = areasOf([...ids('a', 12), ...ids('b', 12)].map(server));
    assert.deepEqual([exact.get('a0')?.name, exact.get('b0')?.name], ['A', 'B']);
    const one = areasOf([...ids('z', 24), ...ids('y', 1)].map(server));
    assert.deepEqual([one.get('z0')?.name, one.get('y0')?.name], ['Y–Z', 'Y–Z']);
    assert.equal(areasOf(ids('z', 24).map(server)).get('z3')?.name, 'Z');
  });

  test('puts servers together, those without a word last, in the order they came', () => {
    const servers = ['zoo', 'work-b', 'build-x', 'work-a', 'ant', 'build-a'].map(server);
    assert.deepEqual(
      inAreas(servers, areasOf(servers)).map(({ id }) => id),
      ['build-x', 'build-a', 'work-b', 'work-a', 'zoo', 'ant'],
    );
  });
});
