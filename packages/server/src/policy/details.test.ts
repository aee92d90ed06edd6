import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkParameter, narrowDetails, problemOfDetails } from './details.ts';
import { parsePolicy } from './parse.ts';
import { toDetailTypes } from './scopes.ts';

const resource = 'https://mcp.acme.example/tracker/mcp';
const detailTypes = toDetailTypes({
  access: { scope: 'read', members: { actions: ['read', 'comment'], project: 'text', labels: 'list' } },
});
const server = { resource, detailTypes };

describe('IDP-23, RFC 9396 §5: what a detail may say', () => {
  const table: [name: string, detail: object, problem: string | undefined][] = [
    ['its type alone', {}, undefined],
    ['values of the list', { actions: ['read', 'comment'] }, undefined],
    ['any text', { project: 'apollo' }, undefined],
    ['a list of any texts', { labels: ['a', 'b'] }, undefined],
    ['the resource it is for', { locations: [resource] }, undefined],
    ['another type', { type: 'payment' }, 'unknown_type'],
    ['a type named like a method of objects', { type: 'constructor' }, 'unknown_type'],
    ['a value that is not in the list', { actions: ['read', 'delete'] }, 'malformed'],
    ['a text where a list is due', { actions: 'read' }, 'malformed'],
    ['an empty list', { actions: [] }, 'malformed'],
    ['a list where a text is due', { project: ['apollo'] }, 'malformed'],
    ['an empty text', { project: '' }, 'malformed'],
    ['a text of 512', { project: 'x'.repeat(512) }, undefined],
    ['a long text', { project: 'x'.repeat(513) }, 'malformed'],
    ['a list of fifty', { labels: Array.from({ length: 50 }, String) }, undefined],
    ['a list of fifty-one', { labels: Array.from({ length: 51 }, String) }, 'malformed'],
    ['a number in a list', { labels: ['a', 1] }, 'malformed'],
    ['a member its type does not have', { amount: '5' }, 'malformed'],
    ['such a member as a list', { amount: ['5'] }, 'malformed'],
    ['a member named like one of every object', { toString: 'x' }, 'malformed'],
    ['the resource of another server', { locations: ['https://other.example/mcp'] }, 'malformed'],
    ['its own and another', { locations: [resource, 'https://other.example/mcp'] }, 'malformed'],
    ['a location as text', { locations: resource }, 'malformed'],
  ];
  for (const [name, change, problem] of table) {
    test(`${name}: ${problem ?? 'fine'}`, () => {
      assert.equal(problemOfDetails([{ type: 'access', ...change }], server), problem);
      assert.equal(problemOfDetails([{ type: 'access' }, { type: 'access', ...change }], server), problem);
    });
  }

  const texts: [name: string, text: string, outcome: string][] = [
    ['as it should be', '[{"type":"access"}]', 'ok'],
    ['not JSON', '[{type:access}]', 'authorization_details_malformed'],
    ['an object, not an array', '{"type":"access"}', 'authorization_details_malformed'],
    ['an empty array', '[]', 'authorization_details_malformed'],
    ['a text in the array', '["access"]', 'authorization_details_malformed'],
    ['no type', '[{"actions":["read"]}]', 'authorization_details_malformed'],
    ['a type that is no text', '[{"type":7}]', 'authorization_details_malformed'],
    ['a member twice', '[{"type":"access","type":"other"}]', 'authorization_details_malformed'],
    ['twenty', JSON.stringify(Array(20).fill({ type: 'access' })), 'ok'],
    ['twenty-one', JSON.stringify(Array(21).fill({ type: 'access' })), 'authorization_details_malformed'],
    ['an unknown type', '[{"type":"access"},{"type":"payment"}]', 'authorization_details_unsupported'],
    ['8 KiB in all', `[{"type":"access"}]${' '.repeat(8192 - 19)}`, 'ok'],
    ['8 KiB of blanks more', `[{"type":"access"}]${' '.repeat(8192)}`, 'authorization_details_malformed'],
  ];
  for (const [name, text, outcome] of texts) {
    test(`the parameter: ${name}: ${outcome}`, () => {
      const result = checkParameter(text, server);
      assert.equal(result.ok ? 'ok' : result.refusal, outcome);
    });
  }
});

describe('RAS-22: a request narrows what the ID-JAG carries, and never widens it', () => {
  const granted = [{ type: 'access', actions: ['read', 'comment'], project: 'apollo' }];
  const table: [name: string, asked: object, covered: boolean][] = [
    ['the same', { actions: ['comment', 'read'], project: 'apollo' }, true],
    ['less of a list', { actions: ['read'], project: 'apollo' }, true],
    ['a limit more', { actions: ['read'], project: 'apollo', labels: ['a'] }, true],
    ['more of a list', { actions: ['read', 'delete'], project: 'apollo' }, false],
    ['a limit less', { actions: ['read'] }, false],
    ['another value', { actions: ['read'], project: 'gemini' }, false],
    ['another type', { type: 'other', actions: ['read'], project: 'apollo' }, false],
  ];
  for (const [name, change, covered] of table) {
    test(`${name}: ${covered ? 'covered' : 'not covered'}`, () => {
      const asked = { type: 'access', ...change };
      assert.deepEqual(narrowDetails(granted, [asked]), covered ? [asked] : []);
    });
  }

  test('two granted details are not added up', () => {
    const both = [
      { type: 'access', actions: ['read'] },
      { type: 'access', actions: ['comment'] },
    ];
    assert.deepEqual(narrowDetails(both, [{ type: 'access', actions: ['read', 'comment'] }]), []);
  });
});

describe('in the documents every mistake is told where it is', () => {
  const access = (types: string, rule = '') => `
servers: { tracker: { local: tracker, scopes: { read: {}, write: {} }, authorization_details: ${types} } }
clients: { app: {} }
rules:
  - { id: eng, on: tracker, to: [everyone], ${rule || 'allow: all'} }`;
  const types = '{ view: { scope: read }, edit: { scope: write } }';
  const table: [name: string, text: string, told: RegExp][] = [
    [
      'a scope the server does not have',
      access('{ view: { scope: fly } }'),
      /authorization_details\.view\.scope: there is no scope fly/,
    ],
    ['no scope', access('{ view: {} }'), /view\.scope: must be the name of a scope/],
    [
      'a member of another kind',
      access('{ view: { scope: read, members: { a: number } } }'),
      /members\.a: must be text, list/,
    ],
    [
      'a member that is always there',
      access('{ view: { scope: read, members: { type: text } } }'),
      /type and locations are there/,
    ],
    [
      'a type nobody has',
      access(types, 'allow: all, details: [fly]'),
      /rules\[0\]\.details\[0\]: there is no type fly/,
    ],
    [
      'a type whose scope the rule does not allow',
      access(types, 'allow: [read], details: [view, edit]'),
      /details\[1\]: goes with the scope write, which this rule does not allow/,
    ],
    ['details to deny', access(types, 'deny: [read], details: [view]'), /details go with allow only/],
    ['no type', access(types, 'allow: all, details: []'), /details: must name at least one type/],
  ];
  for (const [name, text, told] of table) {
    test(name, () => {
      const parsed = parsePolicy(text, 'access');
      const problems = parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`);
      assert.ok(
        problems.some((problem) => told.test(problem)),
        problems.join('\n') || 'nothing was found',
      );
    });
  }

  test('in a resource document too', () => {
    const text = 'servers: { tracker: { scopes: { read: {} }, authorization_details: { view: { scope: fly } } } }';
    const parsed = parsePolicy(text, 'resource');
    assert.match(JSON.stringify(parsed), /there is no scope fly/);
  });
});
