import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type AccessIndex, compileAccess } from '../compile.ts';
import { type Rule, splitSubject } from '../compile-rules.ts';
import { parseDocument } from '../parse.ts';
import { grantedAtBest } from '../reach.ts';
import { type AffectedServer, affectedServers, subjectsToLoad } from './affected.ts';
import { clientClasses } from './client-classes.ts';
import { createEffects, type Effect } from './effects.ts';
import type { Population } from './person-classes.ts';

// The diff judges people in classes, and looks at nobody on whom a change does not bear. Here it is done the plain way: each person by
// themselves, on every server, through each client.

const ras = 'https://mcp.acme.example';
const now = 1_800_000_000;
const everybody = Array.from({ length: 7 }, (_, at) => at);
const groups = ['group:a', 'group:b', 'group:c', 'role:d'];
const servers = ['s', 't'];
const scopes = ['read', 'write'];
const clients = ['code', 'desk', 'chat'];

const some = <T>(values: readonly T[], least = 1) => fc.subarray([...values], { minLength: least });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const ruleOf = fc.record({
  effect: fc.constantFrom('allow', 'allow', 'allow', 'deny', 'require'),
  scopes: some(scopes),
  on: some(servers),
  to: maybe(some([...groups, 'everyone', 'user:u_1'])),
  through: maybe(some(clients)),
  from: maybe(fc.constant(['192.0.2.0/24'])),
  until: maybe(fc.constantFrom('2020-01-01', '2040-01-01')),
  details: maybe(fc.constantFrom('all', ['use'])),
  needs: fc.constantFrom({ amr: ['mfa'] }, { amr: ['hwk'] }, { acr: 'phr' }, { max_age: 60 }),
});

const documentOf = fc.record({
  off: some(servers, 0),
  known: some(clients, 1),
  distributed: some(clients, 0),
  rules: fc.uniqueArray(fc.nat(7), { maxLength: 6 }),
  signIn: maybe(fc.constantFrom({ amr: ['mfa'] }, { amr: ['hwk', 'mfa'] }, { acr: ['phr'] })),
});

function toDocument(
  { off, known, distributed, rules, signIn }: typeof documentOf extends fc.Arbitrary<infer T> ? T : never,
  pool: readonly (typeof ruleOf extends fc.Arbitrary<infer T> ? T : never)[],
): AccessIndex {
  const parsed = parseDocument(
    {
      servers: Object.fromEntries(
        servers.map((id) => [
          id,
          {
            resource: `${ras}/${id}`,
            ras,
            scopes: { read: {}, write: { risk: 'high' } },
            authorization_details: { use: { scope: 'read' }, change: { scope: 'write' } },
            enabled: !off.includes(id),
          },
        ]),
      ),
      clients: Object.fromEntries(
        clients.map((id) => [
          id,
          {
            redirect_uris: ['http://localhost/cb'],
            distributed: distributed.includes(id),
            client_ids: known.includes(id) ? { [ras]: id } : {},
          },
        ]),
      ),
      // By their place: one id may stand for two rules on the two sides, and one rule have two ids.
      rules: rules.map((at, place) => toRule(place, pool[at])),
      ...(signIn && { sign_in: signIn }),
    },
    'access',
  );
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return compileAccess(parsed.document as never, { version: 1, localRas: ras });
}

function toRule(at: number, rule: (typeof ruleOf extends fc.Arbitrary<infer T> ? T : never) | undefined) {
  assert.ok(rule);
  const { effect, scopes: of, on, to = ['everyone'], through, from, until, details, needs } = rule;
  const said = effect === 'allow' ? { allow: of } : effect === 'deny' ? { deny: of } : { require: needs, for: of };
  // These go with an allow only.
  const more = effect === 'allow' && { ...(until && { until }), ...(details && of.includes('read') && { details }) };
  const when = { ...(from && { from }), ...more };
  return { id: `r${at}`, ...said, on, to, ...(through && { through }), ...when };
}

/** A server of which the diff has it that nobody's access is another. */
function untouched(before: AccessIndex, after: AccessIndex, id: string): AffectedServer {
  const rules = [before, after].flatMap((index) => index.rules.get(id)?.all ?? []);
  return { id, changed: [], touched: new Set(), relevant: new Set(rules.flatMap(({ to }) => to)) };
}

/** Each person by themselves. */
function plainEffects(
  before: AccessIndex,
  after: AccessIndex,
  affected: readonly AffectedServer[],
  { total, members }: Population,
) {
  const lines = new Map<string, { people: number; already: number; rules: Set<string> }>();
  const [gaining, losing] = [new Set<number>(), new Set<number>()];
  for (const id of servers) {
    const server = affected.find((one) => one.id === id) ?? untouched(before, after, id);
    for (const through of clientClasses(before, after, server.id)) {
      for (let person = 0; person < total; person += 1) {
        const own = [...server.relevant].filter((subject) => members.get(subject)?.includes(person));
        const [old, next] = [before, after].map((index) => grantedTo(index, server.id, own, through.clients)) as [
          readonly string[],
          readonly string[],
        ];
        for (const scope of new Set([...old, ...next])) {
          const sign = !old.includes(scope) ? '+' : !next.includes(scope) ? '-' : '~';
          if (sign === '+') gaining.add(person);
          if (sign === '-') losing.add(person);
          note(server, own, through.clients, scope, sign);
        }
      }
    }
  }
  const said = [...lines].filter(([, { people }]) => people > 0);
  return { gain: gaining.size, lose: losing.size, lines: said.map(toText).toSorted() };

  function note(
    server: AffectedServer,
    own: readonly string[],
    through: readonly string[],
    scope: string,
    sign: Effect['sign'],
  ): void {
    const isAbout = (rule: Rule) =>
      rule.scopes.has(scope) &&
      (!rule.through || rule.through.has(through[0] ?? '')) &&
      matching(rule, own) !== undefined;
    const speaking = server.changed.filter(isAbout);
    const allowing = speaking.find(({ effect }) => effect === 'allow');
    const conditions = (index: AccessIndex) => {
      const about = (index.rules.get(server.id)?.all ?? []).filter(isAbout);
      const free = about.some(({ effect, when }) => effect === 'allow' && when === undefined);
      const words = about
        .filter(({ effect, details }) => effect !== 'allow' || !free || details.size > 0)
        .map(({ effect, when, needs, details }) => JSON.stringify([effect, when, needs, [...details]]));
      return [...new Set(words)].toSorted().join();
    };
    const isKept = sign === '~';
    const isOther = isKept && conditions(before) !== conditions(after);
    if (isKept && !isOther && !allowing) return;
    const isNew = allowing !== undefined && after.rules.get(server.id)?.all.includes(allowing);
    const wanted = isKept && !isOther ? (isNew ? '+' : '-') : sign;
    const subject = matching(allowing, own) ?? matching(speaking[0], own) ?? own[0] ?? 'everyone';
    const key = JSON.stringify([wanted, subject, server.id, through, scope]);
    const line = lines.get(key) ?? { people: 0, already: 0, rules: new Set<string>() };
    lines.set(key, line);
    for (const { id } of speaking) line.rules.add(id);
    if (wanted === sign) line.people += 1;
    else line.already += 1;
  }
}

function grantedTo(
  index: AccessIndex,
  serverId: string,
  own: readonly string[],
  through: readonly string[],
): readonly string[] {
  const server = index.servers.get(serverId);
  assert.ok(server);
  const of = (kind: string) =>
    own
      .map(splitSubject)
      .filter(([each]) => each === kind)
      .map(([, id]) => id);
  const person = { id: of('user')[0] ?? '', groups: of('group'), roles: of('role') };
  const [first, ...others] = through.map((client) =>
    index.clients.get(client)?.clientIds.has(ras) ? grantedAtBest(index, { person, client, server }, now) : [],
  );
  for (const other of others) assert.deepEqual(other, first, 'clients of one class are alike');
  return first ?? [];
}

function matching(rule: Rule | undefined, own: readonly string[]): string | undefined {
  return rule?.to.find((subject) => subject === 'everyone' || own.includes(subject));
}

function toText([key, { people, already, rules }]: [
  string,
  { people: number; already: number; rules: ReadonlySet<string> },
]): string {
  return `${key} ${people} ${already} ${[...rules].toSorted()}`;
}

function fastEffects(before: AccessIndex, after: AccessIndex, affected: readonly AffectedServer[], people: Population) {
  const work = createEffects(before, after, people, now);
  for (const server of affected) work.add(server);
  const { gain, lose, effects } = work.all();
  const lines = effects.flatMap(
    ({ sign, subject, server, clients: through, scopes: of, people: count, already, rules }) =>
      of.map((scope) =>
        toText([
          JSON.stringify([sign, subject, server, through, scope]),
          { people: count, already, rules: new Set(rules) },
        ]),
      ),
  );
  return { gain, lose, lines: lines.toSorted() };
}

/** Only those who are in a group that was loaded have a number of their own; the others come last. */
function populationOf(memberships: readonly (readonly string[])[], loaded: ReadonlySet<string>): Population {
  const isKnown = (person: number) => memberships[person]?.some((subject) => loaded.has(subject)) === true;
  const order = [...everybody.filter(isKnown), ...everybody.filter((person) => !isKnown(person))];
  const numberOf = new Map(order.map((person, at) => [person, at]));
  const members = [...loaded].map((subject): [string, number[]] => [
    subject,
    everybody.filter((person) => memberships[person]?.includes(subject)).map((person) => numberOf.get(person) ?? 0),
  ]);
  return { total: everybody.length, known: everybody.filter(isKnown).length, members: new Map(members) };
}

describe('the diff in classes', () => {
  test('says the same as one that looks at each person, whatever changes', () => {
    const memberships = fc.tuple(
      ...everybody.map((person) => some(groups, 0).map((own) => (person === 1 ? [...own, 'user:u_1'] : own))),
    );
    const pool = fc.array(ruleOf, { minLength: 8, maxLength: 8 });
    // Most drafts change little: whatever is not drawn again is as it was.
    const sides = fc
      .tuple(documentOf, documentOf, some(['off', 'known', 'distributed', 'rules', 'signIn'] as const))
      .map(
        ([one, other, changed]) =>
          [one, { ...one, ...Object.fromEntries(changed.map((key) => [key, other[key]])) }] as const,
      );
    let said = 0;
    fc.assert(
      fc.property(pool, sides, memberships, (rules, [one, other], of) => {
        const [before, after] = [toDocument(one, rules), toDocument(other, rules)];
        const affected = affectedServers(before, after);
        const people = populationOf(of, subjectsToLoad(affected));
        const fast = fastEffects(before, after, affected, people);
        assert.deepEqual(
          fast,
          plainEffects(before, after, affected, populationOf(of, new Set([...groups, 'user:u_1']))),
        );
        said += fast.lines.length;
      }),
      { numRuns: 300 },
    );
    assert.ok(said > 300, 'much was compared');
  });
});
