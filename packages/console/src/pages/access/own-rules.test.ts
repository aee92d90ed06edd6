import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { choiceOf, editsFor } from './own-rules.ts';

const cell = { subject: 'group:data', server: 'tracker' };
const document = {
  rules: [
    { id: 'data-tracker', allow: ['issues:read'], on: 'tracker', to: ['group:data'] },
    { id: 'eng', allow: ['issues:write'], on: ['tracker', 'wiki'], to: ['group:data'] },
    { id: 'through', allow: ['issues:write'], on: 'tracker', to: ['group:data'], through: ['claude-code'] },
    { id: 'both', deny: ['projects:admin'], on: 'tracker', to: ['group:data', 'group:sales'] },
    { id: 'all', deny: 'all', on: 'tracker', to: ['group:data'] },
  ],
};

describe('what the rules of a cell itself say', () => {
  const table: [scope: string, choice: string][] = [
    ['issues:read', 'allow'],
    ['issues:write', 'none'],
    ['projects:admin', 'none'],
  ];
  for (const [scope, choice] of table) {
    test(`${scope}: ${choice}`, () => assert.equal(choiceOf(document, cell.subject, cell.server, scope), choice));
  }
});

describe('a choice changes the rules of the cell itself, and no other', () => {
  test('a scope is added to the rule that is there', () => {
    assert.deepEqual(editsFor(document, { ...cell, scope: 'issues:write' }, 'allow'), [
      {
        section: 'rules',
        id: 'data-tracker',
        value: { id: 'data-tracker', allow: ['issues:read', 'issues:write'], on: 'tracker', to: ['group:data'] },
      },
    ]);
  });

  test('the last scope takes the rule with it', () => {
    assert.deepEqual(editsFor(document, { ...cell, scope: 'issues:read' }, 'none'), [
      { section: 'rules', id: 'data-tracker' },
    ]);
  });

  test('refusing takes the allowance away, and names a new rule so that no other is overwritten', () => {
    const taken = {
      rules: [...document.rules, { id: 'data-tracker-refused', deny: 'all', on: 'x', to: ['everyone'] }],
    };
    assert.deepEqual(editsFor(taken, { ...cell, scope: 'issues:read' }, 'refuse'), [
      { section: 'rules', id: 'data-tracker' },
      {
        section: 'rules',
        id: 'data-tracker-refused-2',
        value: { id: 'data-tracker-refused-2', deny: ['issues:read'], on: 'tracker', to: ['group:data'] },
      },
    ]);
  });

  test('what is so already is no edit', () => {
    assert.deepEqual(editsFor(document, { ...cell, scope: 'issues:read' }, 'allow'), []);
    assert.deepEqual(editsFor(document, { ...cell, scope: 'issues:write' }, 'none'), []);
  });

  test('people of another source have ids that a rule may not have', () => {
    const [edit] = editsFor({}, { subject: 'group:entra:4f/Ä', server: 'wiki', scope: 'pages:read' }, 'allow');
    assert.equal(edit?.id, 'entra-4f--wiki');
  });
});
