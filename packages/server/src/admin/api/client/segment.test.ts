import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { checkTarget } from '../../../listener.ts';
import { fromSegment, toSegment } from './segment.ts';

describe('a value as a part of a path', () => {
  for (const [value, segment] of [
    ['u_1', 'u_1'],
    ['group:a b', 'group%3Aa%20b'],
    ['https://app.example/client.json', '~aHR0cHM6Ly9hcHAuZXhhbXBsZS9jbGllbnQuanNvbg'],
    ['..', '~Li4'],
    ['100%', '~MTAwJQ'],
    ['~a', '~fmE'],
    ['a/ü', '~YS_DvA'],
    ['\\>', '~XD4'],
  ] as const) {
    test(`${value} is ${segment}`, () => {
      assert.equal(toSegment(value), segment);
      assert.equal(fromSegment(segment), value);
    });
  }

  for (const segment of ['%', '%00', '~', '~dV8x', '~Li4=', '~Li5', '~YS/DvA', '~AA', '~_w', '~a']) {
    test(`${segment} is none`, () => assert.equal(fromSegment(segment), undefined));
  }

  test('whatever it is, a listener takes it, and it comes back', () => {
    const value = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(value, (text) => {
        const segment = toSegment(text);
        const url = `/clients/${segment}/secrets`;
        assert.equal(
          checkTarget({ headers: { host: 'a.test' }, rawHeaders: ['Host', 'a.test'], url }, 'a.test'),
          undefined,
        );
        assert.equal(fromSegment(segment), text);
      }),
    );
  });
});
