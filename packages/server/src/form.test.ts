import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseForm } from './form.ts';

const read = (body: string) => {
  const form = parseForm(body);
  return form.ok ? form.value : form.refusal;
};

describe('IDP-06: single-valued parameters at most once, an empty value counts as absent', () => {
  const refused: [name: string, body: string, refusal: string][] = [
    ['a repeated parameter', 'scope=a&scope=b', 'repeated_parameter'],
    ['a repeated unknown parameter', 'x=1&x=2', 'repeated_parameter'],
    ['an escape that is none', 'scope=%zz', 'malformed_form'],
    ['an escape that is not UTF-8', 'scope=%ff', 'malformed_form'],
    ['U+0000, escaped', 'scope=a%00', 'malformed_form'],
    ['U+0000 as it is, in a name', 'sco\0pe=a', 'malformed_form'],
    ['10 000 parameters', Array.from({ length: 10_000 }, (_, n) => `p${n}=1`).join('&'), 'malformed_form'],
  ];
  for (const [name, body, refusal] of refused) {
    test(`${name}: ${refusal}`, () => assert.equal(read(body), refusal));
  }

  test('values are decoded, empty ones absent, resource may repeat', () => {
    const form = read('scope=a+b&audience=&audience=https%3A%2F%2Frs&resource=r1&resource=r2');
    assert.ok(typeof form === 'object');
    assert.equal(form.get('scope'), 'a b');
    assert.equal(form.get('audience'), 'https://rs');
    assert.deepEqual(form.resources, ['r1', 'r2']);
  });

  test('what is well-formed is read as URLSearchParams reads it', () => {
    const text = fc.string({ unit: 'binary' }).filter((one) => one.isWellFormed() && !one.includes('\0'));
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(text, text), { selector: ([name]) => name, maxLength: 20 }), (pairs) => {
        const body = new URLSearchParams(pairs).toString();
        const form = read(body);
        assert.ok(typeof form === 'object');
        for (const [name, value] of pairs) {
          if (name === 'resource') assert.deepEqual(form.resources, value === '' ? [] : [value]);
          else assert.equal(form.get(name), value === '' ? undefined : value);
        }
      }),
    );
  });

  test('a name without a value counts as absent, and blank pairs are nothing', () => {
    const form = read('&&scope&audience=a&');
    assert.ok(typeof form === 'object');
    assert.deepEqual([form.get('scope'), form.get('audience')], [undefined, 'a']);
    assert.equal(read('scope&%zz'), 'malformed_form');
    const longer = read('audiences');
    assert.ok(typeof longer === 'object');
    assert.equal(longer.get('audience'), undefined);
  });
});
