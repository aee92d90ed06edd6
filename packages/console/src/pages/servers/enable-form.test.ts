import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  clientChoices,
  type EnableForm,
  formOf,
  isElsewhere,
  missingIn,
  startOfKnown,
  startOfOwn,
  startOfProbe,
  toBody,
} from './enable-form.ts';

const fact = <T>(value: T) => ({ value, kind: 'metadata' as const, source: 'seen', date: '2026-11' });
const known = {
  ...{ id: 'linear', name: 'Linear', resource: fact('https://mcp.linear.app/mcp'), transport: null },
  ...{ issuer: fact('https://mcp.linear.app'), tokenEndpoint: null, audience: null, scopes: fact(['read', 'write']) },
  ...{ enterpriseManaged: null, registration: null, remarks: null },
};
const probed = {
  url: 'https://mcp.linear.app/mcp',
  resource: 'https://mcp.linear.app/mcp',
  name: 'Your bank',
  scopes: ['read', 'read', 'write'],
  authorizationServers: [],
  findings: [],
};
const none = new Set<string>();
const form = (change: Partial<EnableForm> = {}): EnableForm => {
  const to = [{ id: 'group:eng', name: 'Engineering' }];
  return { ...formOf(startOfKnown(known), none), to, through: [{ id: 'code', name: 'Code' }], ...change };
};

describe('what a server is enabled with', () => {
  test('is what the catalogue knows; what it does not is for a person to say', () => {
    const { id, name, resource, ras, scopes } = formOf(startOfKnown(known), none);
    assert.deepEqual(
      [id, name, resource, ras],
      ['linear', 'Linear', 'https://mcp.linear.app/mcp', 'https://mcp.linear.app'],
    );
    assert.deepEqual(scopes, [
      { name: 'read', risk: 'high', given: true },
      { name: 'write', risk: 'high', given: true },
    ]);
    const start = startOfKnown({ ...known, resource: null, issuer: null, scopes: null });
    assert.deepEqual([start.resource, start.ras, start.scopes], ['', '', []]);
  });

  test('or what a probe has seen, under the name of its host and not the one that it gives itself', () => {
    const start = startOfProbe(probed);
    assert.deepEqual([start.id, start.name, start.ras], ['linear', 'Linear', '']);
    assert.deepEqual(formOf(start, none).scopes.length, 2, 'each scope once');
    assert.equal(startOfProbe({ ...probed, resource: null }).resource, probed.url);
  });

  test('or of one of our own nothing: its address at the gateway follows from its name', () => {
    const own = formOf(startOfOwn('https://mcp.acme.example'), new Set(['wiki']));
    assert.deepEqual([own.id, missingIn(own)], ['', 'id']);
    assert.equal(missingIn({ ...own, id: 'notes' }), 'upstream');
    const said = form({ ...own, id: 'notes', upstream: 'http://10.0.0.7/mcp', resource: 'https://elsewhere.example' });
    assert.equal(isElsewhere(said), false);
    const { resource, upstream, ras } = toBody(said, undefined);
    assert.deepEqual(
      [resource, upstream, ras],
      ['https://mcp.acme.example/notes/mcp', { http: 'http://10.0.0.7/mcp' }, 'https://mcp.acme.example'],
    );
    assert.ok(!('upstream' in toBody(form(), undefined)));
  });

  test('has a name in rules that no other server has', () => {
    assert.equal(formOf(startOfKnown(known), new Set(['linear', 'linear-2'])).id, 'linear-3');
  });

  const missing: [name: keyof EnableForm | undefined, change: Partial<EnableForm>][] = [
    [undefined, {}],
    ['id', { id: '' }],
    ['resource', { resource: '' }],
    ['ras', { ras: '' }],
    ['scopes', { scopes: [] }],
    ['scopes', { scopes: [{ name: 'read', risk: 'low', given: false }] }],
    ['to', { to: [] }],
    ['through', { through: [] }],
  ];
  for (const [name, change] of missing) {
    test(`what is missing: ${name ?? 'nothing'}`, () => assert.equal(missingIn(form(change)), name));
  }

  test('is looked at twice where ID-JAGs would go to another host than the server’s', () => {
    assert.equal(isElsewhere(form()), false);
    assert.equal(isElsewhere(form({ ras: 'https://mcp.linear.app.evil.example' })), true);
    assert.equal(isElsewhere(form({ ras: 'no url' })), false);
  });

  test('is sent as the API takes it, into the draft that is open', () => {
    const body = toBody(form({ name: ' Linear ' }), { id: 'dr_1', revision: 3 });
    assert.deepEqual([body.name, body.to, body.through], ['Linear', ['group:eng'], [{ id: 'code' }]]);
    assert.deepEqual(body.draft, { id: 'dr_1', revision: 3 });
    assert.ok(!('draft' in toBody(form(), undefined)) && !('name' in toBody(form({ name: ' ' }), undefined)));
  });

  test('clients to choose from: those that are there first, then those that can be made', () => {
    const client = (id: string, redirectUris: string[] | null, metadata: string | null) => ({
      ...{
        id,
        name: id,
        metadata: metadata === null ? null : fact(metadata),
        redirectUris: redirectUris && fact(redirectUris),
      },
      ...{ authentication: null, enterpriseManaged: null, issuer: null, setUp: null, remarks: null },
    });
    const all = [
      client('code', ['http://localhost/a'], null),
      client('zed', null, 'https://zed.dev/c'),
      client('cursor', null, null),
    ];
    assert.deepEqual(clientChoices([{ id: 'code', name: 'Our Code' }], all), [
      { id: 'code', name: 'Our Code', isNew: false },
      { id: 'zed', name: 'zed', isNew: true },
    ]);
  });
});
