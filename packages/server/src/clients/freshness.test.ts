import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type CacheHeaders, toFreshSeconds } from './freshness.ts';

const now = 1_800_000_000;
const at = (seconds: number) => new Date((now + seconds) * 1000).toUTCString();

describe('CIM-06: how long a document is fresh, by RFC 9111 and within our own bounds', () => {
  const table: [name: string, headers: CacheHeaders, seconds: number][] = [
    ['nothing said', {}, 300],
    ['max-age', { 'cache-control': 'max-age=600' }, 600],
    ['max-age among others', { 'cache-control': 'public , Max-Age=600 , must-revalidate' }, 600],
    ['max-age as text', { 'cache-control': 'max-age="600"' }, 600],
    ['less its age', { 'cache-control': 'max-age=600', age: '500' }, 100],
    ['an age that is no number', { 'cache-control': 'max-age=600', age: 'old' }, 600],
    ['a week: a day at most', { 'cache-control': 'max-age=604800' }, 86_400],
    ['a second: a minute at least', { 'cache-control': 'max-age=1' }, 60],
    ['no-store', { 'cache-control': 'max-age=600, no-store' }, 60],
    ['no-cache', { 'cache-control': 'no-cache' }, 60],
    ['s-maxage is not max-age', { 'cache-control': 's-maxage=600' }, 300],
    ['a max-age that is no number', { 'cache-control': 'max-age=soon' }, 300],
    ['Expires', { expires: at(600) }, 600],
    ['Expires, past', { expires: at(-600) }, 60],
    ['Expires, unreadable', { expires: '0' }, 60],
    ['max-age before Expires', { 'cache-control': 'max-age=600', expires: at(9000) }, 600],
  ];
  for (const [name, headers, seconds] of table) {
    test(`${name}: ${seconds} s`, () => assert.equal(toFreshSeconds(headers, now), seconds));
  }
});
