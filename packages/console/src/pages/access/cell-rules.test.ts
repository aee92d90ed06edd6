import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  applied,
  type CellOfRules,
  type Document,
  editsBack,
  editsFor,
  ownRuleIds,
  type ScopeSays,
  saysOf,
} from './cell-rules.ts';

const cell: CellOfRules = {
  subject: 'group:data',
  server: 'tracker',
  scopes: [
    { name: 'issues:read', risk: 'low' },
    { name: 'comments:write', risk: 'medium' },
    { name: 'issues:write', risk: 'high' },
  ],
};
const own = (rest: object) => ({ on: 'tracker', to: ['group:data'], ...rest });
const reads = own({ id: 'data-tracker', allow: ['issues:read', 'comments:write'] });
const document = { rules: [reads] };
const free: ScopeSays = { choice: 'allow', conditions: {}, needs: undefined };
const want = (scope: string, says: Partial<ScopeSays>) => new Map([[scope, { ...free, ...says }]]);

/** The document after the edits; the server refuses to take out what is not there. */
function after(text: Document, edits: ReturnType<typeof editsFor>): Document {
  const ids = new Set((text.rules as { id: string }[]).map(({ id }) => id));
  for (const { id, value } of edits)
    assert.ok(value !== undefined || ids.has(id), `${id} is not there to be taken out`);
  return applied(text, edits);
}

describe('rules of the cell itself', () => {
  const table: [rule: object, says: string][] = [
    [own({ allow: ['issues:read'] }), 'allow none none'],
    [own({ allow: 'all' }), 'allow allow allow'],
    [own({ allow: { risk: 'low' } }), 'allow none none'],
    [own({ allow: { risk: 'medium' } }), 'allow allow none'],
    [own({ deny: { risk: 'medium' } }), 'none refuse refuse'],
    [{ allow: 'all', on: ['tracker'], to: ['group:data'] }, 'allow allow allow'],
    [own({ allow: ['issues:read'], through: ['code'], until: '2026-12-04' }), 'allow none none'],
    // These reach further, or say what is not shown here.
    [own({ allow: 'all', on: ['tracker', 'wiki'] }), 'none none none'],
    [own({ allow: 'all', to: ['group:data', 'group:sales'] }), 'none none none'],
    [own({ allow: 'all', to: ['everyone'] }), 'none none none'],
    [own({ allow: 'all', details: 'all' }), 'none none none'],
    [own({ deny: 'all', report_only: true }), 'none none none'],
    [own({ allow: { risk: 'huge' } }), 'none none none'],
  ];
  for (const [rule, says] of table) {
    test(`${JSON.stringify(rule)}: ${says}`, () => {
      const text = { rules: [{ id: 'r', ...rule }] };
      assert.equal([...saysOf(text, cell).values()].map(({ choice }) => choice).join(' '), says);
      assert.deepEqual([...ownRuleIds(text, cell)], says === 'none none none' ? [] : ['r']);
    });
  }

  test('what is refused is refused, whatever allows it', () => {
    const text = { rules: [reads, own({ id: 'not', deny: ['issues:read'] })] };
    assert.deepEqual(
      [...saysOf(text, cell).values()].map(({ choice }) => choice),
      ['refuse', 'allow', 'none'],
    );
  });

  test('one that says again what one before it says is another rule', () => {
    const twice = own({ id: 'again', allow: ['issues:read'], through: ['code'] });
    const text = { rules: [reads, twice] };
    assert.deepEqual([...ownRuleIds(text, cell)], ['data-tracker']);
    assert.deepEqual(saysOf(text, cell).get('issues:read')?.conditions, {});
    assert.deepEqual(editsFor(text, cell, want('issues:read', { choice: 'none' })), [
      { section: 'rules', id: 'data-tracker', value: { ...reads, allow: ['comments:write'] } },
    ]);
  });

  test('what a sign-in must be like stands in a rule of its own', () => {
    const text = { rules: [reads, own({ id: 'mfa', require: { amr: ['mfa'] }, for: ['issues:read'] })] };
    assert.deepEqual(saysOf(text, cell).get('issues:read')?.needs, { amr: ['mfa'] });
    assert.equal(saysOf(text, cell).get('comments:write')?.needs, undefined);
  });
});

describe('a choice', () => {
  test('adds to the rule that is there', () => {
    assert.deepEqual(editsFor(document, cell, want('issues:write', {})), [
      {
        section: 'rules',
        id: 'data-tracker',
        value: { ...reads, allow: ['issues:read', 'comments:write', 'issues:write'] },
      },
    ]);
  });

  test('of one scope for another is an edit, though the rule has as many', () => {
    const wanted = new Map([...want('comments:write', { choice: 'none' }), ...want('issues:write', {})]);
    assert.deepEqual(editsFor(document, cell, wanted), [
      { section: 'rules', id: 'data-tracker', value: { ...reads, allow: ['issues:read', 'issues:write'] } },
    ]);
  });

  test('of the last scope takes the rule with it', () => {
    const text = { rules: [own({ id: 'r', allow: ['issues:read'] })] };
    assert.deepEqual(editsFor(text, cell, want('issues:read', { choice: 'none' })), [{ section: 'rules', id: 'r' }]);
  });

  test('to refuse takes the allowance away, and names a new rule so that no other is overwritten', () => {
    const taken = { id: 'data-tracker-refused', deny: 'all', on: 'x', to: ['everyone'] };
    const edits = editsFor({ rules: [reads, taken] }, cell, want('issues:read', { choice: 'refuse' }));
    assert.deepEqual(edits, [
      { section: 'rules', id: 'data-tracker', value: { ...reads, allow: ['comments:write'] } },
      {
        section: 'rules',
        id: 'data-tracker-refused-2',
        value: { id: 'data-tracker-refused-2', deny: ['issues:read'], on: 'tracker', to: ['group:data'] },
      },
    ]);
  });

  test('that is so already is no edit, however the rule spells it', () => {
    assert.deepEqual(editsFor(document, cell, want('issues:read', {})), []);
    assert.deepEqual(editsFor(document, cell, want('issues:write', { choice: 'none' })), []);
    const all = { rules: [own({ id: 'r', allow: 'all' })] };
    assert.deepEqual(editsFor(all, cell, want('issues:read', {})), []);
  });

  test('of people of another source makes an id that a rule may have', () => {
    const theirs = { ...cell, subject: 'group:entra:4f/Ä', server: 'wiki' };
    const [edit] = editsFor({}, theirs, want('issues:read', {}));
    assert.equal(edit?.id, 'entra-4f--wiki');
  });
});

describe('a condition', () => {
  const until = { through: ['code'], until: '2026-12-04' };

  test('of every scope stands in the rule that is there', () => {
    const wanted = new Map(['issues:read', 'comments:write'].map((name) => [name, { ...free, conditions: until }]));
    assert.deepEqual(editsFor(document, cell, wanted), [
      { section: 'rules', id: 'data-tracker', value: { ...reads, ...until } },
    ]);
  });

  test('of one scope moves it into a rule of its own, and the others keep what they have', () => {
    const edits = editsFor(document, cell, want('comments:write', { conditions: until }));
    assert.deepEqual(edits, [
      { section: 'rules', id: 'data-tracker', value: { ...reads, allow: ['issues:read'] } },
      {
        section: 'rules',
        id: 'data-tracker-2',
        value: { id: 'data-tracker-2', allow: ['comments:write'], on: 'tracker', to: ['group:data'], ...until },
      },
    ]);
    const says = saysOf(after(document, edits), cell);
    assert.deepEqual(says.get('comments:write')?.conditions, until);
    assert.deepEqual(says.get('issues:read')?.conditions, {});
  });

  test('that another scope has already joins its rule; the one left empty goes', () => {
    const narrow = own({ id: 'narrow', allow: ['comments:write'], ...until });
    const text = { rules: [own({ id: 'r', allow: ['issues:read'] }), narrow] };
    const conditions = { until: '2026-12-04', through: ['code'] };
    assert.deepEqual(editsFor(text, cell, want('issues:read', { conditions })), [
      { section: 'rules', id: 'r' },
      { section: 'rules', id: 'narrow', value: { ...narrow, allow: ['issues:read', 'comments:write'] } },
    ]);
  });

  test('leaves `all` as it is written', () => {
    const all = own({ id: 'r', allow: 'all' });
    const wanted = new Map(cell.scopes.map(({ name }) => [name, { ...free, conditions: until }]));
    assert.deepEqual(editsFor({ rules: [all] }, cell, wanted), [
      { section: 'rules', id: 'r', value: { ...all, ...until } },
    ]);
  });

  test('taken away leaves no trace', () => {
    const text = { rules: [{ ...reads, ...until }] };
    const wanted = new Map(['issues:read', 'comments:write'].map((name) => [name, free]));
    assert.deepEqual(editsFor(text, cell, wanted), [{ section: 'rules', id: 'data-tracker', value: reads }]);
  });

  test('on the sign-in is a rule that requires', () => {
    const needs = { amr: ['mfa'], max_age: 28_800 };
    const edits = editsFor(document, cell, want('issues:read', { needs }));
    assert.deepEqual(edits, [
      {
        section: 'rules',
        id: 'data-tracker-sign-in',
        value: { id: 'data-tracker-sign-in', require: needs, for: ['issues:read'], on: 'tracker', to: ['group:data'] },
      },
    ]);
    const text = after(document, edits);
    assert.deepEqual(editsFor(text, cell, want('issues:read', {})), [{ section: 'rules', id: 'data-tracker-sign-in' }]);
    const other = { ...needs, max_age: 60 };
    assert.deepEqual(editsFor(text, cell, want('issues:read', { needs: other }))[0]?.value?.require, other);
  });
});

test('edits in the text: a rule keeps its place, a new one comes last, the rest of the text stays', () => {
  const [one, two, three] = ['one', 'two', 'three'].map((id) => own({ id, allow: ['issues:read'] }));
  const other = { id: 'two', deny: ['issues:read'] };
  const text = { servers: { tracker: {} }, rules: [one, two] };
  const edits = [
    { section: 'rules', id: 'two', value: other },
    { section: 'rules', id: 'three', value: { ...three, id: 'three' } },
    { section: 'rules', id: 'one' },
  ] as const;
  assert.deepEqual(applied(text, edits), { servers: { tracker: {} }, rules: [other, three] });
  assert.deepEqual(applied({}, []), { rules: [] });
});

describe('undo', () => {
  test('puts the rules of the cell back, and leaves every other as it is', () => {
    const other = own({ id: 'mine', allow: 'all', on: 'wiki' });
    const text = { rules: [reads, other] };
    const touched = [
      ...want('issues:read', { choice: 'refuse' }),
      ...want('comments:write', { conditions: { until: '2026-12-04' }, needs: { amr: ['mfa'] } }),
    ];
    const edited = after(text, editsFor(text, cell, new Map(touched)));
    assert.equal((edited.rules as unknown[]).length, 4);
    assert.deepEqual(after(edited, editsBack(edited, cell, text)), text);
    assert.deepEqual(editsBack(text, cell, text), []);
  });

  test('takes out what is new, and none of several that were there', () => {
    const text = { rules: [reads, own({ id: 'mfa', require: { amr: ['mfa'] }, for: ['issues:read'] })] };
    const edited = { rules: [...text.rules, own({ id: 'new', deny: ['issues:write'] })] };
    assert.deepEqual(editsBack(edited, cell, text), [{ section: 'rules', id: 'new' }]);
  });

  test('brings a rule back that was taken out', () => {
    const gone = { rules: [] };
    assert.deepEqual(editsBack(gone, cell, document), [{ section: 'rules', id: 'data-tracker', value: reads }]);
  });
});
