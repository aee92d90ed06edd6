import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { Refusal } from '@credence/mcp/protocol';
import { type AuditRecord, toRow } from '../../../audit/record.ts';
import { readWellFormed } from '../../../audit/record-schema.ts';
import { eventId } from '../../../call.ts';
import { askBehind } from '../../../changes/settle-request.ts';
import type { AccessDocument } from '../../../policy/access-document.ts';
import { type AccessIndex, compileAccess } from '../../../policy/compile.ts';
import { parsePolicy } from '../../../policy/parse.ts';
import { unanswered } from '../../../store/requests.ts';
import type { Person } from '../../../store/store.ts';
import { alice, openTestWorld, password, TestBrowser, type TestWorld, type Visit } from '../test-world.ts';

// Threats §4, "Denial pages: unguessable id, same person signed in".

const ras = 'https://mcp.acme.example';
const access = `
servers:
  tracker: { name: Tracker, resource: ${ras}/tracker/mcp, ras: ${ras}, scopes: { issues:read: {}, issues:write: { risk: high } } }
  wiki: { name: Wiki, resource: ${ras}/wiki/mcp, ras: ${ras}, scopes: { pages:read: {} } }
clients:
  claude-code: { name: Claude Code, redirect_uris: [http://localhost/cb], client_ids: { ${ras}: cc } }
  claude: { name: Claude, redirect_uris: [http://localhost/cb], client_ids: { ${ras}: c } }
rules:
  - { id: secret-rule, allow: [issues:read], on: tracker, to: [group:engineering] }
  - { id: by-claude, allow: [pages:read], on: wiki, to: [group:engineering], through: [claude] }
`;
const parse = (text: string) => {
  const parsed = parsePolicy(text, 'access');
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.document as AccessDocument;
};
const compile = (document: AccessDocument, version: number) => compileAccess(document, { version, localRas: ras });
let made = 0;

describe('/refused, where people see why their agent was refused', () => {
  let world: TestWorld;
  let inForce: AccessIndex;
  const seconds = () => Math.floor(Date.now() / 1000);

  before(async () => {
    const document = parse(access);
    inForce = compile(document, 1);
    world = await openTestWorld({ perNetwork: 5000 }, undefined, undefined, () => ({ access: () => inForce }));
    await publish(document, 1);
  });
  beforeEach(() => {
    inForce = compile(parse(access), 1);
    world.notes.length = 0;
  });
  after(() => world.close());

  async function publish(document: AccessDocument, version: number): Promise<void> {
    const text = JSON.stringify(document);
    const digest = hash('sha256', text, 'base64url');
    const published = { kind: 'access', version, document: text, digest, author: 'u_dana', publishedAt: 1 } as const;
    await world.store.policies.append(published, []);
  }
  async function newPerson(change: Partial<Person> = {}): Promise<Person> {
    made += 1;
    const person = { ...alice, id: `u_r${made}`, email: `r${made}@acme.example`, name: `Person ${made}`, ...change };
    await world.store.people.save(person);
    await world.store.people.setPasswordHash(person.id, (await world.store.people.passwordHash(alice.id)) ?? '');
    return person;
  }
  /** A line as the token exchange leaves it. */
  async function refusedOnce(person: Person, change: Partial<AuditRecord> = {}): Promise<string> {
    const record: AuditRecord = {
      v: 2,
      id: eventId('d_'),
      kind: 'decision',
      domain: 'idp',
      timeMs: Date.now(),
      outcome: 'refused',
      reason: 'policy_no_scope',
      address: '192.0.2.1',
      person: person.id,
      client: 'claude-code',
      server: 'tracker',
      scopesAsked: ['issues:write'],
      policy: { kind: 'access', version: 1 },
      inputs: { groups: person.groups, roles: [], acr: undefined, amr: ['pwd'], authTime: seconds(), now: seconds() },
      decision: { effect: 'deny', because: [] },
      ...change,
    };
    await world.store.commit({ marks: [], records: [toRow(record)] });
    return record.id;
  }
  const url = (id: string) => `${world.issuer}/refused/${id}`;
  async function signIn({ email }: Person, id: string, browser = new TestBrowser(world.issuer)) {
    const login = await browser.get(url(id));
    assert.match(login.page, /<h1>Sign in to Acme<\/h1>/);
    return { browser, visit: await browser.submit(login, { email, password, do: 'sign-in' }) };
  }
  const h1 = ({ page }: Visit) => /<h1>([\s\S]*?)<\/h1>/.exec(page)?.[1];
  const alert = ({ page }: Visit) => /role="alert">[\s\S]*?<span>([^<]*)/.exec(page)?.[1];
  const requestsOf = (person: Person) => world.store.requests.of(person.id, 50);
  const fields = { do: 'ask', words: 'I file bugs', wanted: 'work' };

  test('signs in first, then says what was refused, by which kind of reason, and that trying again is in vain', async () => {
    const person = await newPerson();
    const id = await refusedOnce(person);
    const { visit } = await signIn(person, id);
    assert.equal(visit.url.href, url(id));
    assert.equal(visit.status, 200);
    assert.equal(h1(visit), 'Claude Code may not write issues on Tracker for you.');
    assert.match(
      visit.page,
      /Acme has not given this to you[\s\S]*Trying again, or signing in again, will not change it/,
    );
    assert.match(visit.page, new RegExp(`Reference <code>${id}</code>`));
    assert.match(visit.page, /<h2>Ask for access<\/h2>/);
    // NOTES: employees never see policy, rule names, scope strings, ID-JAG.
    assert.doesNotMatch(visit.page.replace(/<head>[\s\S]*<\/head>/, ''), /secret-rule|issues:|polic|ID-JAG/i);
    const csp = visit.headers.get('content-security-policy') ?? '';
    assert.match(csp, /default-src 'none'.*form-action 'self'/);
    assert.ok(!csp.includes('script-src'));
    assert.equal(visit.headers.get('cache-control'), 'no-store');
    assert.equal(visit.headers.get('referrer-policy'), 'no-referrer');
  });

  test('whoever is not the person gets to the letter what an unknown id gets', async () => {
    const [person, other] = [await newPerson(), await newPerson()];
    const id = await refusedOnce(person);
    const { browser, visit } = await signIn(other, id);
    const unknown = await browser.get(url('d_mfx1nothing'));
    assert.deepEqual([visit.status, unknown.status], [404, 404]);
    assert.equal(visit.page, unknown.page);
    assert.equal(h1(visit), 'There is nothing here for you.');
    const posted = await fetch(url(id), { method: 'POST', redirect: 'manual' });
    assert.equal(posted.status, 303, 'a stranger is sent to the sign-in, whatever the id');
  });

  test('B: lines of other kinds, of the other domain, of what was allowed or erased are no refusals', async () => {
    const person = await newPerson();
    const { browser } = await signIn(person, await refusedOnce(person));
    const lines: [string, Partial<AuditRecord>][] = [
      ['a sign-in', { kind: 'sign_in', reason: 'credentials_wrong' }],
      ['of the resource side', { domain: 'ras', kind: 'refusal', reason: 'account_unknown' }],
      ['allowed', { kind: 'decision', outcome: 'allowed' }],
      [
        'of nobody',
        { kind: 'refusal', reason: 'client_stopped', person: undefined } as unknown as Partial<AuditRecord>,
      ],
      ['a bad token', { kind: 'refusal', reason: 'session_ended' }],
      ['for a reason that only another version knows', { reason: 'of_tomorrow' as Refusal }],
    ];
    for (const [name, change] of lines) {
      const { status } = await browser.get(url(await refusedOnce(person, change)));
      assert.equal(status, 404, name);
    }
    const erased = await refusedOnce(person);
    const row = await world.store.audit.find(erased);
    await world.store.erasure.blank([row?.position ?? 0], []);
    assert.equal((await browser.get(url(erased))).status, 404, 'erased');
    assert.equal((await browser.get(`${world.issuer}/refused/..%2Fme`)).status, 404);
  });

  test('a sign-in that was broken off, or leads nowhere, is told so', async () => {
    const browser = new TestBrowser(world.issuer);
    assert.equal((await browser.get(`${world.issuer}/refused?error=access_denied&state=d_1`)).status, 400);
    assert.equal((await browser.get(`${world.issuer}/refused`)).status, 404);
    assert.equal(
      (await browser.get(`${world.issuer}/refused?state=${encodeURIComponent('//evil.example')}`)).status,
      404,
    );
  });

  const kinds: [reason: Refusal, change: Partial<AuditRecord>, title: RegExp, words: RegExp, asks: boolean][] = [
    [
      'policy_denied',
      { server: 'wiki', scopesAsked: undefined } as unknown as Partial<AuditRecord>,
      /may not reach Wiki/,
      /through Claude, not through Claude Code/,
      true,
    ],
    [
      'step_up_needed',
      { decision: { effect: 'step_up', because: [], needs: { amr: ['mfa'] } } },
      /second factor/,
      /Then it works/,
      false,
    ],
    [
      'step_up_needed',
      { decision: { effect: 'step_up', because: [], needs: { max_age: 60 } } },
      /sign in again/,
      /too long ago/,
      false,
    ],
    [
      'client_stopped',
      {
        kind: 'refusal',
        server: undefined,
        policy: undefined,
        inputs: undefined,
        decision: undefined,
      } as unknown as Partial<AuditRecord>,
      /cannot act for now/,
      /try again later/,
      false,
    ],
    // The rules give it: that is no reason to say that it is allowed by now.
    ['decision_point_denied', { scopesAsked: ['issues:read'] }, /may not read issues/, /Another system of Acme/, false],
  ];
  for (const [reason, change, title, words, asks] of kinds) {
    test(`${reason}, ${title.source}: told by its kind${asks ? ', can be asked for' : ''}`, async () => {
      const person = await newPerson();
      const { visit } = await signIn(person, await refusedOnce(person, { reason, ...change }));
      assert.match(h1(visit) ?? '', title);
      assert.match(visit.page, words);
      assert.equal(visit.page.includes('Ask for access'), asks);
    });
  }

  test('asks, once: a line and a request; the page says so, from any refusal of the same', async () => {
    const person = await newPerson();
    const id = await refusedOnce(person);
    const { browser, visit } = await signIn(person, id);
    const asked = await browser.submit(visit, { ...fields, words: '  I file\r\n\u0007<b>bugs</b>  ' });
    assert.equal(asked.status, 200);
    assert.match(asked.page, /You have asked for it[\s\S]*Nobody has answered yet/);
    assert.match(asked.page, /“I file &lt;b&gt;bugs&lt;\/b&gt;”/);
    const [request, more] = await requestsOf(person);
    assert.equal(more, undefined);
    const { client, server, decision, words, wanted, answer } = request ?? {};
    assert.deepEqual(
      { client, server, decision, words, wanted, answer },
      {
        client: 'claude-code',
        server: 'tracker',
        decision: id,
        words: 'I file <b>bugs</b>',
        wanted: 'work',
        answer: unanswered,
      },
    );
    const line = (await world.store.audit.last(1)).map(readWellFormed)[0];
    assert.deepEqual(
      [line?.kind, line?.person, line?.client, line?.server],
      ['admin', person.id, 'claude-code', 'tracker'],
    );
    assert.match(line?.detail ?? '', new RegExp(`request ${request?.id} for ${id}`));
    assert.ok(
      !JSON.stringify(line).includes('bugs'),
      'LOG-02: what it is for is in their own words, and not on the record',
    );

    await browser.submit(visit, fields);
    const again = await browser.get(url(await refusedOnce(person)));
    assert.match(again.page, /when it was refused before/);
    assert.doesNotMatch(again.page, /Ask for access/);
    await browser.submit(await browser.get(url(await refusedOnce(person))), fields);
    assert.equal((await requestsOf(person)).length, 1);
  });

  test('CSRF: a form that is not of this page in this session asks for nothing', async () => {
    const person = await newPerson();
    const { browser, visit } = await signIn(person, await refusedOnce(person));
    const other = await signIn(await newPerson(), 'd_any');
    const theirs = await other.browser.get(`${world.issuer}/me`);
    const [, token = ''] = /name="token" value="([^"]+)"/.exec(theirs.page) ?? [];
    for (const [given, headers] of [
      [{ ...fields, token: '' }, {}],
      [{ ...fields, token }, {}],
      [fields, { 'sec-fetch-site': 'cross-site' }],
    ] as const) {
      const refused = await browser.submit(visit, given, headers);
      assert.equal(refused.status, 400);
      assert.match(alert(refused) ?? '', /too old/);
    }
    assert.deepEqual(await requestsOf(person), []);
  });

  test('what cannot be asked for is not, whatever is sent', async () => {
    const person = await newPerson();
    const page = await signIn(person, await refusedOnce(person));
    const stopped = await refusedOnce(person, { reason: 'server_stopped' });
    const [, token = ''] = /name="token" value="([^"]+)"/.exec(page.visit.page) ?? [];
    const sent = await page.browser.submit(
      { ...page.visit, page: `<form method="post" action="/refused/${stopped}"></form>` },
      { ...fields, token },
    );
    assert.equal(sent.status, 200);
    assert.deepEqual(await requestsOf(person), []);
    const other = await page.browser.submit(
      { ...page.visit, page: `<form method="post" action="/refused/${await refusedOnce(alice)}"></form>` },
      { ...fields, token },
    );
    assert.equal(other.status, 404);
    assert.deepEqual(await requestsOf(alice), []);
  });

  test('a reason is asked for, in 500 characters; what was typed stays', async () => {
    const person = await newPerson();
    const { browser, visit } = await signIn(person, await refusedOnce(person));
    const none = await browser.submit(visit, { ...fields, words: ' \n ' });
    assert.deepEqual([none.status, alert(none)], [400, 'Say in a few words what you need it for.']);
    const long = await browser.submit(visit, { ...fields, words: 'x'.repeat(501) });
    assert.equal(long.status, 400);
    assert.match(long.page, /x{501}<\/textarea>/);
    assert.deepEqual(await requestsOf(person), []);
    const odd = await browser.submit(visit, { ...fields, words: 'x'.repeat(500), wanted: 'for-ever' });
    assert.equal(odd.status, 200);
    assert.equal((await requestsOf(person))[0]?.wanted, 'week');
  });

  test('IDP-38: ten a day, and twenty that wait', async () => {
    const person = await newPerson();
    const { browser } = await signIn(person, await refusedOnce(person));
    const stored = (count: number, askedAt: number, kind: string) =>
      Promise.all(
        Array.from({ length: count }, (_, at) =>
          world.store.requests.add(
            {
              id: eventId('ar_'),
              personId: person.id,
              client: `${kind}-${at}`,
              server: 'tracker',
              decision: eventId('d_'),
              words: 'x',
              wanted: 'day',
              askedAt,
            },
            [],
          ),
        ),
      );
    const tryOnce = async () => browser.submit(await browser.get(url(await refusedOnce(person))), fields);
    await stored(10, seconds() - 60, 'today');
    const refused = await tryOnce();
    assert.deepEqual([refused.status, world.notes.at(-1)?.reason], [429, 'request_too_many']);
    assert.match(refused.page, /I file bugs<\/textarea>/);

    const declined = { ...unanswered, state: 'declined' } as const;
    const drafted = { ...unanswered, state: 'drafted', draft: 'dr_1' } as const;
    const before: [waiting: number, inDrafts: number, answered: number, status: number][] = [
      [20, 0, 0, 429],
      [10, 10, 0, 429],
      [19, 0, 0, 200],
      [0, 0, 20, 200],
      [20, 0, 5, 429],
    ];
    for (const [waiting, inDrafts, answered, status] of before) {
      const who = await newPerson();
      for (let at = 0; at < waiting + inDrafts + answered; at += 1) {
        const request = { id: eventId('ar_'), personId: who.id, client: `c-${at}`, server: 'tracker', words: 'x' };
        const asked = { ...request, decision: eventId('d_'), wanted: 'day', askedAt: seconds() - 90_000 } as const;
        await world.store.requests.add(asked, []);
        const answer = at < answered ? declined : at < answered + inDrafts ? drafted : undefined;
        if (answer) await world.store.requests.answer({ ...asked, answer: unanswered }, answer, []);
      }
      const opened = await signIn(who, await refusedOnce(who));
      const asked = await opened.browser.submit(opened.visit, fields);
      assert.equal(asked.status, status, `${waiting} that wait, ${inDrafts} in drafts, ${answered} answered`);
    }
  });

  test('answers are told here and under My agents, with the word; what was drafted is not in force and told to nobody', async () => {
    const person = await newPerson();
    const id = await refusedOnce(person);
    const { browser, visit } = await signIn(person, id);
    await browser.submit(visit, fields);
    let [request] = await requestsOf(person);
    const answer = async (given: object) => {
      assert.ok(request && (await world.store.requests.answer(request, { ...unanswered, ...given }, [])));
      [request] = await requestsOf(person);
      return [await browser.get(url(id)), await browser.get(`${world.issuer}/me`)];
    };
    const by = { at: seconds(), by: 'u_dana' };
    for (const page of await answer({
      state: 'drafted',
      draft: 'dr_1',
      until: seconds() + 86_400,
      word: 'soon',
      ...by,
    })) {
      assert.match(page.page, /Nobody has answered yet/);
      assert.doesNotMatch(page.page, /soon|dr_1|u_dana/);
    }
    const until = Date.UTC(2099, 0, 2) / 1000;
    for (const page of await answer({ state: 'approved', until, word: 'Have fun <3', ...by })) {
      assert.match(page.page, /It was given, and is not any more|It was given until 2099-01-01\./);
      assert.match(page.page, /Have fun &lt;3/);
      assert.doesNotMatch(page.page, /u_dana/);
    }
    const [refused, mine] = await answer({ state: 'declined', word: 'Ask your lead', ...by });
    assert.match(refused?.page ?? '', /Acme does not give it\.[\s\S]*Ask your lead/);
    assert.doesNotMatch(refused?.page ?? '', /Ask for access/);
    assert.match(mine?.page ?? '', /What you asked for[\s\S]*Tracker through Claude Code[\s\S]*Ask your lead/);
    assert.match(
      (await browser.get(url(await refusedOnce(person)))).page,
      /Ask for access/,
      'another refusal, another try',
    );
  });

  test('what is allowed by now is said to be, and not asked for', async () => {
    const person = await newPerson();
    const { browser, visit } = await signIn(person, await refusedOnce(person));
    inForce = compile(parse(access.replace('allow: [issues:read]', 'allow: all')), 2);
    const now = await browser.get(visit.url.href);
    assert.match(now.page, /allowed by now\. Go back to Claude Code/);
    assert.doesNotMatch(now.page, /Ask for access/);
    await browser.submit(visit, fields);
    assert.deepEqual(await requestsOf(person), []);
  });

  test('IDP-38: whoever looks again and again waits, and holds up nobody else', async () => {
    const [person, other] = [await newPerson(), await newPerson()];
    const { browser, visit } = await signIn(person, await refusedOnce(person));
    let slowed: Visit | undefined;
    for (let look = 0; look < 80 && slowed?.status !== 429; look += 1) slowed = await browser.get(visit.url.href);
    assert.deepEqual([slowed?.status, slowed?.headers.get('retry-after')], [429, '10']);
    assert.equal((await signIn(other, await refusedOnce(other))).visit.status, 200);
  });

  test('a decision of a version that is not in force any more is told by that version', async () => {
    const person = await newPerson();
    await publish(parse(access), 2);
    const id = await refusedOnce(person, { policy: { kind: 'access', version: 2 } });
    inForce = compile(parse(access.replace('name: Tracker', 'name: Issues')), 3);
    const { browser, visit } = await signIn(person, id);
    assert.equal(h1(visit), 'Claude Code may not write issues on Tracker for you.');
    const { read } = world.store.policies;
    const reads: number[] = [];
    const counted: typeof read = (kind, version) => {
      reads.push(version);
      return read(kind, version);
    };
    Object.assign(world.store.policies, { read: counted });
    assert.equal(h1(await browser.get(url(id))), 'Claude Code may not write issues on Tracker for you.');
    Object.assign(world.store.policies, { read });
    assert.deepEqual(reads, [], 'it was compiled once');
    const gone = await browser.get(url(await refusedOnce(person, { policy: { kind: 'access', version: 9 } })));
    assert.match(gone.page, /Acme did not let it do this/);
  });

  describe('a call that a gateway here refused', () => {
    interface Chain {
      readonly issuance?: Partial<AuditRecord>;
      readonly redemption?: Partial<AuditRecord> | undefined;
      readonly line?: Partial<AuditRecord>;
    }
    const line = (change: Partial<AuditRecord>) =>
      ({ v: 2, id: eventId('d_'), timeMs: Date.now(), outcome: 'allowed', ...change }) as AuditRecord;
    /** What an agent of this person left behind: let in with what reads, then refused what writes. */
    async function refusedCall(person: Person, chain: Chain = {}): Promise<string> {
      const [idJag, accessToken] = [eventId(), eventId()];
      const policy = { kind: 'access', version: 1 } as const;
      const inputs = {
        groups: person.groups,
        roles: [],
        acr: undefined,
        amr: ['pwd'],
        authTime: seconds(),
        now: seconds(),
      };
      const asked = { client: 'claude-code', server: 'tracker', scopesAsked: ['issues:read'] };
      const grant = { person: person.id, audience: ras, scopesGranted: ['issues:read'], idJag, policy, inputs };
      const decision = { effect: 'allow', because: ['secret-rule'] } as const;
      const issuance = line({ kind: 'issuance', domain: 'idp', ...asked, ...grant, decision, ...chain.issuance });
      const account = { person: 'a_1', client: 'cc', issuer: world.issuer, subject: person.id };
      const redeemed = { scopesGranted: ['issues:read'], idJag, accessToken };
      const redemption = line({ kind: 'redemption', domain: 'ras', ...account, ...redeemed, ...chain.redemption });
      const refused = line({
        kind: 'tool_call',
        domain: 'gateway',
        outcome: 'refused',
        reason: 'tool_scope_missing',
        person: 'a_1',
        client: 'cc',
        server: 'tracker-there',
        accessToken,
        tool: 'create_issue',
        scopesAsked: ['issues:write'],
        policy: { kind: 'resource', version: 1 },
        ...chain.line,
      });
      const records = [issuance, ...('redemption' in chain && !chain.redemption ? [] : [redemption]), refused];
      await world.store.commit({ marks: [], records: records.map(toRow) });
      return refused.id;
    }

    test('is told to the person whose token it was, in the names that they know, and can be asked for', async () => {
      const person = await newPerson();
      const id = await refusedCall(person);
      const { browser, visit } = await signIn(person, id);
      assert.equal(h1(visit), 'Claude Code may not write issues on Tracker for you.');
      assert.match(visit.page, /has not given this to you[\s\S]*What it could do there before works as before/);
      assert.doesNotMatch(visit.page, /tracker-there|create_issue|secret-rule|a_1/);
      await browser.submit(visit, fields);
      const [request] = await requestsOf(person);
      assert.deepEqual([request?.client, request?.server, request?.decision], ['claude-code', 'tracker', id]);
      assert.match((await browser.get(url(id))).page, /You have asked for it/);
    });

    test('is told by its kind', async () => {
      const table: [line: object, title: RegExp, words: RegExp][] = [
        [
          { scopesAsked: ['issues:read'] },
          /has not asked to read issues on Tracker/,
          /Acme gives it to you, and Claude Code came without it/,
        ],
        [
          { reason: 'tool_not_listed', tool: 'drop_all', scopesAsked: undefined },
          /may not use drop_all on Tracker/,
          /Acme does not let agents use it there/,
        ],
        [
          { kind: 'refusal', reason: 'token_revoked', tool: undefined, scopesAsked: undefined },
          /cannot go on with what it had/,
          /was taken back/,
        ],
      ];
      const person = await newPerson();
      const { browser } = await signIn(person, await refusedCall(person));
      for (const [change, title, words] of table) {
        const visit = await browser.get(url(await refusedCall(person, { line: change })));
        assert.match(h1(visit) ?? '', title);
        assert.match(visit.page, words);
        assert.doesNotMatch(visit.page, /Ask for access/);
        // Sent all the same, it asks for nothing.
        await browser.submit(visit, fields).catch(() => undefined);
      }
      assert.deepEqual(await requestsOf(person), []);
    });

    test('what was given when the token was issued and is not any more is told as it is now', async () => {
      const person = await newPerson();
      const { browser } = await signIn(person, await refusedCall(person));
      const id = await refusedCall(person, { line: { scopesAsked: ['issues:read'] } });
      assert.match((await browser.get(url(id))).page, /Acme gives it to you/);
      const rule = / {2}- { id: secret-rule.*\n/;
      inForce = compile(parse(access.replace(rule, '')), 2);
      const gone = (await browser.get(url(id))).page;
      assert.match(gone, /has not given this to you/);
      assert.match(gone, /Ask for access/);
      inForce = compile(parse(`${access}  - { id: no, deny: all, on: tracker, to: [everyone] }\n`), 3);
      const ruledOut = (await browser.get(url(id))).page;
      assert.doesNotMatch(ruledOut, /gives it to you|Then it works/);
      assert.match(ruledOut, /Ask for access/);
      inForce = compile(parse(access.replace('  tracker: {', '  tracker: { enabled: false,')), 4);
      assert.doesNotMatch((await browser.get(url(id))).page, /gives it to you|Then it works|Ask for access/);
    });

    test('of a line that does not say what the token lacked, nothing is guessed; nor is a scope asked for that no rule could give', async () => {
      const person = await newPerson();
      const { browser } = await signIn(person, await refusedCall(person));
      const odd: [line: object, words: RegExp][] = [
        [{ scopesAsked: undefined }, /Acme did not let it do this/],
        [{ reason: 'tool_not_listed', scopesAsked: ['issues:write'] }, /does not let agents use it there/],
      ];
      for (const [change, words] of odd) {
        const id = await refusedCall(person, { line: change });
        const { page } = await browser.get(url(id));
        assert.match(page, words);
        assert.doesNotMatch(page, /Ask for access/);
        assert.equal(await askBehind(world.store, { decision: id, personId: person.id }, world.issuer), undefined);
      }
    });

    test('B: whose it is stands in the line of the ID-JAG, and any link that is missing, foreign or another’s is the end of it', async () => {
      const [person, other] = [await newPerson(), await newPerson()];
      const { browser } = await signIn(person, await refusedCall(person));
      const unknown = await browser.get(url('d_mfx1nothing'));
      const chains: [string, Chain][] = [
        ['of an ID-JAG that another issuer has signed', { redemption: { issuer: 'https://okta.example' } }],
        ['of a token that was given out elsewhere', { redemption: undefined }],
        ['of an ID-JAG that was never issued here', { redemption: { idJag: 'another' } }],
        ['of somebody else', { issuance: { person: other.id } }],
        ['of a line of another domain', { issuance: { domain: 'ras' } }],
        ['of a redemption by another domain', { redemption: { domain: 'gateway' } }],
        ['without a token', { line: { accessToken: undefined } as unknown as Partial<AuditRecord> }],
        ['of another token', { line: { accessToken: eventId() } }],
        ['that was allowed', { line: { outcome: 'allowed', reason: undefined } as unknown as Partial<AuditRecord> }],
        ['that nobody could do anything about', { line: { kind: 'refusal', reason: 'mcp_session_unknown' } }],
        ['that names the person as if it were theirs', { line: { person: person.id }, issuance: { person: other.id } }],
      ];
      for (const [name, chain] of chains) {
        const { status, page } = await browser.get(url(await refusedCall(person, chain)));
        assert.deepEqual([status, page], [404, unknown.page], name);
      }
      const id = await refusedCall(person);
      const { visit } = await signIn(other, id);
      assert.deepEqual([visit.status, visit.page], [404, unknown.page]);
    });

    test('B: a row of the store that is looked up by another token than it says leads nowhere', async () => {
      const person = await newPerson();
      const { browser } = await signIn(person, await refusedCall(person));
      const { findGiven } = world.store.audit;
      const bent: typeof findGiven = async (what, jti) => {
        const row = await findGiven(what, jti);
        return row && { ...row, body: row.body.replace(jti, eventId()) };
      };
      for (const column of ['access_token', 'id_jag']) {
        const id = await refusedCall(person);
        Object.assign(world.store.audit, {
          findGiven: (what: 'access_token' | 'id_jag', jti: string) => (what === column ? bent : findGiven)(what, jti),
        });
        assert.equal((await browser.get(url(id))).status, 404, column);
        Object.assign(world.store.audit, { findGiven });
        assert.equal((await browser.get(url(id))).status, 200);
      }
    });
  });

  test('somebody who was switched off sees nothing of it any more', async () => {
    const person = await newPerson();
    const { browser, visit } = await signIn(person, await refusedOnce(person));
    await world.store.people.save({ ...person, active: false });
    assert.match((await browser.get(visit.url.href)).page, /Sign in to Acme/);
  });
});
