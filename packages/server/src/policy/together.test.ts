import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { compileAccess } from './compile.ts';
import { decide } from './decide.ts';
import { explain } from './explain.ts';
import type { Ask } from './model.ts';
import { parsePolicy } from './parse.ts';
import { fitsTogether, newlyHeld, rulesOfAsk, rulesOfSession, toHeld } from './together.ts';

const head = `servers:
  crm: { local: crm, scopes: { contacts: {}, export: { risk: high } } }
  web: { local: web, scopes: { fetch: {}, post: {} } }
  mail: { local: mail, scopes: { read: {}, send: {} }, default_scopes: [read, send] }
clients: { app: {}, bot: {}, laptop: { distributed: true } }
`;
const allow = `rules:
  - { id: all, allow: all, on: [crm, web, mail], to: [group:staff] }
  - { id: fresh, require: { max_age: 3600 }, for: [send], on: mail }
`;
const leak = `never_together:
  - { id: leak, sides: { private: { crm: all }, untrusted: { web: [fetch], mail: [read] }, out: { web: [post], mail: [send] } } }
`;

function indexOf(together: string, rules = allow) {
  const parsed = parsePolicy(head + rules + together, 'access');
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return compileAccess(parsed.document, { version: 1, localRas: 'https://mcp.acme.example' });
}

const now = 1_790_000_000;
const ask = (server: string, scopes: string[] | undefined, held: string[] = [], change: Partial<Ask> = {}): Ask => ({
  person: { id: 'p', groups: ['staff'], roles: [] },
  client: 'app',
  server,
  scopes,
  acr: undefined,
  amr: ['pwd'],
  authTime: now,
  now,
  held,
  ...change,
});

describe('a session that holds something of all sides but one gets nothing of the last', () => {
  const index = indexOf(leak);
  const both = ['crm contacts', 'web fetch'];
  const table: [name: string, ask: Ask, effect: string, scopes: string[], keptApart?: string[]][] = [
    ['nothing held', ask('mail', ['send']), 'allow', ['send']],
    ['one side held', ask('mail', ['send'], ['crm contacts']), 'allow', ['send']],
    ['two sides held, and the third', ask('mail', ['send'], both), 'deny', [], ['send']],
    ['two sides held, and one of them again', ask('mail', ['read'], both), 'allow', ['read']],
    ['another server of the last side', ask('web', ['post'], both), 'deny', [], ['post']],
    ['two sides held by one server', ask('crm', ['contacts'], ['mail read', 'mail send']), 'deny', [], ['contacts']],
    ['in one request the first is given', ask('mail', ['send', 'read'], ['crm contacts']), 'allow', ['send'], ['read']],
    ['and in the other order', ask('mail', ['read', 'send'], ['crm contacts']), 'allow', ['read'], ['send']],
    ['unasked, in the order of the server', ask('mail', undefined, ['crm contacts']), 'allow', ['read'], ['send']],
    [
      'what a rule says of another server',
      ask('crm', ['contacts', 'export'], ['web fetch']),
      'allow',
      ['contacts', 'export'],
    ],
    ['what could be had at all', ask('mail', ['read', 'send'], both, { whenever: true }), 'allow', ['read', 'send']],
    ['nothing is known of the session', { ...ask('mail', ['send']), held: undefined }, 'allow', ['send']],
  ];
  for (const [name, asked, effect, scopes, keptApart] of table) {
    test(`${name}: ${scopes.join(' ') || 'nothing'}`, () => {
      const decision = decide(index, asked);
      assert.deepEqual([decision.effect, decision.scopes, decision.keptApart], [effect, scopes, keptApart]);
      assert.equal(decision.because.includes('leak'), keptApart !== undefined);
      assert.deepEqual(explain(index, asked).decision, decision);
    });
  }

  test('a rule that has nothing against it says so, and one that is not asked says why', () => {
    const last = (asked: Ask) =>
      explain(index, asked)
        .rules.find(({ id }) => id === 'leak')
        ?.conditions.at(-1);
    assert.deepEqual(last(ask('mail', ['send'])), {
      about: 'session',
      met: false,
      words: 'the session would not hold something of every side',
    });
    const open = last(ask('mail', ['send'], both, { whenever: true }));
    assert.deepEqual([open?.about, open?.met], ['session', false]);
    assert.match(open?.words ?? '', /what could be had at all/);
  });

  test('nobody is sent to sign in again, or for a key, for what is kept apart anyhow', () => {
    const old = { authTime: now - 7200 };
    assert.equal(decide(index, ask('mail', ['send'], [], old)).effect, 'step_up');
    assert.equal(decide(index, ask('mail', ['send'], both, old)).effect, 'deny');
    const laptop = { client: 'laptop', keyBound: false };
    assert.equal(decide(index, ask('crm', ['export'], [], laptop)).effect, 'bind_key');
    assert.equal(decide(index, ask('crm', ['export'], ['mail read', 'mail send'], laptop)).effect, 'deny');
  });

  test('a scope that waits for a better sign-in is not held by asking for it', () => {
    const asked = ask('mail', ['send', 'read'], ['crm contacts'], { authTime: now - 7200 });
    const { effect, scopes, keptApart } = decide(index, asked);
    assert.deepEqual([effect, scopes, keptApart], ['allow', ['read'], ['send']]);
  });
});

test('a session that has too much by a rule of later gets nothing of any side, and everything else', () => {
  const narrow = `never_together:
  - { id: later, sides: { in: { web: [fetch] }, out: { mail: [send] } } }
  - { id: other, sides: { in: { web: [post] }, out: { crm: all } } }
`;
  const index = indexOf(narrow);
  const held = ['web fetch', 'mail send'];
  assert.deepEqual(decide(index, ask('web', ['fetch'], held)).keptApart, ['fetch']);
  assert.deepEqual(decide(index, ask('web', ['post'], held)).scopes, ['post']);
  const rules = rulesOfSession(index.together ?? new Map(), { client: 'app', server: 'web' });
  assert.deepEqual(
    newlyHeld(rules, 'web', ['fetch', 'post'], []),
    ['web fetch', 'web post'],
    'each that some rule names',
  );
});

describe('whom a rule is about', () => {
  const held = ['crm contacts', 'web fetch'];
  const table: [words: string, ask: Partial<Ask>, effect: string][] = [
    ['', {}, 'deny'],
    ['through: [app]', {}, 'deny'],
    ['through: [bot]', {}, 'allow'],
    ['to: [group:staff]', {}, 'deny'],
    ['to: [group:sales, user:p]', {}, 'deny'],
    ['to: [group:sales, role:staff]', {}, 'allow'],
    ['to: [everyone]', {}, 'deny'],
  ];
  for (const [words, change, effect] of table) {
    test(`${words || 'everybody, through anything'}: ${effect}`, () => {
      const index = indexOf(leak.replace(' } }\n', ` }${words && `, ${words}`} }\n`));
      const asked = ask('mail', ['send'], held, change);
      const decision = decide(index, asked);
      assert.equal(decision.effect, effect);
      const explained = explain(index, asked);
      assert.deepEqual(explained.decision, decision);
      const own = explained.rules.find(({ id }) => id === 'leak');
      assert.equal(own?.spoke, effect === 'deny');
      assert.equal(own?.conditions.at(-1)?.met, effect === 'deny');
    });
  }

  test('what a session through its clients holds is kept for everybody: groups change', () => {
    const index = indexOf(leak.replace(' } }\n', ' }, to: [role:intern], through: [app] }\n'));
    assert.ok(index.together);
    const at = (client: string) => rulesOfSession(index.together ?? new Map(), { client, server: 'web' }).length;
    assert.deepEqual([at('app'), at('bot')], [1, 0]);
    assert.equal(rulesOfAsk(index.together, ask('web', ['fetch'])).length, 0);
  });
});

describe('what a session holds', () => {
  const index = indexOf(leak);
  const rules = rulesOfSession(index.together ?? new Map(), { client: 'app', server: 'mail' });

  test('is added to by what some side names, and each once', () => {
    assert.deepEqual(newlyHeld(rules, 'mail', ['read', 'send'], ['mail read']), ['mail send']);
    assert.deepEqual(newlyHeld(rules, 'elsewhere', ['read'], []), []);
  });

  test('may have grown by the time of the commit', () => {
    assert.equal(fitsTogether(rules, ['crm contacts'], ['mail send']), true);
    assert.equal(fitsTogether(rules, ['crm contacts', 'web fetch'], ['mail send']), false);
    assert.equal(fitsTogether(rules, ['crm contacts', 'web fetch'], ['mail read']), true);
    assert.equal(fitsTogether(rules, ['crm contacts'], ['mail send', 'mail read']), false);
  });
});

describe('mistakes in a document', () => {
  const table: [name: string, text: string, message: RegExp][] = [
    ['one side only', '{ id: x, sides: { a: { crm: all } } }', /two sides or more/],
    ['an empty side', '{ id: x, sides: { a: {}, b: { crm: all } } }', /at least one server/],
    ['an unknown server', '{ id: x, sides: { a: { nowhere: all }, b: { crm: all } } }', /no server nowhere/],
    [
      'an unknown scope',
      '{ id: x, sides: { a: { web: [fly] }, b: { crm: all } } }',
      /web has no scope fly; known: fetch, post/,
    ],
    ['an unknown client', '{ id: x, sides: { a: { web: all }, b: { crm: all } }, through: [who] }', /no client who/],
    [
      'the id of a rule',
      '{ id: fresh, sides: { a: { web: all }, b: { crm: all } } }',
      /rules\[1\] has the id fresh already/,
    ],
    ['a scope on every side', '{ id: x, sides: { a: { web: all }, b: { web: [post] } } }', /web post is on every side/],
    ['an unknown word', '{ id: x, sides: { a: { web: all }, b: { crm: all } }, on: web }', /not known here; allowed/],
  ];
  for (const [name, text, message] of table) {
    test(name, () => {
      const parsed = parsePolicy(`${head}${allow}never_together:\n  - ${text}\n`, 'access');
      assert.ok(!parsed.ok);
      assert.match(parsed.problems.map((problem) => problem.message).join('\n'), message);
    });
  }

  test('two rules of one id', () => {
    const twice = `${leak}${leak.split('\n')[1]}\n`;
    const parsed = parsePolicy(head + allow + twice, 'access');
    assert.match(parsed.ok ? '' : (parsed.problems[0]?.message ?? ''), /never_together\[0\] has the id leak already/);
  });

  test('a document of before there were such rules is read as having none', () => {
    const parsed = parsePolicy(head + allow, 'access');
    assert.ok(parsed.ok);
    const { never_together: _, ...older } = parsed.document;
    const index = compileAccess(older as typeof parsed.document, { version: 1, localRas: 'https://mcp.acme.example' });
    assert.equal(index.together, undefined);
  });
});

describe('for any rules and any order of requests', () => {
  const all = ['crm contacts', 'crm export', 'web fetch', 'web post', 'mail read', 'mail send'];
  const side = fc.subarray(all, { minLength: 1 });
  const ruleOf = fc.record({
    sides: fc.array(side, { minLength: 2, maxLength: 4 }),
    through: fc.constantFrom(undefined, ['app'], ['bot']),
  });
  const request = fc.record({
    server: fc.constantFrom('crm', 'web', 'mail'),
    scopes: fc.option(fc.subarray(['contacts', 'export', 'fetch', 'post', 'read', 'send']), { nil: undefined }),
    old: fc.boolean(),
  });

  test('no session ever holds something of every side, and explain() comes to the same decision', () => {
    let keptApart = 0;
    const property = fc.property(
      fc.array(ruleOf, { maxLength: 3 }),
      fc.array(request, { maxLength: 8 }),
      (rules, asks) => {
        const entries = rules.flatMap(({ sides, through }, at) => {
          if (all.some((one) => sides.every((some) => some.includes(one)))) return [];
          return [
            { id: `t${at}`, sides: Object.fromEntries(sides.map((some, n) => [`s${n}`, toSide(some)])), through },
          ];
        });
        const index = indexOf(entries.length > 0 ? `never_together: ${JSON.stringify(entries)}\n` : '');
        const held: string[] = [];
        for (const { server, scopes, old } of asks) {
          const asked = ask(server, scopes, [...held], old ? { authTime: now - 7200 } : {});
          const decision = decide(index, asked);
          const explanation = explain(index, asked);
          assert.deepEqual(explanation.decision, decision);
          const spoke = explanation.rules.filter(({ spoke }) => spoke).map(({ id }) => id);
          assert.deepEqual(spoke, decision.because);
          keptApart += decision.keptApart?.length ?? 0;
          const rulesHere = index.together ? rulesOfAsk(index.together, asked) : [];
          const adds = newlyHeld(rulesHere, server, decision.scopes, held);
          assert.ok(fitsTogether(rulesHere, held, adds), 'what was decided fits what it was decided on');
          held.push(...decision.scopes.map((scope) => toHeld(server, scope)));
        }
        for (const { sides, through } of entries) {
          const touched = Object.values(sides).map((some) => held.some((one) => hasSide(some, one)));
          assert.ok(through?.[0] === 'bot' || touched.includes(false), JSON.stringify({ sides, held }));
        }
      },
    );
    fc.assert(property, { numRuns: 500 });
    assert.ok(keptApart > 0, 'nothing was kept apart');
  });
});

function toSide(some: readonly string[]): Record<string, string[]> {
  const side: Record<string, string[]> = {};
  for (const one of some) {
    const [server = '', scope = ''] = one.split(' ');
    side[server] = [...(side[server] ?? []), scope];
  }
  return side;
}

function hasSide(side: Record<string, string[]>, one: string): boolean {
  const [server = '', scope = ''] = one.split(' ');
  return side[server]?.includes(scope) ?? false;
}
