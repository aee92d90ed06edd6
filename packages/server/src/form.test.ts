import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
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
});
