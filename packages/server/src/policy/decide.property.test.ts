import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { AccessDocument, type RuleEntry } from './access-document.ts';
import { compileAccess } from './compile.ts';
import { decide, meets } from './decide.ts';
import { explain } from './explain.ts';
import { days } from './hours.ts';
import type { Ask, Decision } from './model.ts';
import { acrOf } from './sign-in-levels.ts';

/**
 * Random policies over few names, so that rules, people and requests meet often.
 */
const scopeNames = ['read', 'write', 'purge'];
const servers = ['one', 'two'];
const night = { days: [...days], from: '22:00', to: '06:00', zone: 'UTC' };
const clients = ['app', 'bot'];
const someOf = (names: string[]) => fc.subarray(names, { minLength: 1 });
const risk = fc.constantFrom('low' as const, 'medium' as const, 'high' as const);
const choice = fc.oneof(fc.constant('all' as const), someOf(scopeNames), fc.record({ risk }));
const typeNames = ['t-read', 't-write', 't-purge'];
const typeChoice = fc.oneof(fc.constant('all' as const), someOf(typeNames));
const authorization_details = Object.fromEntries(scopeNames.map((scope) => [`t-${scope}`, { scope }]));
const subjects = someOf(['everyone', 'group:g', 'group:h', 'group:x/g', 'role:g', 'user:p']);
const needsOf: NonNullable<RuleEntry['require']>[] = [
  { max_age: 60 },
  { amr: ['mfa'] },
  { amr: ['otp'] },
  { amr: ['pop'], max_age: 600 },
  { acr: 'a' },
  { acr: 'b' },
  { acr: 'a', max_age: 600 },
];
const needs = fc.constantFrom(...needsOf);

const optional = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: undefined, freq: 1 });
const scope = {
  on: someOf(servers),
  through: fc.option(someOf(clients), { nil: undefined }),
  from: optional(someOf(['office', '192.0.2.7'])),
  not_from: optional(someOf(['office', '2001:db8::/32'])),
  hours: optional(fc.constantFrom({ days: [...days], from: '00:00', to: '24:00', zone: 'UTC' }, night)),
  until: optional(fc.constantFrom('2020-01-01', '2099-12-31')),
};
const ruleBody: fc.Arbitrary<Omit<RuleEntry, 'id'>> = fc.oneof(
  fc.record({ ...scope, allow: choice, details: fc.option(typeChoice, { nil: undefined }), to: subjects }),
  fc.record({ ...scope, allow: choice, details: fc.option(typeChoice, { nil: undefined }), to: subjects }),
  fc.record({ ...scope, deny: choice, to: subjects }),
  fc.record({ ...scope, require: needs, for: choice, to: fc.option(subjects, { nil: undefined }) }),
);
const rules: fc.Arbitrary<RuleEntry[]> = fc
  .array(ruleBody, { maxLength: 8 })
  .map((bodies) => bodies.map((body, at): RuleEntry => ({ id: `r${at}`, ...body })));

const server = fc.record({
  scopes: fc.record({ read: fc.record({ risk }), write: fc.record({ risk }), purge: fc.record({ risk }) }),
  default_scopes: fc.option(someOf(scopeNames), { nil: undefined }),
  enabled: fc.constantFrom(undefined, undefined, undefined, false),
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
  acr: fc.constantFrom(undefined, 'a', 'b', acrOf.twoFactors, acrOf.passkey),
  amr: fc.constantFrom([], ['pwd'], ['pwd', 'otp', 'mfa'], ['pop', 'user', 'mfa']),
  authTime: fc.constantFrom(undefined, now, now - 300, now - 3600),
  now: fc.constant(now),
  keyBound: fc.constantFrom(undefined, false, true),
  address: fc.constantFrom(undefined, 'unknown', '10.1.2.3', '::ffff:10.1.2.3', '192.0.2.7', '2001:db8::1'),
  whenever: fc.constantFrom(undefined, undefined, true as const),
});

type Frame = typeof frame extends fc.Arbitrary<infer T> ? T : never;

function indexOf({ one, two, sign_in }: Frame, rules: readonly RuleEntry[]) {
  const document = {
    servers: {
      one: { ...one, local: 'one', authorization_details },
      two: { ...two, local: 'two', authorization_details },
    },
    clients: { app: {}, bot: { distributed: true } },
    networks: { office: ['10.0.0.0/8', '198.51.100.0/24'] },
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
        assert.ok(list.some(({ id, allow }) => because.includes(id) && covers(allow, scope, ask, frame)));
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
        const speaking = list.filter(({ id, allow }) => because.includes(id) && covers(allow, goesWith, ask, frame));
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

  test('step-up is asked for by name only, by a request that asks for more, and a sign-in as it needs leads somewhere', () => {
    let seen = 0;
    const property = fc.property(frame, rules, ask, (frame, list, ask) => {
      const index = indexOf(frame, list);
      const { effect, needs } = decide(index, ask);
      if (effect !== 'step_up') return assert.equal(needs, undefined);
      seen += 1;
      assert.ok(ask.scopes && needs);
      assert.ok(!meets({ acr: needs.acr, max_age: needs.max_age }, { ...ask, now: now + 1 }), 'a circle');
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

const risks = ['low', 'medium', 'high'];

function covers(allow: RuleEntry['allow'], scope: string, { server }: Ask, frame: Frame): boolean {
  if (allow === undefined || allow === 'all') return allow === 'all';
  if (!('risk' in allow)) return allow.includes(scope);
  const { risk } = frame[server as 'one' | 'two'].scopes[scope as 'read'];
  return risks.indexOf(risk) <= risks.indexOf(allow.risk);
}

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
