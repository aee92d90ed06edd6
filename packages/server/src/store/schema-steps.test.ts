import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { migrations } from './migrate.ts';
import { stepTooFar, toConnectionName, tooOldFor } from './schema-steps.ts';

const up = async () => undefined;
const known = ['0001-a', '0002-b'];
const applied = known.map((name) => ({ name }));

describe('a version of the program, on tables of another', () => {
  const table: [what: string, more: { name: string; beside?: string | null }[], tooFar: string | undefined][] = [
    ['its own', [], undefined],
    ['with a step it can live beside', [{ name: '0003-c', beside: '0002-b' }], undefined],
    [
      'with two',
      [
        { name: '0003-c', beside: '0002-b' },
        { name: '0004-d', beside: '0002-b' },
      ],
      undefined,
    ],
    ['with a step of which nothing is said', [{ name: '0003-c' }], '0003-c'],
    ['with a step of which nothing is said in the table', [{ name: '0003-c', beside: null }], '0003-c'],
    [
      'with one for those after it',
      [
        { name: '0003-c', beside: '0002-b' },
        { name: '0004-d', beside: '0003-c' },
      ],
      '0004-d',
    ],
  ];
  for (const [what, more, tooFar] of table) {
    test(`${what}: ${tooFar ?? 'works'}`, () => assert.equal(stepTooFar([...applied, ...more], known), tooFar));
  }
  test('tables that are older are for who upgrades', () => assert.equal(stepTooFar([], known), undefined));
});

describe('nodes at work when a step is to be taken', () => {
  const table: [what: string, step: string, livesBeside: string | undefined, connection: string, isTooOld: boolean][] =
    [
      ['one that knows it', '0003-c', undefined, 'credence 0003-c', false],
      ['one that is newer', '0003-c', undefined, 'credence 0004-d', false],
      ['one of the version before', '0003-c', undefined, 'credence 0002-b', true],
      ['one of the version before, which can stay', '0003-c', '0002-b', 'credence 0002-b', false],
      ['one of two versions before', '0003-c', '0002-b', 'credence 0001-a', true],
      ['one of before versions were told', '0003-c', '0002-b', 'credence', true],
      ['somebody else', '0003-c', undefined, 'psql', false],
      ['somebody else', '0003-c', undefined, 'credence-reports 1', false],
    ];
  for (const [what, step, livesBeside, connection, isTooOld] of table) {
    test(`${what}: ${isTooOld ? 'to be stopped' : 'stays'}`, () => {
      const pending = { [step]: { up, ...(livesBeside !== undefined && { livesBeside }) } };
      assert.deepEqual(tooOldFor(pending, [connection]), isTooOld ? [connection] : []);
    });
  }

  test('of several steps the strictest counts', () => {
    const pending = { '0003-c': { up, livesBeside: '0002-b' }, '0004-d': { up } };
    assert.deepEqual(tooOldFor(pending, ['credence 0002-b', 'credence 0004-d']), ['credence 0002-b']);
  });

  test('a connection is called by the latest step its version knows', () => {
    assert.equal(toConnectionName(['0002-b', '0001-a']), 'credence 0002-b');
    const name = toConnectionName(Object.keys(migrations));
    assert.ok(name.length <= 63, 'PostgreSQL keeps 63 bytes of it');
    assert.deepEqual(tooOldFor({ [name.split(' ')[1] ?? '']: { up } }, [name]), []);
  });
});

test('a step that says which nodes may stay names one before it', () => {
  for (const [name, { livesBeside }] of Object.entries(migrations)) {
    if (livesBeside === undefined) continue;
    assert.ok(Object.hasOwn(migrations, livesBeside) && livesBeside < name, name);
  }
});
