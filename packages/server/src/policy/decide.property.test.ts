import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { AccessDocument, type RuleEntry } from './access-document.ts';
import { compileAccess } from './compile.ts';
import { decide } from './decide.ts';
import { explain } from './explain.ts';
import type { Ask, Decision } from './model.ts';

/**
 * Random policies over few names, so that rules, people and requests meet often.
 */
const scopeNames = ['read', 'write', 'purge'];
const servers = ['one', 'two'];
const clients = ['app', 'bot'];
const someOf = (names: string[]) => fc.subarray(names, { minLength: 1 });
const choice = fc.oneof(fc.constant('all' as const), someOf(scopeNames));
const typeNames = ['t-read', 't-write', 't-purge'];
const typeChoice = fc.oneof(fc.constant('all' as const), someOf(typeNames));
const authorization_details = Object.fromEntries(scopeNames.map((scope) => [`t-${scope}`, { scope }]));
const subjects = someOf(['everyone', 'group:g', 'group:h', 'group:x/g', 'role:g', 'user:p']);
const needsOf: NonNullable<RuleEntry['require']>[] = [
  { max_age: 60 },
  { amr: ['mfa'] },
  { acr: 'a' },
  { acr: 'b' },
  { acr: 'a', max_age: 600 },
];
const needs = fc.constantFrom(...needsOf);

const scope = { on: someOf(servers), through: fc.option(someOf(clients), { nil: undefined }) };
const ruleBody: fc.Arbitrary<Omit<RuleEntry, 'id'>> = fc.oneof(
  fc.record({ ...scope, allow: choice, details: fc.option(typeChoice, { nil: undefined }), to: subjects }),
  fc.record({ ...scope, allow: choice, details: fc.option(typeChoice, { nil: undefined }), to: subjects }),
  fc.record({ ...scope, deny: choice, to: subjects }),
  fc.record({ ...scope, require: needs, for: choice, to: fc.option(subjects, { nil: undefined }) }),
);
const rules: fc.Arbitrary<RuleEntry[]> = fc
  .array(ruleBody, { maxLength: 8 })
  .map((bodies) => bodies.map((body, at): RuleEntry => ({ id: `r${at}`, ...body })));

const risk = fc.constantFrom('low' as const, 'medium' as const, 'high' as const);
const server = fc.record({
  scopes: fc.record({ read: fc.record({ risk }), write: fc.record({ risk }), purge: fc.record({ risk }) }),
  default_scopes: fc.option(someOf(scopeNames), { nil: undefined }),
});
const signIn = fc.option(
  fc.record({ amr: fc.constantFrom([], ['mfa']), acr: fc.constantFrom([], ['a'], ['a', 'b']) }),
  {
    nil: undefined,
  },
);
const frame = fc.record({ one: server, two: server, sign_in: signIn });

const now = 1_790_000_000;
const ask: fc.Arbitrary<Ask> = fc.record({
  person: fc.record({
    id: fc.constantFrom('p', 'q'),
    groups: fc.subarray(['g', 'h', 'x/g', 'everyone']),
    roles: fc.subarray(['g', 'h']),
  }),
  client: fc.constantFrom('app', 'bot', 'stranger'),
  server: fc.constantFrom('one', 'two', 'nowhere'),
  scopes: fc.option(fc.array(fc.constantFrom(...scopeNames, 'unknown'), { maxLength: 4 }), { nil: undefined }),
  details: fc.option(fc.array(fc.constantFrom(...typeNames, 't-unknown'), { maxLength: 4 }), { nil: undefined }),
  acr: fc.constantFrom(undefined, 'a', 'b'),
  amr: fc.constantFrom([], ['pwd'], ['pwd', 'mfa']),
  authTime: fc.constantFrom(undefined, now, now - 300, now - 3600),
  now: fc.constant(now),
  keyBound: fc.constantFrom(undefined, false, true),
});

type Frame = typeof frame extends fc.Arbitrary<infer T> ? T : never;

function indexOf({ one, two, sign_in }: Frame, rules: readonly RuleEntry[]) {
  const document = {
    servers: {
      one: { ...one, local: 'one', authorization_details },
      two: { ...two, local: 'two', authorization_details },
    },
    clients: { app: {}, bot: { distributed: true } },
    sign_in,
    rules,
  };
  const plain = JSON.parse(JSON.stringify(document)); // drops what is undefined
  return compileAccess(AccessDocument.parse(plain), { version: 1, localRas: 'https://mcp.acme.example' });
}

const runs = { numRuns: 1500 };

describe('decide(), for any policy and any request', () => {
  test('the order of rules does not matter', () => {
    const shuffled = rules.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    const property = fc.property(frame, shuffled, ask, (frame, [list, other], ask) => {
      const [one, two] = [decide(indexOf(frame, list), ask), decide(indexOf(frame, other), ask)];
      assert.deepEqual({ ...one, because: one.because.toSorted() }, { ...two, because: two.because.toSorted() });
    });
    fc.assert(property, runs);
  });

  test('one deny more never widens', () => {
    const deny: fc.Arbitrary<RuleEntry> = fc.record({
      ...scope,
      id: fc.constant('more'),
      deny: choice,
      to: subjects,
    });
    const property = fc.property(frame, rules, deny, ask, (frame, list, deny, ask) => {
      assertNoWider(decide(indexOf(frame, [...list, deny]), ask), decide(indexOf(frame, list), ask));
    });
    fc.assert(property, runs);
  });

  test('one allow less never widens', () => {
    const property = fc.property(frame, rules, ask, (frame, list, ask) => {
      const before = decide(indexOf(frame, list), ask);
      for (const gone of list.filter(({ allow }) => allow)) {
        const after = decide(
          indexOf(
            frame,
            list.filter((rule) => rule !== gone),
          ),
          ask,
        );
        assertNoWider(after, before);
      }
    });
    fc.assert(property, runs);
  });

  test('granted is within what was asked for, what the server has and what some rule allows', () => {
    const property = fc.property(frame, rules, ask, (frame, list, ask) => {
      const { effect, scopes, because } = decide(indexOf(frame, list), ask);
      assert.equal(effect === 'allow', scopes.length > 0);
      for (const scope of scopes) {
        assert.ok(ask.scopes?.includes(scope) ?? true);
        assert.ok(scopeNames.includes(scope));
        assert.ok(list.some(({ id, allow }) => because.includes(id) && (allow === 'all' || allow?.includes(scope))));
      }
    });
    fc.assert(property, runs);
  });

  test('granted types of details are asked for, go with a granted scope, and are named by a rule that allows it', () => {
    let seen = 0;
    const property = fc.property(frame, rules, ask, (frame, list, ask) => {
      const { scopes, details = [], because } = decide(indexOf(frame, list), ask);
      seen += details.length;
      for (const type of details) {
        const goesWith = type.slice('t-'.length);
        assert.ok(ask.details?.includes(type) && scopes.includes(goesWith));
        const speaking = list.filter(
          ({ id, allow }) => because.includes(id) && (allow === 'all' || allow?.includes(goesWith)),
        );
        assert.ok(speaking.some((rule) => rule.details === 'all' || rule.details?.includes(type)));
      }
    });
    fc.assert(property, runs);
    assert.ok(seen > 0, 'no details were granted');
  });

  test('a high-risk scope is never granted unasked, unless default_scopes names it', () => {
    const property = fc.property(frame, rules, ask, (frame, list, ask) => {
      const { scopes } = decide(indexOf(frame, list), { ...ask, scopes: undefined });
      const { scopes: known, default_scopes } = ask.server === 'two' ? frame.two : frame.one;
      for (const scope of scopes) {
        assert.ok(default_scopes?.includes(scope) ?? known[scope as keyof typeof known].risk !== 'high');
      }
    });
    fc.assert(property, runs);
  });

  test('step-up is asked for by name only, and a sign-in as it needs leads somewhere', () => {
    let seen = 0;
    const property = fc.property(frame, rules, ask, (frame, list, ask) => {
      const index = indexOf(frame, list);
      const { effect, needs } = decide(index, ask);
      if (effect !== 'step_up') return assert.equal(needs, undefined);
      seen += 1;
      assert.ok(ask.scopes && needs);
      const next = { ...ask, acr: needs.acr, amr: needs.amr ?? [], authTime: now };
      assert.equal(decide(index, next).effect, 'allow');
    });
    fc.assert(property, runs);
    assert.ok(seen > 0, 'no case of step-up was tried');
  });

  test('explain() comes to the same decision by the same rules', () => {
    const property = fc.property(frame, rules, ask, (frame, list, ask) => {
      const index = indexOf(frame, list);
      const explanation = explain(index, ask);
      assert.deepEqual(explanation.decision, decide(index, ask));
      const spoke = explanation.rules.filter(({ spoke }) => spoke).map(({ id }) => id);
      assert.deepEqual(spoke, explanation.decision.because);
    });
    fc.assert(property, runs);
  });
});

/** No scope more, and no way to one by signing in again that was not there before. */
function assertNoWider(after: Decision, before: Decision): void {
  if (before.effect === 'deny') assert.equal(after.effect, 'deny');
  if (before.effect === 'allow') assert.ok((after.details ?? []).every((type) => before.details?.includes(type)));
  if (before.effect === 'allow') assert.ok(after.scopes.every((scope) => before.scopes.includes(scope)));
}

test('T02: whatever the policy, a distributed client gets no high-risk scope without a key bound at sign-in', () => {
  const property = fc.property(frame, rules, ask, (frame, list, ask) => {
    const index = indexOf(frame, list);
    const { scopes } = decide(index, { ...ask, client: 'bot', keyBound: false });
    const risks = index.servers.get(ask.server)?.scopes;
    assert.deepEqual(
      scopes.filter((scope) => risks?.get(scope) === 'high'),
      [],
    );
    const [loose, bound] = [false, true].map((keyBound) => decide(index, { ...ask, keyBound }));
    assert.ok(loose && bound);
    assert.ok(loose.effect !== 'bind_key' || bound.effect === 'allow' || bound.effect === 'step_up', 'a key in vain');
    if (bound.effect === 'allow') assert.ok(loose.scopes.every((scope) => bound.scopes.includes(scope)));
  });
  fc.assert(property, runs);
});
