import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { changedEntries, type Json } from './entries.ts';
import { type Moved, movedBy } from './moved.ts';

const of = (before: Json, after: Json) =>
  movedBy(changedEntries({ servers: { s: before } }, { servers: { s: after } })).map(
    ({ what, before: old, after: now, untold }) => [what, old, now, ...untold],
  );

const http = (url: string, more: Json = {}) => ({ upstream: { http: url, allow: [], ...more } });
const stdio = (words: string[], more: Json = {}) => ({ upstream: { stdio: words, allow: [], ...more } });

describe('what goes elsewhere, as far as whoever approves it may know', () => {
  const table: [name: string, before: Json, after: Json, ...moved: (string | null)[][]][] = [
    [
      'another host',
      http('https://a.example/mcp'),
      http('https://b.example/mcp'),
      ['upstream', 'https://a.example', 'https://b.example'],
    ],
    [
      'another port',
      http('http://localhost:1/mcp'),
      http('http://localhost:2/mcp'),
      ['upstream', 'http://localhost:1', 'http://localhost:2'],
    ],
    [
      'without TLS',
      http('https://a.example/mcp'),
      http('http://a.example/mcp'),
      ['upstream', 'https://a.example', 'http://a.example'],
    ],
    [
      'a path and a query, which may hold a key',
      http('https://a.example/s/s3cret?k=s3cret'),
      http('https://a.example/s/0ther?k=0ther'),
      ['upstream', 'https://a.example', 'https://a.example', 'path', 'query'],
    ],
    [
      'what it may ask of the client',
      http('https://a.example/mcp'),
      http('https://a.example/mcp', { allow: ['roots'] }),
      ['upstream', 'https://a.example', 'https://a.example', 'allow'],
    ],
    ['another command', stdio(['one', 'x']), stdio(['two', 'x']), ['upstream', 'one', 'two']],
    [
      'arguments, environment and folder, which may hold a key',
      stdio(['run', '--key', 's3cret'], { env: { TOKEN: 's3cret' } }),
      stdio(['run', '--key', '0ther'], { env: { TOKEN: '0ther' }, cwd: '/srv' }),
      ['upstream', 'run', 'run', 'arguments', 'environment', 'folder'],
    ],
    [
      'a program instead of an address',
      http('https://a.example/mcp'),
      stdio(['run', 'x']),
      ['upstream', 'https://a.example', 'run', 'path', 'query', 'arguments'],
    ],
    [
      'one where there was none',
      {},
      http('https://a.example/'),
      ['upstream', null, 'https://a.example', 'allow', 'path', 'query'],
    ],
    [
      'none any more',
      http('https://a.example/'),
      {},
      ['upstream', 'https://a.example', null, 'allow', 'path', 'query'],
    ],
    [
      'a resource and an authorization server',
      { resource: 'https://a.example/mcp', ras: 'https://a.example' },
      { resource: 'https://b.example/mcp', ras: 'https://b.example' },
      ['resource', 'https://a.example/mcp', 'https://b.example/mcp'],
      ['ras', 'https://a.example', 'https://b.example'],
    ],
    [
      'one here instead of one elsewhere',
      { resource: 'https://a.example/mcp', ras: 'https://a.example' },
      { local: 'a' },
      ['resource', 'https://a.example/mcp', null],
      ['ras', 'https://a.example', null],
      ['local', null, 'a'],
    ],
    [
      'nothing, where only its name is another',
      { name: 'A', ...http('https://a.example') },
      { name: 'B', ...http('https://a.example') },
    ],
  ];
  for (const [name, before, after, ...moved] of table) {
    test(name, () => {
      const found = of(before, after);
      assert.deepEqual(found, moved);
      assert.ok(!JSON.stringify(found).includes('s3cret') && !JSON.stringify(found).includes('0ther'));
    });
  }

  test('of a server that is new where it goes, of one that is gone nothing, of other entries nothing', () => {
    const fresh = movedBy(changedEntries({}, { servers: { s: http('https://a.example/mcp') } }));
    const whole: Moved = {
      server: 's',
      what: 'upstream',
      before: null,
      after: 'https://a.example',
      untold: ['allow', 'path', 'query'],
    };
    assert.deepEqual(fresh, [whole]);
    assert.deepEqual(
      movedBy(changedEntries({}, { servers: { s: { resource: 'https://a.example', ras: 'https://a.example' } } })),
      [],
    );
    assert.deepEqual(movedBy(changedEntries({ servers: { s: http('https://a.example') } }, {})), []);
    assert.deepEqual(movedBy(changedEntries({}, { clients: { c: http('https://a.example') } })), []);
  });
});
