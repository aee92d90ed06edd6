import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseFilter } from './filter.ts';
import { matches } from './match.ts';

describe('whether one value meets a filter', () => {
  const mail = { value: 'Erin@x.example', type: 'work', primary: true, rank: 3 };
  const table: [filter: string, element: unknown, met: boolean][] = [
    ['type eq "WORK"', mail, true],
    ['type eq "home"', mail, false],
    ['TYPE ne "home"', mail, true],
    ['type ne "work"', mail, false],
    ['display ne "x"', mail, true],
    ['display eq "x"', mail, false],
    ['display gt "a"', mail, false],
    ['display co "x"', mail, false],
    ['display sw "x"', mail, false],
    ['display ew "x"', mail, false],
    ['value co "rin@"', mail, true],
    ['value co "nowhere"', mail, false],
    ['value sw "erin"', mail, true],
    ['value sw "x"', mail, false],
    ['value ew "EXAMPLE"', mail, true],
    ['value ew "x"', mail, false],
    ['type gt "w"', mail, true],
    ['type gt "work"', mail, false],
    ['type ge "work"', mail, true],
    ['type ge "x"', mail, false],
    ['type lt "x"', mail, true],
    ['type lt "work"', mail, false],
    ['type le "work"', mail, true],
    ['type le "w"', mail, false],
    ['primary eq true', mail, true],
    ['primary eq "True"', mail, true],
    ['primary eq false', mail, false],
    ['rank eq 3', mail, true],
    ['rank eq 4', mail, false],
    ['display eq null', mail, true],
    ['type eq null', mail, false],
    ['type ne null', mail, true],
    ['display ne null', mail, false],
    ['type gt null', mail, false],
    ['type pr', mail, true],
    ['display pr', mail, false],
    ['type eq "work" and primary eq true', mail, true],
    ['type eq "work" and primary eq false', mail, false],
    ['type eq "home" or primary eq true', mail, true],
    ['type eq "home" or primary eq false', mail, false],
    ['not (type eq "home")', mail, true],
    ['type[value eq "work"]', mail, false],
    ['value eq "plain"', 'plain', true],
    ['type eq "plain"', 'plain', false],
    ['value pr', null, true],
    ['value eq "x"', null, false],
    // A name in any case, but the exact one before another
    ['type eq "work"', { TYPE: 'work' }, true],
    ['type eq "work"', { TYPE: 'home', type: 'work' }, true],
    ['type eq "home"', { TYPE: 'home', type: 'work' }, false],
    ['nested eq "x"', { nested: {} }, false],
    ['nested ne "x"', { nested: {} }, true],
  ];
  for (const [filter, element, met] of table) {
    test(`${filter} of ${JSON.stringify(element)?.slice(0, 20)}: ${met}`, () => {
      const parsed = parseFilter(filter);
      assert.ok(parsed.ok);
      assert.equal(matches(element, parsed.value), met);
    });
  }
});
