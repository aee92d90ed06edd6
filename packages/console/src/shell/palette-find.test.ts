import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { idIn, matches } from './palette-find.ts';

describe('what the palette finds', () => {
  const names: [text: string, name: string, isFound: boolean][] = [
    ['track', 'Tracker', true],
    ['rack', 'Tracker', false],
    ['code', 'Claude Code', true],
    ['cl co', 'Claude Code', true],
    ['CLAUDE', 'claude-code', true],
    ['https://mcp.acme', 'https://mcp.acme.example/tracker/mcp', true],
  ];
  for (const [text, name, isFound] of names) {
    test(`${text} in ${name}: ${isFound}`, () => assert.equal(matches(text, name), isFound));
  }

  const ids: [text: string, id: string | undefined][] = [
    ['d_4mz0c1aaaa', 'd_4mz0c1aaaa'],
    ['http://localhost:4002/decisions/d_4mz0c1aaaa', 'd_4mz0c1aaaa'],
    ['0QZkSzDhBvXyLqT8vMhW3g', '0QZkSzDhBvXyLqT8vMhW3g'],
    ['carol', undefined],
    ['', undefined],
  ];
  for (const [text, id] of ids) test(`the id in "${text}"`, () => assert.equal(idIn(text), id));
});
