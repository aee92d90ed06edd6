import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type NameAttribute, parseDistinguishedName, toCanonicalName } from './distinguished-name.ts';

const cn = (value: string): NameAttribute => ({ type: '2.5.4.3', value });
const o = (value: string): NameAttribute => ({ type: '2.5.4.10', value });

describe('a distinguished name, RFC 4514 §3', () => {
  const table: [text: string, rdns: NameAttribute[][]][] = [
    ['CN=agent,O=Acme', [[cn('agent')], [o('Acme')]]],
    ['cn = agent , o = Acme ', [[cn('agent')], [o('Acme')]]],
    ['CN=agent', [[cn('agent')]]],
    ['2.5.4.3=agent', [[cn('agent')]]],
    ['CN=a+O=b', [[cn('a'), o('b')]]],
    ['O=b+CN=a', [[cn('a'), o('b')]]],
    ['CN=Acme\\, Inc.', [[cn('Acme, Inc.')]]],
    ['CN=a\\+b\\=c\\\\', [[cn('a+b=c\\')]]],
    ['CN=Z\\C3\\BCrich', [[cn('Zürich')]]],
    ['CN=Zürich', [[cn('Zürich')]]],
    ['CN=\\ a\\ ', [[cn(' a ')]]],
    ['CN=\\#1', [[cn('#1')]]],
    ['CN=a=b', [[cn('a=b')]]],
    [
      'UID=7,DC=acme,DC=example',
      [
        [{ type: '0.9.2342.19200300.100.1.1', value: '7' }],
        ...['acme', 'example'].map((value) => [{ type: '0.9.2342.19200300.100.1.25', value }]),
      ],
    ],
  ];
  for (const [text, rdns] of table) {
    test(`${text} is read`, () => assert.equal(parseDistinguishedName(text), toCanonicalName(rdns)));
  }

  const none = [
    '',
    'agent',
    'CN=',
    'CN',
    '=a',
    'CN=a,',
    'CN=a,,O=b',
    'XX=a',
    'CN=#0401',
    'CN="a"',
    'CN=a;O=b',
    'CN=<a>',
    'CN=a\\',
    'CN=a\\q',
    'CN=\\C3',
    'CN=a\0',
    '/CN=a/O=b',
    'CN=a+XX=b',
  ];
  for (const text of none) {
    test(`${JSON.stringify(text)} is none`, () => assert.equal(parseDistinguishedName(text), undefined));
  }

  const different: [one: string, other: string][] = [
    ['CN=agent,O=Acme', 'O=Acme,CN=agent'],
    ['CN=agent', 'CN=Agent'],
    ['CN=agent', 'CN=agent,O=Acme'],
    ['CN=a+O=b', 'CN=a,O=b'],
    ['CN=a\\,O\\=b', 'CN=a,O=b'],
    ['CN=a', 'O=a'],
  ];
  for (const [one, other] of different) {
    test(`${one} is not ${other}`, () => {
      assert.notEqual(parseDistinguishedName(one), undefined);
      assert.notEqual(parseDistinguishedName(one), parseDistinguishedName(other));
    });
  }
});
