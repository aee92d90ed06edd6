import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Refusal } from '@credence/mcp/protocol';
import { compileAccess, compileResource } from '../../policy/compile.ts';
import { parsePolicy } from '../../policy/parse.ts';
import { openSqliteStore } from '../../store/sqlite.ts';
import type { StopKind } from '../../store/stop.ts';
import { figureRoutes } from './figures.ts';
import type { AdminServices } from './services.ts';

const [ras, idp] = ['https://mcp.acme.example', 'https://id.acme.example'];
const [hour, day] = [3_600_000, 86_400_000];
// Half past an hour, in the middle of a day.
const nowMs = 20_000 * day + 12 * hour + hour / 2;
const now = nowMs / 1000;
const thisHour = nowMs - hour / 2;

const servers = `servers: { wiki: { name: Wiki, local: wiki, scopes: { read: {} } } }`;
const clients = `
clients:
  code: { name: Code, redirect_uris: [http://localhost/a], client_ids: { local: code-there } }
  zed: { name: Zed, redirect_uris: [http://localhost/b], client_ids: { local: zed-there } }
`;
const rules = 'rules: [{ id: some, allow: [read], on: wiki, to: [everyone] }]';

function accessOf(text: string) {
  const parsed = parsePolicy(text, 'access');
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return compileAccess(parsed.document, { version: 1, localRas: ras });
}

function resourceOf(text: string) {
  const parsed = parsePolicy(text, 'resource');
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return compileResource(parsed.document, { version: 1, issuer: ras, localIdp: idp });
}

type Line = readonly [kind: string, timeMs: number, more?: { reason?: Refusal; narrowed?: true }];
interface Answer {
  readonly stepMs: number;
  readonly sinceMs: number;
  readonly totals: unknown;
  readonly before: unknown;
  readonly series: readonly { readonly atMs: number }[];
  readonly reasons: readonly { readonly reason: string; readonly lines: number }[];
  readonly trouble: readonly Record<'kind' | 'id' | 'what' | 'words', string>[];
  readonly toDo: readonly { readonly what: string; readonly count: number; readonly words: string }[];
}

/** An installation with a store of its own, and what it says of itself. */
async function open(
  t: TestContext,
  { access = `${servers}\n${clients}\n${rules}`, demo = false }: { access?: string; demo?: boolean } = {},
) {
  const store = await openSqliteStore(':memory:', { node: 'one' });
  t.after(() => store.close());
  const index = accessOf(access);
  const resource = resourceOf('clients: { code-there: { name: Code there } }');
  const services = { store, access: () => index, resource: () => resource, installation: { demo } };
  let ids = 0;
  return {
    store,
    services,
    write: (...lines: readonly Line[]) =>
      store.commit({
        marks: [],
        records: lines.map(([kind, timeMs, { reason, narrowed } = {}]) => ({
          id: `d_${++ids}`,
          kind,
          timeMs,
          client: 'code',
          server: 'wiki',
          body: JSON.stringify({
            domain: 'idp',
            outcome: reason === undefined ? 'allowed' : 'refused',
            reason,
            ...(narrowed && { unknownScopes: 1 }),
          }),
        })),
      }),
    stop: (kind: StopKind, target: string) =>
      store.stops.add({ id: `s_${++ids}`, kind, target, hits: [], reason: 'it leaks', by: 'u_owner', at: now }, {}, []),
    ask: async (hours = 24, more: object = {}) => {
      const [figures] = figureRoutes;
      assert.ok(figures);
      const asked = { query: { hours }, now, nowMs };
      const outcome = await figures.handle(asked as never, { ...services, ...more } as unknown as AdminServices);
      assert.ok(outcome.ok);
      return outcome.value as Answer;
    },
  };
}

const times = (count: number, line: Line) => Array.from({ length: count }, () => line);
const none = { allowed: 0, narrowed: 0, refused: 0, signInAgain: 0 };

describe('what was decided', () => {
  test('is counted by what became of it', async (t) => {
    const { write, ask } = await open(t);
    await write(
      ...times(5, ['issuance', nowMs]),
      ...times(4, ['issuance', nowMs, { narrowed: true }]),
      ...times(3, ['decision', nowMs, { reason: 'policy_denied' }]),
      ...times(2, ['decision', nowMs, { reason: 'step_up_needed' }]),
      ...times(1, ['refusal', nowMs, { reason: 'reason_of_another_version' as Refusal }]),
      ...times(7, ['redemption', nowMs]),
    );
    const { totals, before } = await ask();
    assert.deepEqual(totals, { allowed: 5, narrowed: 4, refused: 4, signInAgain: 2 });
    assert.deepEqual(before, none);
  });

  test('in the hours asked for and in as many before them, to the first moment of each', async (t) => {
    const { write, ask } = await open(t);
    const first = thisHour - 23 * hour;
    await write(
      ...times(1, ['issuance', first - 24 * hour - 1]),
      ...times(2, ['issuance', first - 24 * hour]),
      ...times(4, ['issuance', first - 1]),
      ...times(8, ['issuance', first]),
      ...times(16, ['issuance', nowMs]),
    );
    const { sinceMs, totals, before, series } = await ask();
    assert.equal(sinceMs, first);
    assert.deepEqual(
      [totals, before],
      [
        { ...none, allowed: 24 },
        { ...none, allowed: 6 },
      ],
    );
    assert.deepEqual(series[0], { atMs: first, ...none, allowed: 8 });
    assert.deepEqual(series.at(-1), { atMs: thisHour, ...none, allowed: 16 });
    assert.deepEqual(
      series.map(({ atMs }) => atMs),
      Array.from({ length: 24 }, (_, at) => first + at * hour),
    );
  });

  test('hour by hour up to two days, and day by day beyond', async (t) => {
    const { ask } = await open(t);
    const stepsOf = async (hours: number) => {
      const { stepMs, sinceMs, series } = await ask(hours);
      return { stepMs, sinceMs, steps: series.length };
    };
    assert.deepEqual(await stepsOf(48), { stepMs: hour, sinceMs: thisHour - 47 * hour, steps: 48 });
    assert.deepEqual(await stepsOf(49), { stepMs: day, sinceMs: 19_998 * day, steps: 3 });
    assert.deepEqual(await stepsOf(2160), { stepMs: day, sinceMs: 19_911 * day, steps: 90 });
  });

  test('the most frequent reason comes first, and of two as frequent the one that the alphabet puts first', async (t) => {
    const { write, ask } = await open(t);
    const reasons = ['step_up_needed', 'policy_denied', 'token_proof_missing', 'id_jag_expired'] as const;
    for (const reason of reasons) await write(['refusal', nowMs, { reason }]);
    await write(['refusal', nowMs, { reason: 'policy_denied' }]);
    assert.deepEqual(
      (await ask()).reasons.map(({ reason, lines }) => [reason, lines]),
      [
        ['policy_denied', 2],
        ['id_jag_expired', 1],
        ['step_up_needed', 1],
        ['token_proof_missing', 1],
      ],
    );
  });
});

describe('what to look at', () => {
  const headsOf = ({ trouble }: Answer) => trouble.map(({ kind, id, what }) => `${kind} ${id} ${what}`);

  test('a stop is of one thing, by its kind and its id', async (t) => {
    const { stop, ask } = await open(t);
    await stop('client', 'wiki');
    assert.deepEqual(headsOf(await ask()), []);
    await stop('client', 'zed');
    assert.deepEqual(headsOf(await ask()), ['client zed stopped']);
    await stop('server', 'wiki');
    assert.deepEqual(headsOf(await ask()), ['server wiki stopped', 'client zed stopped']);
  });

  for (const [refused, issued, redeemed, isTold] of [
    [9, 0, 0, false],
    [10, 0, 0, true],
    [10, 5, 4, true],
    [10, 5, 5, false],
  ] as const) {
    const given = issued + redeemed;
    test(`${refused} refused and ${given} given ${isTold ? 'is trouble' : 'is none'}`, async (t) => {
      const { write, ask } = await open(t);
      await write(
        ...times(refused, ['refusal', nowMs, { reason: 'policy_denied' }]),
        ...times(issued, ['issuance', nowMs]),
        ...times(redeemed, ['redemption', nowMs]),
      );
      const words = (await ask()).trouble.map(({ id, what, words }) => `${id} ${what}: ${words}`);
      const told = `refusals: ${refused} refused, ${given} given`;
      assert.deepEqual(words, isTold ? [`wiki ${told}`, `code ${told}`] : []);
    });
  }

  test('a secret is old after a year, to the second, on the side that knows the client', async (t) => {
    const { store, ask } = await open(t);
    const add = (domain: 'idp' | 'ras', clientId: string, seconds: number) =>
      store.credentials.add({ domain, clientId, secretHash: `${domain} ${clientId}`, createdAt: now - seconds });
    const year = 365 * 86_400;
    await add('idp', 'zed', year - 1);
    await add('idp', 'code-there', year);
    await add('ras', 'code', year);
    assert.deepEqual(headsOf(await ask()), []);
    await add('idp', 'code', year);
    await add('ras', 'code-there', year + 86_400);
    assert.deepEqual(
      (await ask()).trouble.map(({ kind, id, words }) => [kind, id, words]),
      [
        ['client', 'code', 'has a secret that is 365 days old'],
        ['client', 'code-there', 'has a secret that is 366 days old'],
      ],
    );
  });
});

describe('what waits to be done', () => {
  const heads = ({ toDo }: Answer) => toDo.map(({ what, count }) => `${what} ${count}`);

  test('where everything is set up there is nothing', async (t) => {
    const { ask } = await open(t);
    assert.deepEqual(heads(await ask()), []);
  });

  test('a first server comes before a first rule', async (t) => {
    assert.deepEqual(heads(await (await open(t, { access: 'servers: {}' })).ask()), ['first_server 0']);
    assert.deepEqual(heads(await (await open(t, { access: servers })).ask()), ['first_rule 0']);
  });

  test('on the resource side alone a server is enough', async (t) => {
    const { ask } = await open(t);
    const resource = resourceOf(
      'servers: { wiki: { upstream: { http: http://127.0.0.1:9/mcp }, scopes: { read: {} }, tools: { "*": read } } }',
    );
    const alone = (it: typeof resource | undefined) => ask(24, { access: () => undefined, resource: () => it });
    assert.deepEqual(heads(await alone(resource)), []);
    assert.deepEqual(heads(await alone(resourceOf('servers: {}'))), ['first_server 0']);
    assert.deepEqual(heads(await alone(undefined)), ['first_server 0']);
  });

  test('stops that stand are counted', async (t) => {
    const { stop, ask } = await open(t);
    await stop('server', 'wiki');
    const words = async () => (await ask()).toDo.map(({ words: some }) => some);
    assert.deepEqual(await words(), ['1 stop stands: look whether they still should.']);
    await stop('client', 'code');
    assert.deepEqual(await words(), ['2 stops stand: look whether they still should.']);
  });

  test('one owner is too few, and others are no owners', async (t) => {
    const { store, ask } = await open(t);
    const grant = async (role: 'owner' | 'auditor', id: string) => {
      const person = {
        id,
        source: 'local',
        email: `${id}@acme.example`,
        name: id,
        active: true,
        groups: [],
        roles: [],
      };
      await store.people.save(person);
      await store.administrators.grant({ personId: id, role, grantedAt: now }, []);
    };
    await grant('auditor', 'u_auditor');
    assert.deepEqual(heads(await ask()), []);
    await grant('owner', 'u_owner');
    assert.deepEqual(heads(await ask()), ['one_owner 1']);
    await grant('owner', 'u_other');
    assert.deepEqual(heads(await ask()), []);
  });

  test('an index more than 100000 lines behind the record is far behind', async (t) => {
    const { store, ask } = await open(t);
    const behind = async (lines: number) => {
      const auditSearch = { ...store.auditSearch, progress: async () => ({ indexed: 7, last: 7 + lines }) };
      return heads(await ask(24, { store: { ...store, auditSearch } }));
    };
    assert.deepEqual(await behind(100_000), []);
    assert.deepEqual(await behind(100_001), ['record_behind 100001']);
  });

  test('a demonstration says that it is one', async (t) => {
    const { ask } = await open(t, { demo: true });
    assert.deepEqual(heads(await ask()), ['demo 1']);
  });
});
