import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AccessDocument } from './access-document.ts';
import { compileAccess } from './compile.ts';
import { decide } from './decide.ts';
import { explain } from './explain.ts';
import type { Ask } from './model.ts';
import { parsePolicy } from './parse.ts';

/** Wednesday, ten in the morning in Zurich. */
const now = Date.parse('2026-11-25T09:00:00Z') / 1000;

function openPolicy(rules: string, more = '') {
  const parsed = parsePolicy(
    `
servers:
  s: { resource: https://mcp.example/s, ras: https://mcp.example, scopes: { a: {}, b: { risk: medium }, c: { risk: high } }${more} }
clients: { app: { client_ids: { https://mcp.example: app } } }
networks: { office: [198.51.100.0/24, "2001:db8::/32"] }
rules:
${rules}`,
    'access',
  );
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return compileAccess(parsed.document as AccessDocument, { version: 1, localRas: undefined });
}

const request: Ask = {
  person: { id: 'p', groups: ['g'], roles: [] },
  client: 'app',
  server: 's',
  scopes: ['a', 'b', 'c'],
  acr: undefined,
  amr: ['pwd'],
  authTime: now,
  now,
  address: '198.51.100.9',
};

/** What is granted, by both ways to decide. */
function granted(rules: string, ask: Partial<Ask> = {}, more?: string): string {
  const index = openPolicy(rules, more);
  const decision = decide(index, { ...request, ...ask });
  assert.deepEqual(explain(index, { ...request, ...ask }).decision, decision);
  return decision.scopes.join(' ') || decision.effect;
}

const at = (time: string) => ({ now: Date.parse(time) / 1000 });
const allow = '  - { id: one, allow: [a], on: s, to: [everyone]';
const deny = `${allow} }\n  - { id: two, deny: all, on: s, to: [everyone]`;
const need = `${allow} }\n  - { id: two, require: { amr: [mfa] }, for: all, on: s`;

describe('the circumstances under which a rule speaks', () => {
  const table: [name: string, rules: string, ask: Partial<Ask>, scopes: string][] = [
    ['an allow from a named network', `${allow}, from: [office] }`, {}, 'a'],
    ['over IPv6', `${allow}, from: [office] }`, { address: '2001:db8:1::7' }, 'a'],
    ['an IPv4 address mapped into IPv6', `${allow}, from: [office] }`, { address: '::ffff:198.51.100.9' }, 'a'],
    ['from elsewhere', `${allow}, from: [office] }`, { address: '203.0.113.1' }, 'deny'],
    ['from an unknown address nothing is granted', `${allow}, from: [office] }`, { address: undefined }, 'deny'],
    ['nor from what is no address', `${allow}, from: [office] }`, { address: 'unknown' }, 'deny'],
    ['nor as being elsewhere', `${allow}, not_from: [office] }`, { address: undefined }, 'deny'],
    ['an allow elsewhere', `${allow}, not_from: [203.0.113.0/24] }`, {}, 'a'],
    ['and not there', `${allow}, not_from: [198.51.100.9] }`, {}, 'deny'],
    ['a deny from a network', `${deny}, from: [office] }`, {}, 'deny'],
    ['not from elsewhere', `${deny}, from: [office] }`, { address: '203.0.113.1' }, 'a'],
    ['a deny everywhere else', `${deny}, not_from: [office] }`, { address: '203.0.113.1' }, 'deny'],
    ['not in the office', `${deny}, not_from: [office] }`, {}, 'a'],
    ['an unknown address is denied as if it were there', `${deny}, from: [office] }`, { address: undefined }, 'deny'],
    ['and as if it were not', `${deny}, not_from: [office] }`, { address: 'unknown' }, 'deny'],
    ['a second factor outside the office', `${need}, not_from: [office] }`, { address: '203.0.113.1' }, 'step_up'],
    ['none within', `${need}, not_from: [office] }`, {}, 'a'],
    ['at office hours', `${allow}, hours: { from: '08:00', to: '18:00', zone: Europe/Zurich } }`, {}, 'a'],
    ['after them', `${allow}, hours: { to: '18:00', zone: Europe/Zurich } }`, at('2026-11-25T17:00:00Z'), 'deny'],
    ['until a day, its last second', `${allow}, until: 2026-11-27 }`, at('2026-11-27T23:59:59Z'), 'a'],
    ['and not the next', `${allow}, until: 2026-11-27 }`, at('2026-11-28T00:00:00Z'), 'deny'],
    ['until a time', `${allow}, until: "2026-11-27T18:00:00+01:00" }`, at('2026-11-27T16:59:59Z'), 'a'],
    ['and not after it', `${allow}, until: "2026-11-27T18:00:00+01:00" }`, at('2026-11-27T17:00:00Z'), 'deny'],
    ['a deny that is over', `${deny}, until: 2026-11-24 }`, {}, 'a'],
    ['all of them at once', `${allow}, from: [office], until: 2026-11-24 }`, {}, 'deny'],
    ['scopes up to a risk', '  - { id: r, allow: { risk: medium }, on: s, to: [everyone] }', {}, 'a b'],
    ['low ones', '  - { id: r, allow: { risk: low }, on: s, to: [everyone] }', {}, 'a'],
    [
      'a deny from a risk',
      '  - { id: r, allow: all, on: s, to: [everyone] }\n  - { id: d, deny: { risk: medium }, on: s, to: [everyone] }',
      {},
      'a',
    ],
    [
      'what could be had at all: from the best place, at the best hour',
      `${allow}, from: [office], hours: { to: '06:00', zone: UTC } }\n  - { id: d, deny: all, on: s, to: [everyone], from: [10.0.0.0/8] }`,
      { address: undefined, whenever: true },
      'a',
    ],
    ['but not what is over', `${allow}, until: 2026-11-24 }`, { whenever: true }, 'deny'],
  ];
  for (const [name, rules, ask, scopes] of table) {
    test(`${name}: ${scopes}`, () => assert.equal(granted(rules, ask), scopes));
  }

  test('a server that is switched off lets nobody in, whatever the rules say', () => {
    assert.equal(granted(`${allow} }`, {}, ', enabled: true'), 'a');
    assert.equal(granted(`${allow} }`, {}, ', enabled: false'), 'deny');
    const { ahead } = explain(openPolicy(`${allow} }`, ', enabled: false'), request);
    assert.equal(ahead, 'Server s is switched off in version 1 of the access document.');
  });

  test('explained up to the first circumstance that was not met', () => {
    const index = openPolicy(`${allow}, from: [office], hours: { days: [sun], zone: UTC }, until: 2026-11-27 }`);
    const conditions = (ask: Partial<Ask>) =>
      explain(index, { ...request, ...ask }).rules[0]?.conditions.map(
        ({ about, met, words }) => `${about} ${met} ${words}`,
      );
    assert.deepEqual(conditions({}), [
      'person true the person is everyone',
      'scopes true it is about a',
      'until true it speaks until 2026-11-28T00:00:00Z',
      'network true the request came from 198.51.100.9, within office',
      'hours false it speaks on sun from 00:00 to 24:00, UTC',
    ]);
    const late = openPolicy(`${allow}, until: 2026-11-24, hours: { days: [sun], zone: UTC } }`);
    assert.deepEqual(
      explain(late, request)
        .rules[0]?.conditions.slice(-1)
        .map(({ about, met }) => `${about} ${met}`),
      ['until false'],
      'as far as the first that is not met',
    );
    assert.deepEqual(
      conditions({ address: undefined })?.at(-1),
      'network false the request came from an unknown address, not within office',
    );
  });
});

describe('rules that only report', () => {
  const index = openPolicy(`${deny}, report_only: true }`);
  test('decide nothing', () => assert.deepEqual(decide(index, request).scopes, ['a']));
  test('and are in force in the trial', () => {
    assert.ok(index.trial);
    assert.deepEqual(decide(index.trial, request), { effect: 'deny', scopes: [], because: ['one', 'two'] });
  });
  test('without any there is no trial', () =>
    assert.equal(openPolicy(`${allow}, report_only: false }`).trial, undefined));
});

describe('mistakes in circumstances', () => {
  const table: [name: string, words: string, message: RegExp][] = [
    ['a network that is not named', 'from: [factory]', /factory/],
    ['a network that is none', 'from: [10.0.0.0/33]', /network such as 10\.0\.0\.0\/8/],
    ['no network', 'not_from: []', /at least one network/],
    ['a time of day without quotes', 'hours: { from: 8, zone: UTC }', /time of day in quotes/],
    ['25 o’clock', "hours: { from: '25:00', zone: UTC }", /such as '08:00'/],
    ['a place that is none', 'hours: { zone: Europe/Atlantis }', /such as Europe\/Zurich/],
    ['no place', "hours: { from: '08:00' }", /must be text|required|zone/],
    ['a window without length', "hours: { from: '08:00', to: '08:00', zone: UTC }", /begin and end at the same time/],
    ['no such day', 'hours: { days: [funday], zone: UTC }', /mon, tue, wed/],
    ['a day that is none', 'until: 2026-13-01', /a day such as 2026-12-04/],
    ['a word for a day', 'until: friday', /a day such as 2026-12-04/],
    ['a time without a place', 'until: "2026-12-04T18:00:00"', /\+01:00/],
    ['a risk that is none', 'details: all, report_only: maybe', /true or false/],
  ];
  for (const [name, words, message] of table) {
    test(name, () => assert.throws(() => openPolicy(`${allow}, ${words} }`), message));
  }
});
