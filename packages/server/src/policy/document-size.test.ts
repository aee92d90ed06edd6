import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkSize } from './document-size.ts';
import { parseDocument } from './parse.ts';

const list = <T>(length: number, of: (at: number) => T) => Array.from({ length }, (_, at) => of(at));
const scopes = (length: number) => Object.fromEntries(list(length, (at) => [`x${at}`, {}]));
const server = (id: string, more: object = {}) => ({
  [id]: { resource: `https://h.example/${id}`, ras: 'https://h.example', scopes: { a: {} }, ...more },
});
const servers = (length: number) => Object.assign({}, ...list(length, (at) => server(`s${at}`)));
const groups = (length: number) => list(length, (at) => `group:g${at}`);
const on = (length: number) => list(length, (at) => `s${at}`);
const rule = (more: object) => ({ id: 'r', allow: 'all', on: 's0', to: ['group:g'], ...more });
const two = { a: { s0: 'all' }, b: { s0: { risk: 'low' } } };
const office = { n: list(2000, (at) => `10.0.${at % 256}.0/24`) };

describe('T27: a document that would come to too much is refused before anything is made of it', () => {
  const table: [name: string, fits: object, isTooMuch: object, words: RegExp][] = [
    [
      'groups on servers',
      { servers: servers(1000), rules: [rule({ on: on(1000), to: groups(500) })] },
      { servers: servers(1000), rules: [rule({ on: on(1000), to: groups(501) })] },
      /too many groups on too many servers: 501000; at most 500000/,
    ],
    [
      'all scopes of a server',
      { servers: server('s0', { scopes: scopes(1000) }), rules: list(2000, () => rule({})) },
      { servers: server('s0', { scopes: scopes(1000) }), rules: list(2001, () => rule({})) },
      /too many scopes on too many servers: 2001000; at most 2000000/,
    ],
    [
      'scopes that are listed',
      { rules: [rule({ allow: list(2000, String), on: on(1000) })] },
      { rules: [rule({ allow: undefined, deny: list(2001, String), on: on(1000) })] },
      /too many scopes/,
    ],
    [
      'scopes that a sign-in is asked for',
      { rules: [{ for: list(2000, String), on: on(1000) }] },
      { rules: [{ for: list(2001, String), on: on(1000) }] },
      /too many scopes/,
    ],
    [
      'clients, and details that are listed',
      { rules: [rule({ allow: [], through: list(1000, String), details: list(1000, String), on: on(1000) })] },
      { rules: [rule({ allow: [], through: list(1000, String), details: list(1001, String), on: on(1000) })] },
      /too many scopes/,
    ],
    [
      'all types of details of a server',
      { servers: server('s0', { scopes: {}, authorization_details: scopes(1000) }), rules: list(2000, () => rule({})) },
      { servers: server('s0', { scopes: {}, authorization_details: scopes(1000) }), rules: list(2001, () => rule({})) },
      /too many scopes/,
    ],
    [
      'scopes on sides',
      { servers: server('s0', { scopes: scopes(1000) }), never_together: list(1000, () => ({ sides: two })) },
      { servers: server('s0', { scopes: scopes(1000) }), never_together: list(1001, () => ({ sides: two })) },
      /too many scopes/,
    ],
    [
      'networks by name, and by address',
      { networks: office, rules: list(1000, () => rule({ from: ['n'] })) },
      { networks: office, rules: [...list(1000, () => rule({ from: ['n'] })), rule({ not_from: ['::1'] })] },
      /too many networks: 2000001; at most 2000000/,
    ],
    [
      'entries of a section',
      { rules: list(30_000, () => ({})) },
      { clients: scopes(30_001) },
      /too many entries in one section: 30001; at most 30000/,
    ],
    [
      'parts',
      { a: list(499_998, () => 0) },
      { a: { a: list(500_000, () => 0) } },
      /too many parts: 500001; at most 500000/,
    ],
  ];
  for (const [name, fits, isTooMuch, words] of table) {
    test(name, () => {
      const told = (document: object) => checkSize(document, 'access').map(({ message }) => message);
      assert.deepEqual(
        told(fits).filter((message) => words.test(message)),
        [],
      );
      assert.match(told(isTooMuch).join('\n'), words);
      const parsed = parseDocument(isTooMuch, 'access');
      assert.ok(!parsed.ok);
      assert.match(parsed.findings.map(({ message }) => message).join('\n'), words);
    });
  }

  test('of a resource document what is written in it counts, and not what rules of another kind would come to', () => {
    assert.deepEqual(checkSize({ rules: [rule({ on: on(1000), to: groups(501) })] }, 'resource'), []);
    assert.equal(checkSize({ clients: scopes(30_001) }, 'resource').length, 1);
  });

  for (const nothing of [
    undefined,
    null,
    7,
    'rules',
    [],
    { rules: 'x', never_together: [7, { sides: 7 }], servers: 0 },
  ]) {
    test(`${JSON.stringify(nothing)} is not too large, whatever else it is`, () => {
      assert.deepEqual(checkSize(nothing, 'access'), []);
    });
  }
});

describe('T27: whatever is wrong in a document, it is told soon, and in few words', () => {
  const wrong = list(20_000, (at) => `y${at}`);
  const large = { scopes: scopes(20_000) };
  const sides = { a: { s0: wrong }, b: { s0: ['x1'] } };
  const table: [name: string, kind: 'access' | 'resource', document: object][] = [
    ['scopes that a rule names', 'access', { servers: server('s0', large), rules: [rule({ allow: wrong })] }],
    ['scopes of sides', 'access', { servers: server('s0', large), never_together: [{ id: 't', sides }] }],
    ['default scopes', 'access', { servers: server('s0', { ...large, default_scopes: wrong }) }],
    ['servers', 'access', { servers: servers(5000), rules: [rule({ on: wrong })] }],
    ['networks', 'access', { servers: server('s0'), rules: list(9000, (at) => rule({ id: `r${at}`, from: ['n'] })) }],
    [
      'clients of an issuer',
      'resource',
      { trust: { 'https://i.example': { keys: 'discovery', accounts: 'known', clients: wrong } } },
    ],
    [
      'scopes of tools',
      'resource',
      { servers: { s0: { ...large, tools: Object.fromEntries(wrong.map((name) => [name, name])) } } },
    ],
  ];
  for (const [name, kind, document] of table) {
    test(name, () => {
      const { user } = process.cpuUsage();
      const parsed = parseDocument(document, kind);
      const seconds = (process.cpuUsage().user - user) / 1e6;
      assert.ok(!parsed.ok);
      assert.ok(parsed.findings.length <= 1000, String(parsed.findings.length));
      for (const { message } of parsed.findings) assert.ok(message.length < 500, message.slice(0, 200));
      assert.ok(seconds < 3, `${seconds} s of CPU`);
    });
  }
});
