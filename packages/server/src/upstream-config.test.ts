import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { locateSecrets, SignInConfig } from './upstream-config.ts';

const okta = { issuer: 'https://acme.okta.com', client_id: 'c', client_secret_file: 'okta.secret' };
const tenant = 'https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0';

describe('sign_in.upstream', () => {
  const table: [name: string, entry: object, problem: RegExp | undefined][] = [
    ['issuer, client id and secret are enough', {}, undefined],
    ['a preset too', { preset: 'okta' }, undefined],
    ['Google needs no issuer', { preset: 'google', issuer: undefined, domains: ['acme.example'] }, undefined],
    ['Entra of one tenant', { preset: 'entra', issuer: tenant, domains: ['acme.example'] }, undefined],
    ['a key in place of the secret', { client_secret_file: undefined, client_key_file: 'k.jwk' }, undefined],
    ['localhost over http', { issuer: 'http://localhost:8080/realms/acme' }, undefined],
    ['no credential', { client_secret_file: undefined }, /either client_secret_file or client_key_file/],
    ['both credentials', { client_key_file: 'k.jwk' }, /and not both/],
    ['no issuer', { issuer: undefined }, /issuer.*is missing/],
    ['clear http', { issuer: 'http://idp.acme.example' }, /must be the issuer/],
    ['an issuer with a query', { issuer: 'https://idp.acme.example/?a' }, /must be the issuer/],
    ['an issuer with a password', { issuer: 'https://a:b@idp.acme.example' }, /must be the issuer/],
    ['Google for everybody', { preset: 'google' }, /anybody in the world/],
    [
      'Entra for every tenant',
      { preset: 'entra', issuer: 'https://login.microsoftonline.com/common/v2.0', domains: ['acme.example'] },
      /one tenant/,
    ],
    ['Entra without domains', { preset: 'entra', issuer: tenant }, /nobody verified/],
    ['trust without domains', { email: 'trusted' }, /nobody verified/],
    ['a domain in capitals', { domains: ['Acme.example'] }, /lower case/],
    ['a key nobody knows', { client_secret: 'in the file' }, /Unrecognized key/],
    ['an id that rules cannot spell', { groups: { ids: { x: 'a b' } } }, /rules name it/],
    [
      'a source that is not SCIM',
      { provisioned_by: { source: 'local', match: 'external_id', claim: 'oid' } },
      /must be a SCIM source/,
    ],
  ];
  for (const [name, change, problem] of table) {
    test(`${name}: ${problem ? 'refused' : 'taken'}`, () => {
      const parsed = SignInConfig.safeParse({ upstream: { okta: { ...okta, ...change } } });
      const said = parsed.error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n') ?? '';
      if (problem) assert.match(said, problem);
      else assert.equal(said, '');
    });
  }

  test('a domain or an issuer belongs to one upstream', () => {
    const two = { okta: { ...okta, domains: ['acme.example'] }, other: { ...okta, domains: ['acme.example'] } };
    const parsed = SignInConfig.safeParse({ upstream: two });
    const said = parsed.error?.issues.map(({ message }) => message) ?? [];
    assert.deepEqual(said, [
      'the issuer https://acme.okta.com is that of okta already',
      'the domain acme.example is that of okta already',
    ]);
  });

  test('a name stands in addresses and group ids', () => {
    for (const name of ['Okta', 'o/k', '', '-a', 'a b']) {
      assert.equal(SignInConfig.safeParse({ upstream: { [name]: okta } }).success, false, name);
    }
  });

  test('files are found beside the configuration', () => {
    const located = locateSecrets(SignInConfig.parse({ upstream: { okta } }), (path) => `/etc/credence/${path}`);
    assert.equal(located.upstream.okta?.client_secret_file, '/etc/credence/okta.secret');
    assert.equal(located.upstream.okta?.client_key_file, undefined);
  });
});
