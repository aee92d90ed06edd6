import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { no, ok, type Refusal } from '@credence/mcp/protocol';
import { answerFault, answerGrant } from './answer-grant.ts';
import type { Facts, RecordKind } from './audit/record.ts';
import type { Call } from './call.ts';
import { CallerGone, fromRequest } from './door.ts';
import type { Edge } from './edge.ts';
import { openStops } from './stops/memory.ts';
import { openSqliteStore } from './store/sqlite.ts';
import { type Commit, type Mark, StoreUnavailable } from './store/store.ts';
import type { Decided, Watch } from './watch.ts';

const store = await openSqliteStore(':memory:', { node: 'one' });
const stops = await openStops(store, () => 1_800_000_000);
after(() => store.close());

function openEdge(change: Partial<Edge> = {}) {
  const faults: unknown[] = [];
  const edge: Edge = {
    store,
    stops,
    inForce: { upTo: () => undefined },
    nowMs: () => 1_800_000_000_000,
    ledger: { count: () => undefined, flush: async () => undefined },
    failures: { waitSeconds: () => 0, add: () => undefined },
    strangers: { take: () => true },
    addressOf: () => '192.0.2.1',
    onFault: (fault) => faults.push(fault),
    ...change,
  };
  return { edge, faults };
}

const side = { domain: 'idp', registry: { find: () => undefined, secretHashes: () => [] } } as const;
const exchange = { issuer: 'https://idp.example', badSubjectToken: 'invalid_grant' } as const;

/** What a handler makes of it, asked as a client would. */
function ask(
  edge: Edge,
  handler: Parameters<typeof answerGrant>[4],
  { headers = {}, isExchange = true }: { headers?: Record<string, string>; isExchange?: boolean } = {},
) {
  const asked = fromRequest(new Request('https://idp.example/token', { method: 'POST', headers, body: '' }));
  return answerGrant(
    asked,
    edge,
    side,
    ok({ get: () => undefined, resources: [] }),
    handler,
    isExchange ? exchange : undefined,
  );
}

describe('what an answer rests on', () => {
  test('the documents in force are those of the last loss before anything is decided', async () => {
    let isUpToDate = false;
    const upTo = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      isUpToDate = true;
    };
    const { edge } = openEdge({ inForce: { upTo } });
    const decidedOn: boolean[] = [];
    await ask(edge, () => {
      decidedOn.push(isUpToDate);
      return ok({});
    });
    assert.deepEqual(decidedOn, [true]);
  });

  test('a certificate is asked for where one is looked for, and of that connection', async () => {
    const seen: unknown[] = [];
    const handler = (call: Call) => {
      seen.push(call.certificate === undefined ? 'not looked for' : call.certificate());
      return ok({});
    };
    await ask(openEdge().edge, handler);
    const certificateOf = (...of: unknown[]) => ({ thumbprint: `of ${of.length}` }) as never;
    await ask(openEdge({ certificateOf }).edge, handler);
    assert.deepEqual(seen, ['not looked for', { thumbprint: 'of 1' }]);
  });
});

test('T27: a request without a form that can be read is counted for the client that sent it', async () => {
  const claimed: string[] = [];
  const waitSeconds = (client: string) => {
    claimed.push(client);
    return 0;
  };
  const { edge } = openEdge({ failures: { waitSeconds, add: () => undefined } });
  for (const client of ['one', 'other']) {
    const headers = { authorization: `Basic ${btoa(`${client}:secret`)}` };
    const asked = fromRequest(new Request('https://idp.example/token', { method: 'POST', headers, body: '' }));
    await answerGrant(asked, edge, side, no('malformed_form'), () => ok({}));
  }
  assert.deepEqual(claimed, ['one', 'other']);
});

test('T27: what is decided again counts once against what a client and its network may ask', async () => {
  let [asked, decided] = [0, 0];
  const waitSeconds = () => {
    asked += 1;
    return asked > 1 ? 60 : 0;
  };
  const commit = async () => (decided < 3 ? ({ stale: true } as const) : ({ won: true } as const));
  const { edge } = openEdge({
    failures: { waitSeconds, add: () => undefined },
    store: { ...store, commit } as unknown as Edge['store'],
  });
  const answer = await ask(edge, (call) => {
    decided += 1;
    call.recordAs('issuance');
    return ok({});
  });
  assert.deepEqual([answer.status, asked, decided], [200, 1, 3]);
});

describe('T27: a refusal that is only counted', () => {
  const commits: Commit[] = [];
  const counted = {
    ledger: { count: () => 'd_bulk', flush: async () => undefined },
    store: {
      ...store,
      commit: async (commit: Commit) => {
        commits.push(commit);
        return { won: true } as const;
      },
    },
  };
  const used: Mark = { kind: 'client_assertion', id: 'one', until: 1_800_000_060 };

  for (const [name, marks, written] of [
    ['writes nothing', [], []],
    ['writes what it has used up, and no line', [used], [{ marks: [used], records: [] }]],
  ] as const) {
    test(name, async () => {
      commits.length = 0;
      const answer = await ask(openEdge(counted).edge, (call) => {
        for (const mark of marks) call.mark(mark, 'always');
        call.mark({ ...used, id: 'another' }, 'if_granted');
        return no('missing_parameter');
      });
      assert.match(answer.body, /Reference: d_bulk/);
      assert.deepEqual(
        commits.map(({ marks, records }) => ({ marks, records })),
        written,
      );
    });
  }
});

describe('what is counted', () => {
  const decisions: [name: string, kind: RecordKind | undefined, refusal: Refusal | undefined, counted: string[]][] = [
    ['what was granted', 'issuance', undefined, ['issuance allowed']],
    ['what was refused', undefined, 'unknown_grant_type', ['refusal refused']],
    ['what was refused of something named', 'decision', 'policy_denied', ['decision refused']],
    ['but not what was granted and changed nothing: it is on no record', undefined, undefined, []],
  ];
  for (const [name, kind, refusal, counted] of decisions) {
    test(name, async () => {
      const seen: string[] = [];
      const decided = (what: Decided) => void seen.push(`${what.kind} ${what.outcome}`);
      const { edge } = openEdge({ watch: { decided, traceId: () => undefined } as Partial<Watch> as Watch });
      await ask(edge, (call) => {
        if (kind) call.recordAs(kind);
        return refusal ? no(refusal) : ok({});
      });
      assert.deepEqual(seen, counted);
    });
  }

  test('but not what was done before and is no refusal: a token is revoked once', async () => {
    const seen: string[] = [];
    const decided = (what: Decided) => void seen.push(`${what.kind} ${what.outcome}`);
    const { edge } = openEdge({ watch: { decided, traceId: () => undefined } as Partial<Watch> as Watch });
    const revoke = (call: Call) => {
      call.recordAs('revocation');
      call.mark({ kind: 'token_revoked', id: 'of one', until: 1_800_000_060 }, 'if_granted');
      return ok({});
    };
    for (let n = 0; n < 2; n++) assert.equal((await ask(edge, revoke)).status, 200);
    assert.deepEqual(seen, ['revocation allowed']);
  });

  test('what somebody else was faster with is refused', async () => {
    const seen: string[] = [];
    const decided = (what: Decided) => void seen.push(`${what.kind} ${what.outcome} ${what.reason}`);
    const { edge } = openEdge({ watch: { decided, traceId: () => undefined } as Partial<Watch> as Watch });
    const redeem = (call: Call) => {
      call.recordAs('redemption');
      call.mark({ kind: 'id_jag', id: 'raced for', until: 1_800_000_060 }, 'if_granted');
      return ok({});
    };
    assert.equal((await ask(edge, redeem)).status, 200);
    assert.equal((await ask(edge, redeem)).status, 400);
    assert.deepEqual(seen, ['redemption allowed undefined', 'refusal refused id_jag_replayed']);
  });
});

describe('what was used before', () => {
  const twice = async (edge: Edge, mark: Mark, kind: RecordKind = 'redemption') => {
    const handler = (call: Call) => {
      call.authenticated();
      call.note({ client: 'one', person: 'u_erin' });
      call.recordAs(kind);
      call.mark(mark, 'always');
      return ok({});
    };
    assert.equal((await ask(edge, handler)).status, 200);
    return ask(edge, handler);
  };
  const openCounting = () => {
    const failed: string[] = [];
    const proven: unknown[] = [];
    const seen: Decided[] = [];
    const { edge } = openEdge({
      watch: { decided: (what: Decided) => void seen.push(what), traceId: () => undefined } as Partial<Watch> as Watch,
      failures: { waitSeconds: () => 0, add: (client, address) => void failed.push(`${client} ${address}`) },
      ledger: {
        count: (_, reason, who) => {
          proven.push([reason, who]);
          return 'd_bulk';
        },
        flush: async () => undefined,
      },
    });
    return { edge, failed, proven, seen };
  };

  test("T27: an assertion is a stranger's: counted among them, and a failure of whom it names", async () => {
    const { edge, failed, proven, seen } = openCounting();
    const { status, body } = await twice(edge, { kind: 'client_assertion', id: 'twice', until: 1_800_000_060 });
    assert.equal(status, 401);
    assert.match(body, /Reference: d_bulk/);
    assert.doesNotMatch(body, /See why/);
    assert.deepEqual(failed, [' 192.0.2.1']);
    assert.deepEqual(proven, [['client_assertion_replayed', undefined]]);
    assert.equal(seen.length, 1, 'what is counted is told by the count');
  });

  test('T27: an ID-JAG is counted for the client that proved itself, and no failure of it', async () => {
    const { edge, failed, proven } = openCounting();
    const { status } = await twice(edge, { kind: 'id_jag', id: 'twice', until: 1_800_000_060 });
    assert.deepEqual([status, failed, proven], [400, [], [['id_jag_replayed', { client: 'one' }]]]);
  });

  test('is told by its own id, although what it would have been refused for was counted already', async () => {
    const mark: Mark = { kind: 'client_assertion', id: 'counted', until: 1_800_000_060 };
    const bulks = [undefined, 'd_bulk', undefined];
    const { edge } = openEdge({ ledger: { count: () => bulks.shift(), flush: async () => undefined } });
    const handler = (call: Call) => {
      call.mark(mark, 'always');
      return no('missing_parameter');
    };
    await ask(edge, handler);
    const { body } = await ask(edge, handler);
    const [line] = await store.audit.last(1);
    assert.match(line?.body ?? '', /"reason":"client_assertion_replayed"/);
    assert.notEqual(line?.id, 'd_bulk', 'which is the id of the record that says how many');
    assert.ok(body.includes(`Reference: ${line?.id}`));
  });

  test('has a line of its own within the pace', async () => {
    const { edge } = openEdge();
    const before = (await store.audit.last(100)).length;
    const { body } = await twice(edge, { kind: 'id_jag', id: 'thrice', until: 1_800_000_060 });
    const [line] = await store.audit.last(1);
    assert.equal((await store.audit.last(100)).length, before + 2);
    assert.match(line?.body ?? '', /"reason":"id_jag_replayed"/);
    assert.ok(body.includes(`Reference: ${line?.id}`));
  });
});

describe('what is done afterwards', () => {
  const mark: Mark = { kind: 'client_assertion', id: 'afterwards', until: 1_800_000_060 };
  const done: string[] = [];
  const asking = (say: string, result: () => ReturnType<typeof ok<object>> | ReturnType<typeof no>) => (call: Call) => {
    call.mark(mark, 'always');
    call.afterwards(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      done.push(say);
    });
    return result();
  };

  test('is done before the answer, and only if it was granted and its proofs were new', async () => {
    await ask(
      openEdge().edge,
      asking('granted', () => ok({})),
    );
    assert.deepEqual(done, ['granted']);
    assert.equal(
      (
        await ask(
          openEdge().edge,
          asking('replayed', () => ok({})),
        )
      ).status,
      401,
    );
    await ask(
      openEdge().edge,
      asking('refused', () => no('missing_parameter')),
    );
    assert.deepEqual(done, ['granted']);
  });
});

describe('the page of a refusal', () => {
  const person: Facts = { person: 'u_erin' };
  const links: [
    name: string,
    said: { authenticated?: boolean; kind?: RecordKind; facts?: Facts; refusal?: Refusal },
    hasLink: boolean,
  ][] = [
    ['is linked once the client has proven who it is, and the person is known', {}, true],
    ['and of a decision', { authenticated: false, kind: 'decision' }, true],
    ['is not for a stranger', { authenticated: false }, false],
    ['is not there without a person', { facts: {} }, false],
    ['is not there for what it does not explain', { refusal: 'missing_parameter' }, false],
    [
      'is not there for a stranger who names what it does not explain',
      { authenticated: false, refusal: 'missing_parameter' },
      false,
    ],
  ];
  for (const [name, { authenticated = true, kind, facts = person, refusal = 'policy_denied' }, hasLink] of links) {
    test(name, async () => {
      const answer = await ask(openEdge().edge, (call) => {
        if (authenticated) call.authenticated();
        if (kind) call.recordAs(kind);
        call.note(facts);
        return no(refusal);
      });
      const { error_uri, error_description } = JSON.parse(answer.body);
      const id = /Reference: (d_[\w-]+)$/.exec(error_description)?.[1];
      assert.ok(id);
      const page = `https://idp.example/refused/${id}`;
      assert.equal(error_uri, hasLink ? page : undefined);
      assert.equal(error_description.includes(` See why, and what to do: ${page}`), hasLink);
      assert.equal(error_description.includes('See why'), hasLink);
    });
  }

  test('belongs to the token exchange', async () => {
    const answer = await ask(
      openEdge().edge,
      (call) => {
        call.authenticated();
        call.note(person);
        return no('policy_denied');
      },
      { isExchange: false },
    );
    assert.equal(JSON.parse(answer.body).error_uri, undefined);
  });
});

describe('a challenge', () => {
  const challenges: [name: string, refusal: Refusal, headers: Record<string, string>, challenge: string | undefined][] =
    [
      [
        'is for a client that used the header and is not known by it',
        'client_unknown',
        { authorization: 'Basic YTpi' },
        'Basic realm="token endpoint"',
      ],
      ['is not for one that used the form (RFC 6749 §5.2)', 'client_unknown', {}, undefined],
      [
        'is not for one that is refused something else',
        'missing_parameter',
        { authorization: 'Basic YTpi' },
        undefined,
      ],
    ];
  for (const [name, refusal, headers, challenge] of challenges) {
    test(name, async () => {
      const answer = await ask(openEdge().edge, () => no(refusal), { headers });
      assert.equal(answer.headers['www-authenticate'], challenge);
    });
  }
});

describe('a fault', () => {
  test('is told to the operator, and the caller learns nothing of it', () => {
    const { edge, faults } = openEdge();
    const fault = new Error('the secret of the deep');
    const answer = answerFault(edge, fault);
    assert.deepEqual([answer.status, faults], [500, [fault]]);
    assert.equal(JSON.parse(answer.body).error, 'server_error');
    assert.ok(!answer.body.includes('deep'));
    assert.equal(answer.headers['retry-after'], undefined);
  });

  test('a store that is away is answered 503, to be tried again', () => {
    const { edge, faults } = openEdge();
    const answer = answerFault(edge, new StoreUnavailable('away'));
    assert.deepEqual([answer.status, answer.headers['retry-after'], faults.length], [503, '1', 1]);
    assert.equal(JSON.parse(answer.body).error, 'temporarily_unavailable');
  });

  test('that a caller has gone is none of ours', () => {
    const { edge, faults } = openEdge();
    answerFault(edge, new CallerGone());
    assert.deepEqual(faults, []);
  });
});
