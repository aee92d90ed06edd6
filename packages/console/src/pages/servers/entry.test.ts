import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toEntry } from './entry.ts';

describe('an entry for the access document', () => {
  const found = {
    url: 'https://mcp.linear.app/mcp',
    resource: 'https://mcp.linear.app/mcp',
    scopes: ['read', 'write'],
    authorizationServers: [{ issuer: 'https://mcp.linear.app' }],
  };

  test('names what was found; the risk is high until a person says otherwise', () => {
    const lines = (toEntry(found) ?? '').split('\n');
    assert.deepEqual(lines, [
      'servers:',
      '  linear:',
      '    resource: "https://mcp.linear.app/mcp"',
      '    ras: "https://mcp.linear.app"',
      '    scopes:',
      '      "read": { risk: high }',
      '      "write": { risk: high }',
    ]);
  });

  test('of a server without scopes has none', () => {
    assert.equal(
      toEntry({ ...found, scopes: [] })
        ?.split('\n')
        .at(-1),
      '    scopes: {}',
    );
  });

  test('is none where the resource or the authorization server is not known', () => {
    assert.equal(toEntry({ ...found, resource: null }), undefined);
    assert.equal(toEntry({ ...found, authorizationServers: [] }), undefined);
  });

  test('what a stranger says stays a value', () => {
    const evil = 'x" }\nrules: []';
    assert.ok(
      !toEntry({ ...found, scopes: [evil] })
        ?.split('\n')
        .includes('rules: []'),
    );
    assert.ok(toEntry({ ...found, url: 'https://10.0.0.1/', scopes: [] })?.includes('  server:\n'));
  });
});
