import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SignInConfig } from '../../upstream-config.ts';
import { findClaim, mapClaims, maxMemberships } from './mapping.ts';
import { toUpstreams } from './settings.ts';

const tenant = 'https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0';
const mappingOf = (entry: object) => {
  const complete = { issuer: 'https://idp.acme.example', client_id: 'c', client_secret_file: 'f', ...entry };
  const [upstream] = toUpstreams(SignInConfig.parse({ upstream: { okta: complete } }));
  assert.ok(upstream);
  return upstream.mapping;
};
const base = { sub: 's', email: 'dana@acme.example', email_verified: true, name: 'Dana' };

describe('claims become a person', () => {
  const table: [name: string, entry: object, claims: object, person: object | string][] = [
    ['as they stand', {}, {}, { email: 'dana@acme.example', name: 'Dana', groups: [], roles: [] }],
    [
      'a hint about a claim that is not used',
      { claims: { groups: 'in' } },
      { hasgroups: true, in: ['x'] },
      { groups: ['x'] },
    ],
    ['a name that is just not too long', {}, { name: 'x'.repeat(256) }, { name: 'x'.repeat(120) }],
    ['a name that is too long: the address', {}, { name: 'x'.repeat(257) }, { name: 'dana@acme.example' }],
    ['without a name: the address', {}, { name: undefined }, { name: 'dana@acme.example' }],
    ['a name that is no text: the address', {}, { name: ['x'] }, { name: 'dana@acme.example' }],
    ['groups by the claim', {}, { groups: ['eng', 'eng', 'ops'] }, { groups: ['eng', 'ops'] }],
    ['one group as text', {}, { groups: 'eng' }, { groups: ['eng'] }],
    ['groups by a path', { claims: { groups: 'a.b' } }, { a: { b: ['x'] }, groups: ['y'] }, { groups: ['x'] }],
    ['a claim named like a path', { claims: { groups: 'a.b' } }, { a: { b: ['x'] }, 'a.b': ['y'] }, { groups: ['y'] }],
    [
      'a claim named by a URL',
      { claims: { groups: 'https://a.example/g' } },
      { 'https://a.example/g': ['x'] },
      { groups: ['x'] },
    ],
    ['a path into nothing', { claims: { groups: 'a.b.c' } }, { a: 'text' }, { groups: [] }],
    ['a path into a prototype', { claims: { groups: 'constructor.name' } }, {}, { groups: [] }],
    [
      'only those with the prefix, without it',
      { groups: { prefix: 'app-' } },
      { groups: ['app-eng', 'all'] },
      { groups: ['eng'] },
    ],
    [
      'ids for names that rules cannot spell',
      { groups: { ids: { 'Domain Users': 'all' } } },
      { groups: ['Domain Users'] },
      { groups: ['all'] },
    ],
    ['roles beside groups', {}, { roles: ['admin'] }, { roles: ['admin'], groups: [] }],
    ['ids of roles', { roles: { ids: { 'Super Admin': 'admin' } } }, { roles: ['Super Admin'] }, { roles: ['admin'] }],
    ['Keycloak realm roles', { preset: 'keycloak' }, { realm_access: { roles: ['r'] } }, { roles: ['r'] }],
    ['Okta groups', { preset: 'okta' }, { groups: ['Everyone'] }, { groups: ['Everyone'] }],
    [
      'Google has no groups',
      { preset: 'google', domains: ['acme.example'] },
      { hd: 'acme.example', groups: ['x'] },
      { groups: [] },
    ],
    [
      'Entra: an address nobody verified, of a domain of ours',
      { preset: 'entra', issuer: tenant, domains: ['acme.example'] },
      { email_verified: undefined },
      { email: 'dana@acme.example' },
    ],
    [
      'Entra: without a mailbox',
      { preset: 'entra', issuer: tenant, domains: ['acme.example'] },
      { email: undefined, email_verified: undefined, preferred_username: 'd@acme.example' },
      { email: 'd@acme.example' },
    ],
    ['email_verified as a word', {}, { email_verified: 'true' }, { email: 'dana@acme.example' }],

    ['no address', {}, { email: undefined }, 'upstream_no_user'],
    ['an address that is none', {}, { email: 'dana' }, 'upstream_no_user'],
    ['an address with a blank', {}, { email: 'da na@acme.example' }, 'upstream_no_user'],
    ['an address that reads backwards', {}, { email: 'dana\u202E@acme.example' }, 'upstream_no_user'],
    ['an address of a kilobyte', {}, { email: `${'d'.repeat(1000)}@acme.example` }, 'upstream_no_user'],
    ['an address that is a list', {}, { email: ['dana@acme.example'] }, 'upstream_no_user'],
    ['not verified', {}, { email_verified: false }, 'upstream_email_unverified'],
    ['not verified, as a word', {}, { email_verified: 'false' }, 'upstream_email_unverified'],
    ['not said to be verified', {}, { email_verified: undefined }, 'upstream_email_unverified'],
    [
      'said not to be, where it is trusted',
      { email: 'trusted', domains: ['acme.example'] },
      { email_verified: false },
      'upstream_email_unverified',
    ],
    ['another domain', { domains: ['other.example'] }, {}, 'upstream_email_foreign'],
    [
      'a domain below',
      { domains: ['example'.concat('.org')] },
      { email: 'd@sub.example.org' },
      'upstream_email_foreign',
    ],
    ['a private Google account', { preset: 'google', domains: ['acme.example'] }, {}, 'upstream_email_foreign'],
    [
      'another Google organisation',
      { preset: 'google', domains: ['acme.example'] },
      { hd: 'evil.example' },
      'upstream_email_foreign',
    ],
    ['groups as an object', {}, { groups: { a: 'b' } }, 'upstream_claims_malformed'],
    ['groups with a number', {}, { groups: ['a', 1] }, 'upstream_claims_malformed'],
    ['roles as a number', {}, { roles: 7 }, 'upstream_claims_malformed'],
    ['groups left out, with a pointer', {}, { _claim_names: { groups: 'src1' } }, 'upstream_groups_left_out'],
    [
      'groups left out, with a part of them',
      {},
      { groups: ['a'], _claim_names: { groups: 'src1' } },
      'upstream_groups_left_out',
    ],
    ['groups left out, with a hint', {}, { hasgroups: true }, 'upstream_groups_left_out'],
    [
      'too many',
      {},
      { groups: Array.from({ length: maxMemberships + 1 }, (_, at) => `g${at}`) },
      'upstream_too_many_groups',
    ],
    [
      'too many together',
      {},
      { groups: Array.from({ length: maxMemberships }, (_, at) => `g${at}`), roles: ['r'] },
      'upstream_too_many_groups',
    ],
  ];
  for (const [name, entry, claims, expected] of table) {
    test(`${name}: ${typeof expected === 'string' ? expected : 'in'}`, () => {
      const mapped = mapClaims(JSON.parse(JSON.stringify({ ...base, ...claims })), mappingOf(entry));
      if (typeof expected === 'string') return assert.equal(mapped.ok ? 'in' : mapped.refusal, expected);
      assert.ok(mapped.ok, JSON.stringify(mapped));
      const { groups, roles, ...rest } = mapped.value;
      const found = { ...rest, groups: groups.map(({ id }) => id), roles: roles.map(({ id }) => id) };
      for (const [member, value] of Object.entries(expected)) assert.deepEqual(found[member as 'name'], value);
    });
  }

  test('as many as are taken are taken, and 5,000 within the prefix of a few too', () => {
    const groups = Array.from({ length: maxMemberships }, (_, at) => `g${at}`);
    assert.equal(mapClaims({ ...base, groups }, mappingOf({})).ok, true);
    const many = Array.from({ length: 5000 }, (_, at) => (at < 3 ? `app-${at}` : `g${at}`));
    const mapped = mapClaims({ ...base, groups: many }, mappingOf({ groups: { prefix: 'app-' } }));
    assert.equal(mapped.ok && mapped.value.groups.length, 3);
  });

  test('names are kept for people, at a length', () => {
    const mapped = mapClaims({ ...base, name: 'x'.repeat(200), groups: ['g'.repeat(500)] }, mappingOf({}));
    assert.ok(mapped.ok);
    assert.deepEqual([mapped.value.name.length, mapped.value.groups[0]?.name?.length], [120, 200]);
  });

  test('of several paths the first that leads somewhere counts', () => {
    assert.equal(findClaim({ b: 'x' }, ['a', 'b']), 'x');
    assert.equal(findClaim({ a: null, b: 'x' }, ['a', 'b']), null);
    assert.equal(findClaim({}, []), undefined);
  });
});
