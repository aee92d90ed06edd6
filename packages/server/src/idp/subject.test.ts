import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Audience } from '../policy/model.ts';
import { subjectAt } from './subject.ts';

describe('IDP-26: who a person is towards an authorization server', () => {
  const [one, other] = ['https://one.example', 'https://other.example'];
  const pairwise = { subject: 'pairwise' } as Audience;
  const at = (ras: string, person = 'u_1', secret = 's') => subjectAt(person, ras, pairwise, secret);

  test('the same everywhere, unless it is said otherwise', () => {
    for (const audience of [undefined, {} as Audience, { subject: 'public' } as unknown as Audience]) {
      assert.equal(subjectAt('u_1', one, audience, 's'), 'u_1');
    }
  });

  test('pairwise: the same each time, another at every server, of every person, under every secret', () => {
    assert.equal(at(one), at(one));
    const all = ['u_1', at(one), at(other), at(one, 'u_2'), at(one, 'u_1', 't')];
    assert.equal(new Set(all).size, all.length);
  });
});
