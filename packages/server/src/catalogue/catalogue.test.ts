import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Catalogue, catalogue } from './catalogue.ts';

describe('the catalogue', () => {
  const ids = (list: readonly { readonly id: string }[]) => list.map(({ id }) => id);

  test('has every system that people connect first, each once', () => {
    const servers = ['linear', 'canva', 'granola', 'supabase', 'figma', 'asana', 'atlassian', 'slack'];
    assert.deepEqual(ids(catalogue.servers), servers);
    const clients = ['claude', 'claude-code', 'vscode'];
    assert.deepEqual(ids(catalogue.clients).slice(0, 3), clients);
    assert.ok(ids(catalogue.identityProviders).includes('okta'));
    for (const list of Object.values(catalogue)) assert.equal(new Set(ids(list)).size, list.length);
  });

  test('says of every field where it comes from and when; what is not known is empty', () => {
    const supabase = catalogue.servers.find(({ id }) => id === 'supabase');
    assert.deepEqual([supabase?.issuer, supabase?.scopes], [null, null]);
    for (const entry of Object.values(catalogue).flat()) {
      for (const [name, fact] of Object.entries(entry)) {
        if (name === 'id' || name === 'name' || fact === null) continue;
        assert.ok(typeof fact === 'object' && fact.source !== '' && fact.date >= '2026-09', `${entry.id}.${name}`);
      }
    }
  });

  test('takes no entry that leaves its source out, says nothing, or guesses', () => {
    const [first, ...others] = catalogue.servers;
    const { source: _, ...unsourced } = first?.resource ?? { source: '' };
    for (const resource of [unsourced, { ...first?.resource, value: 'unknown' }, 'https://mcp.linear.app/mcp', '']) {
      const changed = { ...catalogue, servers: [{ ...first, resource }, ...others] };
      assert.equal(Catalogue.safeParse(changed).success, false, JSON.stringify(resource));
    }
  });
});
