import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ClientTlsEntry, toClientTls } from './client-tls.ts';
import { parseDistinguishedName } from './distinguished-name.ts';

describe('what the certificate of a client has to be', () => {
  const table: [entry: object, expected: object][] = [
    [{ subject_dn: 'cn = a , o = b' }, { kind: 'subject_dn', value: parseDistinguishedName('CN=a,O=b'), bound: false }],
    [{ san_dns: 'a.example' }, { kind: 'san_dns', value: 'a.example', bound: false }],
    [
      { san_uri: 'urn:a', bound: true },
      { kind: 'san_uri', value: 'urn:a', bound: true },
    ],
    [{ san_ip: '192.0.2.1' }, { kind: 'san_ip', value: '192.0.2.1', bound: false }],
    [{ san_ip: '2001:DB8:0::0001' }, { kind: 'san_ip', value: '2001:db8::1', bound: false }],
    [{ san_email: 'a@b.example' }, { kind: 'san_email', value: 'a@b.example', bound: false }],
    [{ self_signed: ['x'.repeat(43)] }, { kind: 'self_signed', thumbprints: ['x'.repeat(43)], bound: false }],
  ];
  for (const [entry, expected] of table) {
    test(JSON.stringify(entry), () => assert.deepEqual(toClientTls(ClientTlsEntry.parse(entry)), expected));
  }
});
