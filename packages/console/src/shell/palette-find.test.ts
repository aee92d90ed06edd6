import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findActions, findPages, idIn, matches } from './palette-find.ts';

describe('what the palette finds', () => {
  const names: [text: string, name: string, isFound: boolean][] = [
    ['track', 'Tracker', true],
    ['rack', 'Tracker', false],
    ['code', 'Claude Code', true],
    ['cl co', 'Claude Code', true],
    ['cl ex', 'Claude Code', false],
    ['CLAUDE', 'claude-code', true],
    ['https://mcp.acme', 'https://mcp.acme.example/tracker/mcp', true],
  ];
  for (const [text, name, isFound] of names) {
    test(`${text} in ${name}: ${isFound}`, () => assert.equal(matches(text, name), isFound));
  }

  test('pages of the navigation before anything is typed, each with its keys', () => {
    assert.deepEqual(findPages('', ['read:overview', 'read:people']), [
      { title: 'Overview', to: '/', remark: 'g o' },
      { title: 'People', to: '/people', remark: 'g p' },
      { title: 'Settings', to: '/settings' },
    ]);
  });

  test('every page by its title, but none of one thing, and none that is not for this person', () => {
    const titles = (text: string, ...permissions: string[]) => findPages(text, permissions).map(({ title }) => title);
    assert.deepEqual(titles('parts'), ['Parts and states']);
    assert.deepEqual(titles('people', 'read:people', 'write:people'), ['People', 'Import people']);
    assert.deepEqual(titles('people', 'read:people'), ['People']);
    assert.deepEqual(titles('person', 'read:people'), []);
  });

  test('what it can do is found once something is typed', () => {
    const help = () => undefined;
    const actions = { palette: help, help, go: help };
    assert.deepEqual(findActions('', actions), []);
    assert.deepEqual(
      findActions('key', actions).map(({ run }) => run),
      [help],
    );
    assert.deepEqual(findActions('carol', actions), []);
  });

  const ids: [text: string, id: string | undefined][] = [
    ['d_4mz0c1aaaa', 'd_4mz0c1aaaa'],
    ['http://localhost:4002/decisions/d_4mz0c1aaaa', 'd_4mz0c1aaaa'],
    ['0QZkSzDhBvXyLqT8vMhW3g', '0QZkSzDhBvXyLqT8vMhW3g'],
    ['carol', undefined],
    ['', undefined],
  ];
  for (const [text, id] of ids) test(`the id in "${text}"`, () => assert.equal(idIn(text), id));
});
