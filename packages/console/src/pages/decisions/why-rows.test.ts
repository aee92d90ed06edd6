import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { duration, type Told, whyColumns, whyRows } from './why-rows.ts';

const rule = {
  id: 'r',
  effect: 'allow' as const,
  scopes: ['read'],
  to: ['group:data'],
  through: null,
  needs: null,
  from: [],
  notFrom: [],
  hours: null,
  until: null,
};

/** A rule of which the named conditions were looked at; the last of them failed where it says so. */
function told(
  id: string,
  about: string,
  more: Partial<Told['rule'] & object> = {},
  effect: Told['effect'] = 'allow',
): Told {
  const names = about.split(' ').filter((each) => each !== 'fails');
  const fails = about.endsWith('fails');
  const conditions = names.map((each, at) => ({
    about: each,
    met: !(fails && at === names.length - 1),
    words: `${each} words`,
  }));
  const isRule = effect !== 'never_together';
  return {
    id,
    effect,
    spoke: !fails,
    conditions,
    rule: isRule ? { ...rule, effect, ...more } : null,
  } as Told;
}

const asked = {
  person: 'carol',
  client: 'Claude Code',
  names: {
    person: null,
    client: null,
    server: null,
    clients: [{ id: 'claude', name: 'Claude' }],
    subjects: [
      { id: 'group:data', name: 'Data' },
      { id: 'role:contractor', name: 'Contractor' },
    ],
  },
  scopes: ['write'],
  address: '10.4.2.18',
  amr: ['pwd'],
  signInAgeSeconds: 7800,
};

describe('why: a rule a row', () => {
  const needs = { acr: null, amr: ['mfa'], maxAgeSeconds: null };
  const table: [name: string, told: Told, words: string][] = [
    ['not in the group', told('a', 'person fails'), 'carol is not in Data'],
    ['without the role', told('a', 'person fails', { to: ['role:contractor'] }), 'carol has not the role Contractor'],
    ['in none of them', told('a', 'person fails', { to: ['group:data', 'group:x'] }), 'carol is none of Data and x'],
    ['somebody else', told('a', 'person fails', { to: ['user:u_2'] }), 'It names somebody else'],
    [
      'another client',
      told('a', 'person client fails', { through: ['claude'] }),
      'Only through Claude, and this was Claude Code',
    ],
    ['another scope', told('a', 'person scopes fails'), 'Gives read only, not write'],
    [
      'outside the network',
      told('a', 'person scopes network fails', { from: ['office'] }),
      '10.4.2.18 is not in office',
    ],
    ['inside one', told('a', 'person scopes network fails', { notFrom: ['guests'] }), '10.4.2.18 is in guests'],
    ['at another time', told('a', 'person scopes hours fails', { hours: '9 to 5' }), 'Speaks 9 to 5 only'],
    ['allowed', told('a', 'person scopes', { scopes: ['write', 'read'] }), 'Allows write'],
    ['refused', told('a', 'person scopes', { scopes: ['write'] }, 'deny'), 'Refuses write: a refusal wins'],
    [
      'too weak',
      told('a', 'person scopes sign_in', { needs }, 'require'),
      'Asks for a second factor; the sign-in had a password, 2 h 10 min old',
    ],
    [
      'met',
      told('a', 'person scopes sign_in fails', { needs }, 'require'),
      'Met: a password, 2 h 10 min old. It took nothing away.',
    ],
    ['never together', told('a', 'person session fails', {}, 'never_together'), 'session words'],
  ];
  for (const [name, one, words] of table) {
    test(name, () => {
      const { spoke, silent } = whyRows([one], asked);
      assert.equal([...spoke, ...silent][0]?.words, words);
    });
  }

  test('a check each until the cross, then dots; what a rule does not limit holds', () => {
    const rules = [told('near', 'person scopes network fails'), told('far', 'person fails')];
    assert.deepEqual(whyColumns(rules), ['person', 'client', 'scopes', 'network']);
    const { silent } = whyRows([...rules].reverse(), asked);
    assert.deepEqual(
      silent.map(({ id, checks }) => [id, checks.join(' ')]),
      [
        ['near', 'met free met unmet'],
        ['far', 'unmet open open open'],
      ],
    );
  });

  test('a require that was met stands with those that spoke, and one that withheld has the cross', () => {
    const met = told('met', 'person scopes sign_in fails', {}, 'require');
    const short = told('short', 'person scopes sign_in', {}, 'require');
    const { spoke, silent } = whyRows([met, short], asked);
    assert.deepEqual(
      spoke.map(({ id, checks }) => [id, checks.at(-1)]),
      [
        ['met', 'met'],
        ['short', 'unmet'],
      ],
    );
    assert.equal(silent.length, 0);
  });

  test('what a rule says', () => {
    const { spoke } = whyRows([told('a', 'person scopes', { to: ['everyone'], through: ['claude'] })], asked);
    assert.equal(spoke[0]?.says, 'allows everybody read through Claude');
  });
});

test('how long', () => {
  assert.deepEqual([40, 720, 7200, 7800, 200_000].map(duration), ['40 s', '12 min', '2 h', '2 h 10 min', '2 days']);
});
