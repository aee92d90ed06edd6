import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { after, before, beforeEach, describe, test } from 'node:test';
import { clientAssertionType, grantType, idJagProfile, mintJws } from '@credence/mcp/protocol';
import { readRecord } from '../packages/server/src/audit/personal.ts';
import type { AuditRecord } from '../packages/server/src/audit/record.ts';
import { createClientWatch } from '../packages/server/src/clients/watch-clients.ts';
import { createEgress } from '../packages/server/src/egress.ts';
import { generatePrivateJwk, type PrivateJwk, toPublicJwk, toSigner } from '../packages/server/src/keys/signer.ts';
import { parsePolicy } from '../packages/server/src/policy/parse.ts';
import { openTestWeb, type TestWeb } from './test-web.ts';
import { type Fields, idpIssuer, openWorld, rasIssuer, refused, type World } from './world.ts';

// Clients that are known by the URL of their metadata document. The documents come from a real https server.

const key = generatePrivateJwk('ES256');
let web: TestWeb;
let url: string;
before(async () => {
  web = await openTestWeb();
  url = `${web.origin}/client.json`;
});
after(() => web.close());
beforeEach(() => {
  web.pages.clear();
  web.asked.length = 0;
});

/** What a client with keys publishes, with changes. */
const keyed = (change: object = {}) => ({
  json: {
    client_id: url,
    token_endpoint_auth_method: 'private_key_jwt',
    redirect_uris: ['https://agent.example/callback'],
    jwks: { keys: [toPublicJwk(key)] },
    ...change,
  },
});
const keyless = (change: object = {}) =>
  keyed({
    token_endpoint_auth_method: 'none',
    jwks: undefined,
    redirect_uris: ['http://localhost/callback'],
    ...change,
  });

interface Options {
  readonly exchange?: boolean;
  readonly public?: boolean;
  readonly egress?: TestWeb['egress'];
  readonly at?: string;
}

/** Both sides know the client by its document (IDP-25: "the shared CIMD URL"). */
function open({ exchange, public: isPublic, egress = web.egress, at = url }: Options = {}): Promise<World> {
  const more = {
    access: `  agent: { metadata: "${at}", client_ids: { ${rasIssuer}: "${at}" }${exchange ? ', exchange: true' : ''} }`,
    resource: `  agent: { metadata: "${at}"${isPublic ? ', public: true' : ''} }`,
    trusted: ['agent'],
    egress,
  };
  return openWorld(undefined, { more });
}

async function assertion(world: World, aud: string, signer: PrivateJwk = key, change: object = {}): Promise<Fields> {
  return {
    client_id: undefined,
    client_secret: undefined,
    client_assertion_type: clientAssertionType,
    client_assertion: await mintJws(
      { alg: 'ES256', kid: signer.kid },
      { iss: url, sub: url, aud, exp: world.now() + 60, jti: crypto.randomUUID(), ...change },
      toSigner(signer).sign,
    ),
  };
}

/** Leg 1 as the client with keys. */
const exchange = async (world: World, signer = key) =>
  world.exchange({ subject_token: await world.idToken({ aud: url }), ...(await assertion(world, idpIssuer, signer)) });
/** Leg 1 and leg 2 by name only. */
const exchangeByName = async (world: World, headers = {}) =>
  world.exchange(
    { subject_token: await world.idToken({ aud: url }), client_id: url, client_secret: undefined },
    headers,
  );
const redeemByName = async (world: World, claims: object = {}, headers = {}) =>
  world.redeem(
    { assertion: await world.idJag({ client_id: url, ...claims }), client_id: url, client_secret: undefined },
    headers,
  );
const alerts = async ({ store }: World) =>
  (await store.audit.read(0, 1000)).map(readRecord).filter(({ kind }) => kind === 'alert');

describe('CIM-01: a client id URL is "https, a path, no fragment, no userinfo, no dot segments"', () => {
  const urls: [name: string, url: string][] = [
    ['B73 http', 'http://agent.example/client.json'],
    ['no path', 'https://agent.example'],
    ['nothing but a slash', 'https://agent.example/'],
    ['B73 a fragment', 'https://agent.example/client.json#x'],
    ['B73 a user', 'https://user@agent.example/client.json'],
    ['B73 an empty user', 'https://@agent.example/client.json'],
    ['B73 a dot segment', 'https://agent.example/a/../client.json'],
    ['B73 an encoded dot segment', 'https://agent.example/a/%2e%2E/client.json'],
    ['a single dot', 'https://agent.example/./client.json'],
    ['a host in capitals', 'https://Agent.example/client.json'],
    ['the default port', 'https://agent.example:443/client.json'],
    ['B73 a decimal address', 'https://2130706433/client.json'],
    ['a backslash', 'https://agent.example\\client.json'],
    ['another scheme', 'ftp://agent.example/client.json'],
  ];
  for (const [name, bad] of urls) {
    test(`${name}: in no document, and unknown to both sides without a connection`, async () => {
      const document = JSON.stringify({ clients: { agent: { metadata: bad } } });
      for (const kind of ['access', 'resource'] as const) {
        const parsed = parsePolicy(document, kind);
        assert.ok(!parsed.ok && parsed.problems.some(({ path }) => path === 'clients.agent.metadata'), kind);
      }
      const world = await open();
      const ask = { client_id: bad, client_secret: undefined };
      await refused(world, await world.exchange(ask), 'client_unknown');
      await refused(world, await world.redeem(ask), 'client_unknown');
      assert.deepEqual(web.asked, []);
    });
  }

  test('CIM-07: a URL that no administrator wrote is nobody, and nothing is fetched', async () => {
    const world = await open();
    const stranger = `${web.origin}/stranger.json`;
    web.pages.set('/stranger.json', keyless({ client_id: stranger }));
    await refused(world, await world.exchange({ client_id: stranger, client_secret: undefined }), 'client_unknown');
    assert.deepEqual(web.asked, []);
  });

  test('the entry of such a client cannot be named by its short id', async () => {
    const world = await open();
    await refused(world, await world.exchange({ client_id: 'agent', client_secret: 'agent-secret' }), 'client_unknown');
  });

  test('CIM-08: no id that is given here begins with https://', () => {
    const parsed = parsePolicy(JSON.stringify({ clients: { 'https://agent.example/c': {} } }), 'access');
    assert.ok(!parsed.ok);
  });
});

describe('CIM-04, B73: no document from a special-use address', () => {
  const strict = createEgress({ internalRanges: [], allowLoopback: false, extraCa: [] });
  after(() => strict.close());
  const hosts = ['169.254.169.254', '10.0.0.1', '[::ffff:a00:1]', '[fd00::1]', 'localhost'];
  for (const host of hosts) {
    test(`${host}: invalid_client, no connection`, async () => {
      const at = `https://${host}${host === 'localhost' ? `:${new URL(url).port}` : ''}/client.json`;
      const world = await open({ egress: strict, at });
      const answer = await world.exchange({ client_id: at, client_secret: undefined });
      await refused(world, answer, 'client_metadata_unavailable');
      assert.deepEqual(web.asked, []);
      assert.match(String(world.fetchFaults), /special-use/);
    });
  }
});

describe('CIM-02, B74: "GET, only 200 counts, redirects not followed, JSON type, limit 5 KB, timeout"', () => {
  const answerWith =
    (status: number, headers: Record<string, string>, body = JSON.stringify(keyed().json)): RequestListener =>
    (_, outgoing) =>
      outgoing.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  const table: [name: string, page: () => RequestListener | { json: object }][] = [
    ['B74 a redirect', () => answerWith(302, { location: '/elsewhere.json' })],
    ['B74 a fault', () => answerWith(500, {})],
    ['another success', () => answerWith(201, {})],
    ['B74 HTML', () => answerWith(200, { 'content-type': 'text/html' })],
    ['B74 more than 5 KiB', () => keyed({ padding: 'x'.repeat(6000) })],
    ['not one JSON object', () => answerWith(200, {}, '[]')],
    ['a member twice', () => answerWith(200, {}, `{"client_id":"${url}","client_id":"${url}"}`)],
    ['CIM-03, B74 another client_id', () => keyed({ client_id: `${url}/` })],
    ['CIM-03 no client_id', () => keyed({ client_id: undefined })],
    ['CIM-05, B74 a secret inside', () => keyed({ client_secret: 'x' })],
    ['CIM-05 when a secret expires', () => keyed({ client_secret_expires_at: 0 })],
    ['CIM-05, B74 client_secret_post', () => keyed({ token_endpoint_auth_method: 'client_secret_post' })],
    ['CIM-05 client_secret_jwt', () => keyed({ token_endpoint_auth_method: 'client_secret_jwt' })],
    ['CIM-05 keys and where to fetch keys', () => keyed({ jwks_uri: `${web.origin}/jwks` })],
    ['CIM-05 no keys', () => keyed({ jwks: undefined })],
    ['CIM-05 a private key', () => keyed({ jwks: { keys: [key] } })],
    ['CIM-05 a private key beside a public one', () => keyed({ jwks: { keys: [toPublicJwk(key), key] } })],
    ['CIM-05 a symmetric key', () => keyed({ jwks: { keys: [{ kty: 'oct', k: 'AAAA' }] } })],
    ['jwks that is no key set', () => keyed({ jwks: [] })],
    ['http for its keys, on localhost', () => keyed({ jwks: undefined, jwks_uri: 'http://localhost/jwks' })],
    ['a user in the URL of its keys', () => keyed({ jwks: undefined, jwks_uri: 'https://u@agent.example/jwks' })],
    ['a grant that is no text', () => keyed({ grant_types: ['authorization_code', 7] })],
    ['http for its keys', () => keyed({ jwks: undefined, jwks_uri: 'http://agent.example/jwks' })],
    ['a redirect URI with a script', () => keyed({ redirect_uris: ['javascript:alert(1)'] })],
    ['redirect URIs that are no list', () => keyed({ redirect_uris: 'https://agent.example/callback' })],
  ];
  for (const [name, page] of table) {
    test(`${name}: invalid_client, and CIM-06: not cached`, async () => {
      const world = await open();
      web.pages.set('/client.json', page());
      await refused(world, await exchange(world), 'client_metadata_unavailable');
      assert.deepEqual(web.asked, ['/client.json']);
      assert.equal(world.fetchFaults.length, 1, 'the operator learns why');
      web.pages.set('/client.json', keyed());
      world.clock.ms += 30_000;
      assert.equal((await exchange(world)).status, 200);
    });
  }

  test('B74 a slow drip: given up after 3 s', { timeout: 8000 }, async () => {
    const world = await open();
    web.pages.set(
      '/client.json',
      (_, outgoing) => void outgoing.writeHead(200, { 'content-type': 'application/json' }).write('{'),
    );
    await refused(world, await exchange(world), 'client_metadata_unavailable');
  });
});

describe('CIM-06: "good ones follow HTTP caching within own bounds; stale only within bounds"', () => {
  const fetches = () => web.asked.filter((path) => path === '/client.json').length;
  const later = (world: World, seconds: number) => {
    world.clock.ms += seconds * 1000;
  };

  test('a document is fetched once, however many ask at once, and serves at once from then on', async () => {
    const world = await open();
    web.pages.set('/client.json', keyed());
    const answers = await Promise.all(Array.from({ length: 5 }, () => exchange(world)));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200, 200, 200],
    );
    assert.equal(fetches(), 1);
  });

  const table: [name: string, headers: Record<string, string>, freshSeconds: number][] = [
    ['nothing said', {}, 300],
    ['max-age', { 'cache-control': 'public, max-age=1000' }, 1000],
    ['max-age, some of it used up on the way', { 'cache-control': 'max-age=1000', age: '400' }, 600],
    ['no-store: our least', { 'cache-control': 'no-store, max-age=1000' }, 60],
    ['Expires', { expires: new Date((1_800_000_000 + 500) * 1000).toUTCString() }, 500],
    ['Expires, unreadable', { expires: '0' }, 60],
  ];
  for (const [name, headers, freshSeconds] of table) {
    test(`${name}: ${freshSeconds} s`, async () => {
      const world = await open();
      web.pages.set('/client.json', { ...keyed(), headers });
      await exchange(world);
      later(world, freshSeconds - 1);
      assert.equal((await exchange(world)).status, 200);
      assert.equal(fetches(), 1);
      later(world, 1);
      assert.equal((await exchange(world)).status, 200);
      assert.equal(fetches(), 2);
    });
  }

  test('while it cannot be had the last good one serves for 600 s more, and then no longer', async () => {
    const world = await open();
    web.pages.set('/client.json', keyed());
    await exchange(world);
    web.pages.clear();
    later(world, 899);
    assert.equal((await exchange(world)).status, 200);
    later(world, 1);
    await refused(world, await exchange(world), 'client_metadata_unavailable');
  });

  test('T16, T27: strangers cannot make us hammer the host: one fetch in 30 s, good or bad', async () => {
    const world = await open();
    for (let n = 0; n < 5; n++) await exchangeByName(world);
    assert.equal(fetches(), 1);
    web.pages.set('/client.json', keyed());
    later(world, 30);
    assert.equal((await exchange(world)).status, 200);
    later(world, 30);
    const guessed = generatePrivateJwk('ES256');
    for (let n = 0; n < 5; n++) await refused(world, await exchange(world, guessed), 'client_assertion_invalid');
    assert.equal(fetches(), 3, 'an unknown kid causes one more');
  });
});

describe('CIM-07, B75: "key or redirect changes raise an alarm"', () => {
  const other = generatePrivateJwk('ES256');
  test('B75 a key that changed since the last fetch: accepted, with an alarm that names client and document', async () => {
    const world = await open();
    web.pages.set('/client.json', keyed());
    await exchange(world);
    assert.deepEqual(await alerts(world), []);
    web.pages.set('/client.json', keyed({ jwks: { keys: [toPublicJwk(other)] } }));
    world.clock.ms += 30_000;
    assert.equal((await exchange(world, other)).status, 200);
    const [alert] = await alerts(world);
    assert.equal(alert?.client, 'agent');
    assert.ok(alert?.detail?.includes(url));
  });

  test('a redirect URI that changed: an alarm; the order of members and keys: none', async () => {
    const world = await open();
    const keys = [toPublicJwk(key), toPublicJwk(other)];
    const document = keyed({ jwks: { keys } }).json;
    const next = async (json: object) => {
      web.pages.set('/client.json', { json });
      await exchange(world);
      world.clock.ms += 300_000;
      return (await alerts(world)).length;
    };
    assert.equal(await next(document), 0);
    const turned = Object.fromEntries(Object.entries({ ...document, jwks: { keys: keys.toReversed() } }).reverse());
    assert.equal(await next(turned), 0);
    assert.equal(await next({ ...document, redirect_uris: ['https://evil.example/callback'] }), 1);
  });

  test('a change between two starts is noticed too', async () => {
    const world = await open();
    web.pages.set('/client.json', keyed());
    await exchange(world);
    web.pages.set('/client.json', keyed({ redirect_uris: ['https://evil.example/callback'] }));
    const more = {
      access: `  agent: { metadata: "${url}", client_ids: { ${rasIssuer}: "${url}" } }`,
      egress: web.egress,
    };
    const restarted = await openWorld(world.store, { more });
    await exchange(restarted);
    assert.equal((await alerts(world)).length, 1);
  });
});

describe('CIM-05, B75: keys behind a jwks_uri', () => {
  const withUri = (jwks_uri: string) => keyed({ jwks: undefined, jwks_uri });

  test('beside the document: fetched, and fetched anew for a kid that is not known', async () => {
    const world = await open();
    web.pages.set('/client.json', withUri(`${web.origin}/jwks`));
    web.pages.set('/jwks', { json: { keys: [toPublicJwk(key)] } });
    assert.equal((await exchange(world)).status, 200);
    assert.equal((await exchange(world)).status, 200);
    const next = generatePrivateJwk('ES256');
    web.pages.set('/jwks', { json: { keys: [toPublicJwk(next)] } });
    await refused(world, await exchange(world, next), 'client_assertion_invalid');
    world.clock.ms += 30_000;
    assert.equal((await exchange(world, next)).status, 200);
    assert.deepEqual(
      web.asked.filter((path) => path === '/jwks'),
      ['/jwks', '/jwks'],
    );
    const raised = await alerts(world);
    assert.deepEqual(
      raised.map(({ client }) => client),
      ['agent'],
      'the alarm names the client, whose policy has no such address',
    );
    assert.ok(raised[0]?.detail?.includes(`the keys of a client at ${web.origin}/jwks`));
  });

  test('CIM-07, B75: of keys that are those of several clients, an alarm for each of them, and of no others', async () => {
    const lines: string[] = [];
    for (const name of ['one', 'two', 'else']) {
      const document = `${web.origin}/${name}.json`;
      const jwks_uri = `${web.origin}/${name === 'else' ? 'other-' : ''}jwks`;
      web.pages.set(`/${name}.json`, keyed({ client_id: document, jwks: undefined, jwks_uri }));
      lines.push(`  ${name}: { metadata: "${document}", exchange: true, client_ids: { ${rasIssuer}: "${document}" } }`);
    }
    lines.push(`  written: { jwks_uri: "${web.origin}/jwks", client_ids: { ${rasIssuer}: written } }`);
    const world = await openWorld(undefined, { more: { access: lines.join('\n'), egress: web.egress } });
    const askAs = async (client: string, by = key) => {
      const subject_token = await world.idToken({ aud: client });
      const fields = await assertion(world, idpIssuer, by, { iss: client, sub: client });
      return world.exchange({ subject_token, ...fields });
    };
    for (const path of ['/jwks', '/other-jwks']) web.pages.set(path, { json: { keys: [toPublicJwk(key)] } });
    for (const name of ['one', 'two', 'else']) {
      assert.equal((await askAs(`${web.origin}/${name}.json`)).status, 200, name);
    }
    const next = generatePrivateJwk('ES256');
    web.pages.set('/jwks', { json: { keys: [toPublicJwk(next)] } });
    world.clock.ms += 30_000;
    assert.equal((await askAs(`${web.origin}/one.json`, next)).status, 200);
    const named = (await alerts(world)).map(({ client }) => client);
    assert.deepEqual(named.toSorted(), ['one', 'two', 'written']);
  });

  test('CIM-07: of a client that the policy does not know any more when they come: an alarm all the same', async () => {
    const { store } = await open();
    const raised: AuditRecord[] = [];
    const append = async (records: readonly AuditRecord[]) => void raised.push(...records);
    const watch = createClientWatch({ store, domain: 'idp', clients: () => [], nowMs: () => 1, append });
    for (const digest of ['one', 'another']) await watch({ what: 'keys', url, saidBy: [], digest });
    assert.deepEqual(
      raised.map(({ kind, client }) => [kind, client]),
      [['alert', undefined]],
    );
  });

  test('B75 at a private address, also one that is open to what the administrator wrote: invalid_client', async () => {
    const inside = createEgress({ internalRanges: ['10.0.0.0/8'], allowLoopback: true, extraCa: [] });
    const egress = { ...web.egress, getJson: inside.getJson };
    const world = await open({ egress });
    web.pages.set('/client.json', withUri('https://10.0.0.1/jwks'));
    await refused(world, await exchange(world), 'client_keys_unavailable');
    assert.match(String(world.fetchFaults), /special-use/);
    await inside.close();
  });

  test('a private key among them: none is used', async () => {
    const world = await open();
    web.pages.set('/client.json', withUri(`${web.origin}/jwks`));
    web.pages.set('/jwks', { json: { keys: [key] } });
    await refused(world, await exchange(world), 'client_keys_unavailable');
  });
});

describe('IDP-02: private_key_jwt of a client in the policy document, keys behind a jwks_uri', () => {
  test('both sides fetch them', async () => {
    const line = `  remote: { jwks_uri: "${web.origin}/jwks"`;
    const more = {
      access: `${line}, client_ids: { ${rasIssuer}: remote } }`,
      resource: `${line} }`,
      trusted: ['remote'],
      egress: web.egress,
    };
    const world = await openWorld(undefined, { more });
    web.pages.set('/jwks', { json: { keys: [toPublicJwk(key)] } });
    const as = { iss: 'remote', sub: 'remote' };
    const subject_token = await world.idToken({ aud: 'remote' });
    const issued = await world.exchange({ subject_token, ...(await assertion(world, idpIssuer, key, as)) });
    assert.equal(issued.status, 200);
    assert.equal(issued.record.client, 'remote');
    const redeemed = await world.redeem({
      assertion: String(issued.body.access_token),
      ...(await assertion(world, rasIssuer, key, as)),
    });
    assert.equal(redeemed.status, 200);
    const byMoreSecret = { client_id: 'remote', client_secret: 'remote-secret' };
    await refused(world, await world.exchange({ ...byMoreSecret }), 'client_method_not_allowed');
    await refused(
      world,
      await world.exchange({ client_id: 'remote', client_secret: undefined }),
      'client_not_authenticated',
    );
  });
});

describe('CIM-09: "check grant_types holds jwt-bearer (and token-exchange at the IdP) when the profile is listed"', () => {
  const listed = { authorization_grant_profiles_supported: [idJagProfile] };
  const { jwtBearer, tokenExchange } = grantType;
  const table: [name: string, members: object, atIdp: boolean, atRas: boolean][] = [
    ['profile not listed', { grant_types: ['authorization_code'] }, true, true],
    ['listed with both', { ...listed, grant_types: [jwtBearer, tokenExchange] }, true, true],
    ['listed, no token-exchange', { ...listed, grant_types: [jwtBearer] }, false, true],
    ['listed, no jwt-bearer', { ...listed, grant_types: [tokenExchange] }, false, false],
    ['listed, no grants named', listed, false, false],
  ];
  for (const [name, members, atIdp, atRas] of table) {
    test(`${name}: ${atIdp ? 'issued' : 'refused'}, ${atRas ? 'redeemed' : 'refused'}`, async () => {
      const world = await open();
      web.pages.set('/client.json', keyed(members));
      const issued = await exchange(world);
      if (atIdp) assert.equal(issued.status, 200);
      else await refused(world, issued, 'client_grant_not_listed');
      const redeemed = await world.redeem({
        assertion: await world.idJag({ client_id: url }),
        ...(await assertion(world, rasIssuer)),
      });
      if (atRas) assert.equal(redeemed.status, 200);
      else await refused(world, redeemed, 'client_grant_not_listed');
    });
  }
});

describe('IDP-25: the shared URL is the client on both sides', () => {
  test('client_id of the ID-JAG and of the access token; the record and the rules name the entry', async () => {
    const world = await open();
    web.pages.set('/client.json', keyed());
    const issued = await exchange(world);
    assert.equal(issued.record.client, 'agent');
    const redeemed = await world.redeem({
      assertion: String(issued.body.access_token),
      ...(await assertion(world, rasIssuer)),
    });
    assert.equal(redeemed.status, 200);
    assert.equal(redeemed.record.client, 'agent');
    const token = String(redeemed.body.access_token);
    const asked = await world.ask('introspect', { token, ...(await assertion(world, rasIssuer)) });
    assert.deepEqual([asked.body.active, asked.body.client_id], [true, url]);
    await world.ask('revoke', { token, ...(await assertion(world, rasIssuer)) });
    const again = await world.ask('introspect', { token, ...(await assertion(world, rasIssuer)) });
    assert.deepEqual(again.body, { active: false });
  });

  test('an assertion about another client is nobody here', async () => {
    const world = await open();
    web.pages.set('/client.json', keyed());
    const as = await assertion(world, idpIssuer, key, { sub: url, iss: 'claude-code' });
    await refused(world, await world.exchange(as), 'client_assertion_invalid');
  });
});

describe('IDP-03, B06: a client whose document names no credentials', () => {
  test('is public at the IdP: refused unless its entry says exchange: true, and then said on the record', async () => {
    const world = await open();
    web.pages.set('/client.json', keyless());
    await refused(world, await exchangeByName(world), 'client_is_public');
    const allowed = await open({ exchange: true });
    const answer = await exchangeByName(allowed);
    assert.equal(answer.status, 200);
    assert.match(String(answer.record.detail), /public client/);
  });

  test('method left out: with keys they are needed, without it is public', async () => {
    const world = await open();
    web.pages.set('/client.json', keyed({ token_endpoint_auth_method: undefined }));
    await refused(world, await exchangeByName(world), 'client_not_authenticated');
    assert.equal((await exchange(world)).status, 200);
    web.pages.set('/client.json', keyless({ token_endpoint_auth_method: undefined }));
    const other = await open();
    await refused(other, await exchangeByName(other), 'client_is_public');
  });
});

describe('RAS-02, A6: "only where an administrator allows it and then only with a DPoP-bound ID-JAG"', () => {
  test('not allowed: invalid_client', async () => {
    const world = await open();
    web.pages.set('/client.json', keyless());
    await refused(world, await redeemByName(world), 'client_public_not_allowed');
  });

  test('allowed: an ID-JAG without a key is refused and not used up; with the key it is redeemed', async () => {
    const world = await open({ exchange: true, public: true });
    web.pages.set('/client.json', keyless());
    const jti = 'once';
    await refused(world, await redeemByName(world, { jti }), 'client_needs_bound_grant');
    await refused(
      world,
      await redeemByName(world, { jti }, { dpop: await world.proof('ras') }),
      'client_needs_bound_grant',
    );
    const issued = await exchangeByName(world, { dpop: await world.proof('idp') });
    const redeem = async () =>
      world.redeem(
        { assertion: String(issued.body.access_token), client_id: url, client_secret: undefined },
        { dpop: await world.proof('ras') },
      );
    const redeemed = await redeem();
    assert.equal(redeemed.status, 200);
    assert.equal(redeemed.body.token_type, 'DPoP');
    await refused(world, await redeem(), 'id_jag_replayed');

    const token = String(redeemed.body.access_token);
    const byName = { token, client_id: url, client_secret: undefined };
    await refused(world, await world.ask('introspect', byName), 'client_not_authenticated');
    assert.equal((await world.ask('revoke', byName)).status, 200);
  });

  test('a switch for a client that has keys opens nothing', async () => {
    const world = await open({ public: true });
    web.pages.set('/client.json', keyed());
    await refused(world, await redeemByName(world), 'client_not_authenticated');
  });
});

describe('RAS-41: "support and advertise"', () => {
  const metadataOf = async (world: World) => {
    const request = new Request(`${rasIssuer}/.well-known/oauth-authorization-server`);
    return (await (await world.raw('ras', request)).json()) as Record<string, unknown>;
  };
  test('client_id_metadata_document_supported; none only where somebody may come without credentials', async () => {
    const metadata = await metadataOf(await open());
    assert.equal(metadata.client_id_metadata_document_supported, true);
    assert.ok(!(metadata.token_endpoint_auth_methods_supported as string[]).includes('none'));
    const other = await metadataOf(await open({ public: true }));
    assert.ok((other.token_endpoint_auth_methods_supported as string[]).includes('none'));
  });
});
