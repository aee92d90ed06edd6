import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { toSchema } from '../packages/server/src/admin/api/openapi.ts';
import type { Route } from '../packages/server/src/admin/api/route.ts';
import { routes } from '../packages/server/src/admin/api/routes.ts';
import { openChangesWorld } from './changes-world.ts';
import { idpIssuer, rasIssuer, tracker } from './world.ts';

/** Stands for an id that an answer has named. */
const someId = '{id}';
/** What texts mean something in this world, and what is easily taken for it. */
const words = [
  ...[
    'u_owner',
    'u_policy',
    'u_people',
    'u_alice',
    'u_nobody',
    'claude-code',
    'cc-at-ras',
    'tracker',
    'server:tracker',
  ],
  ...[
    'engineering',
    'group:engineering',
    'role:contractor',
    'user:u_alice',
    'local',
    'access',
    'resource',
    '1',
    '0',
    '-1',
  ],
  ...['eng', 'issues:read', tracker, idpIssuer, rasIssuer, 'a@acme.example', '127.0.0.1', '10.0.0.0/8', '2026-11-26'],
  ...[
    '9999-12-31',
    '2026-02-30',
    '1800000000',
    '99999999999999',
    '%',
    '_',
    "' OR 1=1 --",
    '"',
    '\\',
    '\u0000',
    '\ud800',
  ],
  ...['\u202e', 'ä', '😀', 'a'.repeat(300), 'x\ny', '<b>', '__proto__', 'constructor', '{}', 'servers: {}', 'rules: ['],
  ...[
    `servers: { tracker: { resource: ${tracker}, ras: ${rasIssuer}, scopes: { issues:read: {} } } }\nrules: []`,
    '',
    ' ',
  ],
];
const numbers = [
  0,
  1,
  -1,
  2,
  7,
  30,
  100,
  1000,
  1_800_000_000,
  1_800_086_400,
  2 ** 31,
  2 ** 53 - 1,
  8.64e15,
  1e300,
  0.5,
];

interface Shape {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Shape[];
  readonly oneOf?: readonly Shape[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly items?: Shape;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly propertyNames?: Shape;
  readonly additionalProperties?: Shape | boolean;
}

/** Values of about this shape: of the right kinds throughout, and within the limits by chance. */
function like(shape: Shape): fc.Arbitrary<unknown> {
  if (shape.const !== undefined) return fc.constant(shape.const);
  if (shape.enum) return fc.constantFrom(...shape.enum);
  const several = shape.anyOf ?? shape.oneOf;
  if (several) return fc.oneof(...several.map(like));
  switch (shape.type) {
    case 'string':
      return fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...words) }, fc.constant(someId));
    case 'integer':
    case 'number': {
      const { minimum = 0, maximum = 1e6 } = shape;
      const within = fc.integer({ min: Math.max(minimum, -1e6), max: Math.min(maximum, 2 ** 31) });
      return fc.oneof({ weight: 4, arbitrary: within }, fc.constantFrom(...numbers));
    }
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(like(shape.items ?? {}), { maxLength: 3 });
    case 'object': {
      const { properties = {}, required = [] } = shape;
      const left = Object.keys(properties).filter((name) => !required.includes(name));
      // A few of what may be left out: of many together one is always wrong.
      const named = fc
        .subarray(left, { maxLength: Math.min(left.length, 3) })
        .chain((more) =>
          fc.record(Object.fromEntries([...required, ...more].map((name) => [name, like(properties[name] ?? {})]))),
        );
      const { additionalProperties: more } = shape;
      if (typeof more !== 'object') return named;
      return fc
        .tuple(named, fc.dictionary(fc.constantFrom(...words), like(more), { maxKeys: 2 }))
        .map(([a, b]) => ({ ...b, ...a }));
    }
    default:
      return fc.oneof(fc.constantFrom<unknown>(...words, ...numbers), fc.jsonValue({ maxDepth: 2 }));
  }
}

function likeOf(schema: Route['body']): fc.Arbitrary<Record<string, unknown>> {
  if (!schema) return fc.constant({});
  return like(toSchema(schema, 'input') as Shape) as fc.Arbitrary<Record<string, unknown>>;
}

const call = fc.constantFrom(...routes).chain((route: Route) =>
  fc.record({
    route: fc.constant(route),
    params: likeOf(route.params),
    query: likeOf(route.query),
    body: likeOf(route.body),
    picks: fc.infiniteStream(fc.nat()),
  }),
);

test('B91: whatever an operation of the admin API is given that has its shape: answered as it says, never a fault', async () => {
  const world = await openChangesWorld();
  await world.exchange();
  await world.exchange({ scope: 'nothing' });
  const idsBehind = new Map<string, Set<string>>();
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(call, async ({ route, params, query, body, picks }) => {
      world.clock.ms += 10_000;
      const owner = world.personOf('owner');
      await world.store.people.save(owner); // whatever the last call did to them
      await world.store.administrators.grant({ personId: owner.id, role: 'owner', grantedAt: 1 }, []);
      const { headers } = await world.browserOf('owner');
      const section = route.path.split('/')[1] ?? '';
      const here = idsBehind.get(section) ?? new Set();
      idsBehind.set(section, here);
      const [own, all] = [[...here], [...idsBehind.values()].flatMap((each) => [...each])];
      const pick = (from = all) => from[picks.next().value % from.length] ?? 'x';
      const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
        const text = String(params[name] ?? someId).toWellFormed();
        return encodeURIComponent(text === someId ? pick(own) : text) || 'x';
      });
      const search = new URLSearchParams(
        Object.entries(query).map(([name, value]): [string, string] => [
          name,
          value === someId ? pick() : String(value),
        ]),
      );
      const given = await world.send(route.method, `${path}?${search}`, {
        headers: { ...headers, 'if-match': '*' },
        ...(route.body && { text: JSON.stringify(body).replaceAll(`"${someId}"`, () => `"${pick()}"`) }),
      });
      assert.deepEqual(world.faults, [], route.id);
      assert.ok(given.status < 500, `${route.id}: ${given.status} ${JSON.stringify(given.body)}`);
      if (given.status < 300) seen.add(route.id);
      for (const [, id] of JSON.stringify(given.body ?? '').matchAll(/"(?:id|ref|digest)":"([\w:.-]+)"/g))
        here.add(String(id));
    }),
    { numRuns: 2000 },
  );
  assert.ok(seen.size > routes.length / 2, `${seen.size} of ${routes.length} operations have been carried out`);
});
