import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileAccess } from '../compile.ts';
import { parsePolicy } from '../parse.ts';
import { applyEdits, type Edit, missingEdits } from './edits.ts';
import type { Json } from './entries.ts';
import { merge } from './merge.ts';
import { widenings } from './widened.ts';

// Documents in parts: what stands under a name, single words, and sections that are empty.

describe('edits', () => {
  const document = { rules: [{ id: 'a' }], networks: { office: ['10.0.0.0/8'] } };
  const put = (section: Edit['section'], id: string): Edit => ({ section, id, value: {} });
  const out = (section: Edit['section'], id: string): Edit => ({ section, id });

  test('that take out what is neither there nor was put there before are missing', () => {
    const missing = (...edits: Edit[]) => missingEdits(document, edits).map(({ section, id }) => `${section} ${id}`);
    assert.deepEqual(missing(out('rules', 'a'), out('networks', 'office')), []);
    assert.deepEqual(missing(out('rules', 'b')), ['rules b']);
    assert.deepEqual(missing(put('rules', 'x'), put('rules', 'b'), out('rules', 'b')), []);
    assert.deepEqual(missing(put('rules', 'x'), out('rules', 'b')), ['rules b']);
    assert.deepEqual(missing(put('networks', 'b'), out('rules', 'b')), ['rules b']);
    assert.deepEqual(missing(out('rules', 'b'), put('rules', 'b')), ['rules b']);
    assert.deepEqual(missing(out('rules', 'b'), out('rules', 'b')), ['rules b', 'rules b']);
  });

  test('leave sections as documents have them, also with one entry or none', () => {
    const edited = applyEdits(document, [out('rules', 'a'), out('networks', 'office'), put('networks', 'home')]);
    assert.deepEqual(edited, { rules: [], networks: { home: {} } });
  });
});

describe('two changes of one document', () => {
  test('a single word comes and goes', () => {
    const word = { second_person: 'required' };
    assert.deepEqual(merge({}, word, {}).document, word);
    assert.deepEqual(merge(word, {}, word).document, {});
    assert.deepEqual(merge(word, { second_person: 'never' }, word).document, { second_person: 'never' });
  });

  test('a section that is emptied is still there', () => {
    const full = { networks: { office: [] }, rules: [{ id: 'a' }] };
    assert.deepEqual(merge(full, { networks: {}, rules: [] }, full).document, { networks: {}, rules: [] });
  });
});

describe('what widens', () => {
  test('the first document of all, entry by entry', () => {
    const document = {
      servers: { t: { resource: 'https://mcp.example/t', ras: 'https://mcp.example', scopes: { read: {} } } },
      rules: [{ id: 'a', allow: 'all', on: 't', to: ['everyone'] }],
    };
    const parsed = parsePolicy(JSON.stringify(document), 'access');
    assert.ok(parsed.ok, JSON.stringify(parsed));
    const access = compileAccess(parsed.document as Parameters<typeof compileAccess>[0], {
      version: 1,
      localRas: undefined,
    });
    const first = { document: parsed.document as unknown as Json, access };
    assert.ok(widenings('access', { document: {} }, first).includes('servers.t is new'));
    assert.deepEqual(widenings('access', first, { document: {} }), []);
  });

  test('a single word that is another, since nobody knows what it does', () => {
    assert.deepEqual(widenings('resource', { document: { x: 1 } }, { document: { x: 2 } }), ['x says something else']);
  });
});
