import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, test } from 'node:test';
import { type Descent, descendsFrom, speakerOf, toLineage, toMarks } from './lineage.ts';

const digest = (text: string) => hash('sha256', text, 'base64url');
const marksOf = (change: Partial<Descent> = {}) =>
  toMarks({ issuer: 'https://a.example', tenant: undefined, kid: 'k1', ...change }, digest);

describe('the lineage of an access token', () => {
  test('names issuer, tenant and key, each in 64 bits', () => {
    assert.match(toLineage(marksOf({ tenant: 't' })), /^[\w-]{11}\.[\w-]{11}\.[\w-]{11}$/);
    assert.match(toLineage(marksOf()), /^[\w-]{11}\.[\w-]{11}$/);
  });

  const own = toLineage(marksOf({ tenant: 't' }));
  const table: [name: string, mark: string | undefined, descends: boolean][] = [
    ['its issuer', marksOf().issuer, true],
    ['its tenant', marksOf({ tenant: 't' }).tenant, true],
    ['its key', marksOf().key, true],
    ['another issuer', marksOf({ issuer: 'https://b.example' }).issuer, false],
    ['another tenant', marksOf({ tenant: 'u' }).tenant, false],
    ['another key of its issuer', marksOf({ kid: 'k2' }).key, false],
    ['a key of the same name at another issuer', marksOf({ issuer: 'https://b.example' }).key, false],
    ['the beginning of a mark', marksOf().issuer.slice(0, 10), false],
  ];
  for (const [name, mark, descends] of table) {
    test(`${name}: ${descends ? 'an ancestor' : 'none'}`, () => {
      assert.ok(mark !== undefined);
      assert.equal(descendsFrom(own, mark), descends);
    });
  }

  test('says who spoke, whichever key it was: the issuer, or the tenant of it', () => {
    const [issuer, tenant] = [toLineage(marksOf()), own].map(speakerOf);
    assert.deepEqual([issuer, tenant], [marksOf().issuer, `${marksOf().issuer}.${marksOf({ tenant: 't' }).tenant}`]);
    assert.equal(speakerOf(toLineage(marksOf({ kid: 'k2' }))), issuer);
  });

  test('no parts that together read like others', () => {
    assert.notEqual(marksOf({ issuer: 'a', kid: 'b","c' }).key, marksOf({ issuer: 'a","b', kid: 'c' }).key);
    assert.notEqual(marksOf({ issuer: 'a', tenant: 'x' }).tenant, marksOf({ issuer: 'a', kid: 'x' }).key);
  });

  test('a token that says nothing may descend from anything: from before the upgrade, or of another make', () => {
    assert.equal(descendsFrom(undefined, marksOf().issuer), true);
  });
});
