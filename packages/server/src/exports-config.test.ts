import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ExportSettings, ExportsSection, hostOf, locateExports, placeOf, portOf } from './exports-config.ts';

const file = { name: 'a', kind: 'file', path: 'record.jsonl' };
const syslog = { name: 'a', kind: 'syslog', address: 'siem.acme.example:6514' };
const webhook = { name: 'a', kind: 'webhook', url: 'https://siem.acme.example/in', secretFile: 's' };

describe('exports of the configuration', () => {
  const table: [name: string, entry: object, problem: RegExp | 'taken'][] = [
    ['a file', file, 'taken'],
    ['standard output as OCSF', { name: 'a', kind: 'stdout', format: 'ocsf' }, 'taken'],
    ['syslog as CEF', { ...syslog, format: 'cef', ca: ['ca.pem'], cert: 'c.pem', key: 'k.pem' }, 'taken'],
    ['syslog at an IPv6 address', { ...syslog, address: '[2001:db8::1]:6514' }, 'taken'],
    ['a webhook', { ...webhook, records: ['issuance'] }, 'taken'],
    ['a webhook on localhost in the clear', { ...webhook, url: 'http://localhost:8080/in' }, 'taken'],
    ['of no kind', { ...file, kind: 'kafka' }, /kind must be file, stdout, syslog or webhook/],
    ['with a key of another kind', { ...file, url: 'https://x.example' }, /Unrecognized key/],
    ['without a name', { ...file, name: undefined }, /string/],
    ['by a name that is a path', { ...file, name: '../a' }, /lower case/],
    ['as CSV', { ...file, format: 'csv' }, /jsonl, ocsf or cef/],
    ['a webhook as CEF', { ...webhook, format: 'cef' }, /body is JSON/],
    ['a webhook in the clear', { ...webhook, url: 'http://siem.acme.example/in' }, /https URL/],
    ['a webhook with a password', { ...webhook, url: 'https://a:b@siem.acme.example/in' }, /https URL/],
    ['a webhook with a user', { ...webhook, url: 'https://a@siem.acme.example/in' }, /https URL/],
    ['a webhook with a fragment', { ...webhook, url: 'https://siem.acme.example/in#a' }, /https URL/],
    ['a webhook that is no URL', { ...webhook, url: 'siem' }, /https URL/],
    ['syslog without a port', { ...syslog, address: 'siem.acme.example' }, /HOST:PORT/],
    ['syslog at port 1', { ...syslog, address: 'siem.acme.example:1' }, 'taken'],
    ['syslog at port 65535', { ...syslog, address: 'siem.acme.example:65535' }, 'taken'],
    ['syslog at port 0', { ...syslog, address: 'siem.acme.example:0' }, /no such port/],
    ['syslog at port 65536', { ...syslog, address: 'siem.acme.example:65536' }, /no such port/],
    ['syslog at no address', { ...syslog, address: '[::::]:6514' }, /no address/],
    ['a certificate without its key', { ...syslog, cert: 'c.pem' }, /belong together/],
    ['no kinds at all', { ...file, records: [] }, /at least one kind/],
    ['files that are too small', { ...file, maxBytes: 1000 }, /at least 1048576/],
    ['keeping none', { ...file, keep: 0 }, /1 to 1000/],
    ['giving up at once', { ...webhook, tries: 1 }, /3 to 1000/],
  ];
  for (const [name, entry, problem] of table) {
    test(`${name}: ${problem}`, () => {
      const { success, error } = ExportsSection.safeParse([entry]);
      if (problem === 'taken') assert.equal(success, true, error?.message);
      else assert.match(error?.issues[0]?.message ?? 'taken', problem);
    });
  }

  test('two by one name, and more than twenty', () => {
    assert.match(ExportsSection.safeParse([file, webhook]).error?.issues[0]?.message ?? '', /same name/);
    const many = Array.from({ length: 21 }, (_, at) => ({ ...file, name: `e${at}` }));
    assert.match(ExportsSection.safeParse(many).error?.issues[0]?.message ?? '', /at most 20/);
    assert.deepEqual(ExportsSection.parse(undefined), []);
  });

  test('paths are relative to the file', () => {
    const entries = ExportsSection.parse([
      file,
      { ...syslog, name: 'b', ca: ['ca.pem'], cert: 'c.pem', key: 'k.pem' },
      { ...webhook, name: 'c' },
      { name: 'd', kind: 'stdout' },
      { ...syslog, name: 'e' },
    ]);
    const [a, b, c, d, e] = locateExports(entries, (path) => `/etc/${path}`);
    assert.deepEqual(a, { ...file, path: '/etc/record.jsonl', format: 'jsonl', maxBytes: 104_857_600, keep: 10 });
    const tls = { ca: ['/etc/ca.pem'], cert: '/etc/c.pem', key: '/etc/k.pem' };
    assert.deepEqual(b, { ...syslog, name: 'b', format: 'jsonl', ...tls });
    assert.deepEqual(c, { ...webhook, name: 'c', format: 'jsonl', secretFile: '/etc/s', tries: 10 });
    assert.deepEqual(
      [d, e],
      [
        { name: 'd', kind: 'stdout', format: 'jsonl' },
        { ...syslog, name: 'e', format: 'jsonl' },
      ],
    );
  });

  test('an address is taken apart', () => {
    assert.deepEqual([hostOf('a.example:6514'), portOf('a.example:6514')], ['a.example', 6514]);
    assert.deepEqual([hostOf('[2001:db8::1]:514'), portOf('[2001:db8::1]:514')], ['2001:db8::1', 514]);
  });

  test('where they lead is said without the secret that stands in the address of a webhook', () => {
    const url = 'https://siem.acme.example/in/s3cret?token=t0ken';
    const places = [file, syslog, { ...webhook, url }, { name: 'a', kind: 'stdout' }];
    assert.deepEqual(
      places.map((each) => placeOf(each as ExportSettings)),
      ['record.jsonl', 'siem.acme.example:6514', 'siem.acme.example', 'stdout'],
    );
  });
});
