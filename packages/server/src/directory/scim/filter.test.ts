import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Filter, parseFilter, parsePatchPath, toAttributePath } from './filter.ts';

const path = (name: string, sub?: string, urn?: string) => ({ urn, name, sub });
const eq = (name: string, value: string | number | boolean | null, sub?: string): Filter => ({
  kind: 'compare',
  path: path(name, sub),
  is: 'eq',
  value,
});
const pr = (name: string): Filter => ({ kind: 'present', path: path(name) });

describe('RFC 7644 §3.4.2.2: filters', () => {
  const table: [text: string, filter: Filter][] = [
    ['userName eq "x"', eq('username', 'x')],
    ['USERNAME EQ "X"', eq('username', 'X')],
    ['a eq true', eq('a', true)],
    ['a eq False', eq('a', false)],
    ['a eq null', eq('a', null)],
    ['a eq -1.5e2', eq('a', -150)],
    ['a eq "\\"q\\" \\u00e9 \\\\"', eq('a', '"q" é \\')],
    ['name.givenName eq "x"', eq('name', 'x', 'givenname')],
    ['meta.lastModified gt "2011"', { kind: 'compare', path: path('meta', 'lastmodified'), is: 'gt', value: '2011' }],
    ['title pr', pr('title')],
    ['a pr and b pr or c pr', { kind: 'or', of: [{ kind: 'and', of: [pr('a'), pr('b')] }, pr('c')] }],
    ['a pr or b pr and c pr', { kind: 'or', of: [pr('a'), { kind: 'and', of: [pr('b'), pr('c')] }] }],
    ['(a pr or b pr) and c pr', { kind: 'and', of: [{ kind: 'or', of: [pr('a'), pr('b')] }, pr('c')] }],
    ['not (a pr)', { kind: 'not', of: pr('a') }],
    ['not(a pr) and b pr', { kind: 'and', of: [{ kind: 'not', of: pr('a') }, pr('b')] }],
    ['e[type eq "work"]', { kind: 'has', path: path('e'), filter: eq('type', 'work') }],
    [
      'e[type eq "work"].value eq "x"',
      { kind: 'has', path: path('e'), filter: { kind: 'and', of: [eq('type', 'work'), eq('value', 'x')] } },
    ],
    [
      'urn:ietf:params:scim:schemas:core:2.0:User:userName pr',
      { kind: 'present', path: path('username', undefined, 'urn:ietf:params:scim:schemas:core:2.0:user') },
    ],
    ['  a   pr  ', pr('a')],
  ];
  for (const [text, filter] of table) {
    test(text, () => assert.deepEqual(parseFilter(text), { ok: true, value: filter }));
  }

  const broken = [
    '',
    'a',
    'a eq',
    'a eq x',
    'a is "x"',
    'a pr b',
    'a pr and',
    'and a pr',
    '(a pr',
    'a pr)',
    'not a pr',
    'a[b pr',
    'a[b pr].c',
    'a[]',
    "a eq 'x'",
    'a eq "x',
    'a eq "\\x"',
    'a eq "x" ; drop',
    'a eq 12x',
    '1a eq "x"',
    'a..b pr',
    'a.b.c pr',
    '.a pr',
    'a eq "x" "y"',
    '\u0000',
    '__proto__ pr',
    `${'not('.repeat(17)}a pr${')'.repeat(17)}`,
    `${'('.repeat(17)}a pr${')'.repeat(17)}`,
    Array(101).fill('a pr').join(' and '),
    `a eq "${'x'.repeat(4096)}"`,
  ];
  for (const text of broken) {
    test(`${JSON.stringify(text.slice(0, 40))} is none`, () => {
      const parsed = parseFilter(text);
      assert.equal(parsed.ok ? 'accepted' : parsed.problem.refusal, 'scim_filter_invalid');
    });
  }

  test('at the limits: 16 levels, 100 terms, 4,096 characters', () => {
    assert.ok(parseFilter(`${'('.repeat(16)}a pr${')'.repeat(16)}`).ok);
    assert.ok(parseFilter(Array(100).fill('a pr').join(' and ')).ok);
    assert.ok(parseFilter(`a eq "${'x'.repeat(4096 - 7)}"`).ok);
  });

  test('any text is a filter or is refused, quickly', () => {
    const words = fc.constantFrom(
      'a',
      'eq',
      'pr',
      'and',
      'or',
      'not',
      '(',
      ')',
      '[',
      ']',
      '.',
      '"x"',
      '1',
      'true',
      ' ',
      '\\',
      '"',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(words, { maxLength: 60 }).map((each) => each.join(' ')),
        ),
        (text) => {
          const before = performance.now();
          const parsed = parseFilter(text);
          assert.ok(parsed.ok || parsed.problem.refusal === 'scim_filter_invalid');
          assert.ok(performance.now() - before < 250);
        },
      ),
    );
  });
});

describe('RFC 7644 §3.5.2: paths of a PATCH', () => {
  const table: [text: string, value: object][] = [
    ['title', { ...path('title'), filter: undefined }],
    ['name.givenName', { ...path('name', 'givenname'), filter: undefined }],
    ['emails[type eq "work"]', { ...path('emails'), filter: eq('type', 'work') }],
    ['emails[type eq "work"].value', { ...path('emails', 'value'), filter: eq('type', 'work') }],
    ['members.$ref', { ...path('members', '$ref'), filter: undefined }],
    ['urn:x:2.0:User:manager.value', { ...path('manager', 'value', 'urn:x:2.0:user'), filter: undefined }],
  ];
  for (const [text, value] of table) {
    test(text, () => assert.deepEqual(parsePatchPath(text), { ok: true, value }));
  }
  for (const text of ['', 'a b', 'a[b pr', 'a[b pr].', 'a[b pr]c', 'a eq "x"', 'a[b pr].c.d', '"a"', 'a.']) {
    test(`${JSON.stringify(text)} is none`, () => {
      const parsed = parsePatchPath(text);
      assert.equal(parsed.ok ? 'accepted' : parsed.problem.refusal, 'scim_path_invalid');
    });
  }

  test('names of attributes, as lists of them have', () => {
    assert.deepEqual(toAttributePath('userName'), path('username'));
    assert.deepEqual(toAttributePath('urn:a:2.0:User:name.givenName'), path('name', 'givenname', 'urn:a:2.0:user'));
  });
});
