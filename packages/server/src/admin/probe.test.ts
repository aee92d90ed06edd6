import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { JsonObject } from '@credence/mcp/protocol';
import { createEgress, EgressRefused } from '../egress.ts';
import { type Probed, probeServer } from './probe.ts';

const url = 'https://mcp.vendor.example/mcp';
const issuer = 'https://auth.vendor.example';
const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const profile = 'urn:ietf:params:oauth:grant-profile:id-jag';
const prm = 'https://mcp.vendor.example/.well-known/oauth-protected-resource/mcp';
const asm = `${issuer}/.well-known/oauth-authorization-server`;
const resource = { resource: url, authorization_servers: [issuer], scopes_supported: ['read', 'write'] };
const server = {
  issuer,
  token_endpoint: `${issuer}/token`,
  grant_types_supported: [jwtBearer],
  authorization_grant_profiles_supported: [profile],
  revocation_endpoint: `${issuer}/revoke`,
};

/** A world of documents by URL; whatever is not in it does not answer. */
function worldOf(documents: Record<string, JsonObject | Error>) {
  const asked: [url: string, publicOnly: boolean | undefined, maxBytes: number | undefined][] = [];
  const getJson = async (of: string, limits?: { publicOnly?: boolean; maxBytes?: number }) => {
    asked.push([of, limits?.publicOnly, limits?.maxBytes]);
    const found = documents[of];
    if (found === undefined) throw new Error('connect ECONNREFUSED 10.0.0.7:443');
    if (found instanceof Error) throw found;
    return found;
  };
  return { egress: { getJson }, asked };
}

const verdicts = ({ findings, authorizationServers }: Probed) =>
  Object.fromEntries(
    [...findings, ...authorizationServers.flatMap((each) => each.findings)].map(({ about, verdict }) => [
      about,
      verdict,
    ]),
  );

describe('the probe of a server', () => {
  test('says of one that takes ID-JAGs that it does, and where it was seen', async () => {
    const { egress } = worldOf({ [prm]: resource, [asm]: server });
    const found = await probeServer(egress, { url });
    assert.deepEqual(verdicts(found), {
      resource_metadata: 'good',
      resource_matches: 'good',
      authorization_server: 'good',
      issuer_matches: 'good',
      token_endpoint: 'good',
      jwt_bearer: 'good',
      id_jag_profile: 'good',
      revocation: 'good',
    });
    const [as] = found.authorizationServers;
    assert.deepEqual([as?.takesIdJags, as?.metadata, as?.tokenEndpoint], [true, asm, `${issuer}/token`]);
    assert.deepEqual(found.scopes, ['read', 'write']);
  });

  type Row = [name: string, resource: JsonObject, server: JsonObject | undefined, about: string, verdict: string];
  const table: Row[] = [
    ['another name for itself', { ...resource, resource: `${url}/` }, server, 'resource_matches', 'bad'],
    ['no name for itself', { ...resource, resource: undefined as never }, server, 'resource_matches', 'bad'],
    ['no authorization server', { resource: url }, server, 'authorization_server', 'bad'],
    ['no metadata there', resource, undefined, 'authorization_server', 'unknown'],
    ['another issuer there', resource, { ...server, issuer: `${issuer}/` }, 'issuer_matches', 'bad'],
    ['no token endpoint', resource, { ...server, token_endpoint: 7 }, 'token_endpoint', 'bad'],
    ['no jwt-bearer', resource, { ...server, grant_types_supported: ['refresh_token'] }, 'jwt_bearer', 'bad'],
    ['no grants at all', resource, { ...server, grant_types_supported: 'all' }, 'jwt_bearer', 'bad'],
    ['no profile', resource, { ...server, authorization_grant_profiles_supported: [] }, 'id_jag_profile', 'unknown'],
    ['no revocation', resource, { ...server, revocation_endpoint: undefined as never }, 'revocation', 'unknown'],
  ];
  for (const [name, ofResource, ofServer, about, verdict] of table) {
    test(`${name}: ${about} is ${verdict}`, async () => {
      const { egress } = worldOf({ [prm]: ofResource, ...(ofServer && { [asm]: ofServer }) });
      assert.equal(verdicts(await probeServer(egress, { url }))[about], verdict);
    });
  }

  test('whether ID-JAGs are taken is unknown where there was nothing to read, and no where jwt-bearer is missing', async () => {
    const nothing = await probeServer(worldOf({ [prm]: resource }).egress, { url });
    assert.equal(nothing.authorizationServers[0]?.takesIdJags, null);
    for (const lacking of [{ grant_types_supported: [] }, { token_endpoint: '' }]) {
      const { egress } = worldOf({ [prm]: resource, [asm]: { ...server, ...lacking } });
      assert.equal((await probeServer(egress, { url })).authorizationServers[0]?.takesIdJags, false);
    }
  });

  test('says each thing once, with what it saw', async () => {
    const wordsOf = async (ofResource: JsonObject, ofServer: JsonObject) => {
      const found = await probeServer(worldOf({ [prm]: ofResource, [asm]: ofServer }).egress, { url });
      return [...found.findings, ...found.authorizationServers.flatMap((each) => each.findings)];
    };
    const good = await wordsOf(resource, server);
    assert.equal(good.length, 8, 'nothing is said twice');
    const evidence = (list: typeof good, about: string) => list.find((each) => each.about === about)?.evidence;
    assert.equal(evidence(good, 'jwt_bearer'), jwtBearer);
    const other = { ...server, grant_types_supported: ['a', 'b'], authorization_grant_profiles_supported: ['p'] };
    const bad = await wordsOf({ ...resource, resource: 'https://other.example/' }, other);
    assert.equal(evidence(bad, 'jwt_bearer'), 'a b');
    assert.equal(evidence(bad, 'id_jag_profile'), 'p');
    assert.match(bad.find(({ about }) => about === 'resource_matches')?.words ?? '', /another URL/);
    const bare = await wordsOf(
      { authorization_servers: [issuer] },
      { issuer, token_endpoint: `${issuer}/token`, scopes_supported: ['s'.repeat(300), 's'.repeat(301)] },
    );
    assert.match(bare.find(({ about }) => about === 'resource_matches')?.words ?? '', /does not name itself/);
    assert.equal(evidence(bare, 'jwt_bearer'), null);
    assert.equal(evidence(bare, 'id_jag_profile'), null);
    const long = { ...server, scopes_supported: ['s'.repeat(300), 's'.repeat(301)] };
    const found = await probeServer(worldOf({ [prm]: resource, [asm]: long }).egress, { url });
    assert.deepEqual(found.authorizationServers[0]?.scopes, ['s'.repeat(300)]);
  });

  test('what is no URL is asked for nowhere, and said to be none', async () => {
    const { egress, asked } = worldOf({ [prm]: { ...resource, authorization_servers: ['nowhere'] } });
    const found = await probeServer(egress, { url });
    assert.equal(found.authorizationServers[0]?.findings[0]?.words, 'No metadata: that is no URL.');
    assert.equal(asked.length, 1);
    const typed = await probeServer(egress, { url: 'nowhere' });
    assert.equal(typed.findings[0]?.words, 'No protected-resource metadata: that is no URL.');
  });

  test('looks where others publish too: at the root, and as OpenID Connect does', async () => {
    const root = 'https://mcp.vendor.example/.well-known/oauth-protected-resource';
    const tenant = `${issuer}/t1`;
    const { egress } = worldOf({
      [root]: { ...resource, authorization_servers: [tenant] },
      [`${tenant}/.well-known/openid-configuration`]: { ...server, issuer: tenant },
    });
    const found = await probeServer(egress, { url });
    assert.equal(found.findings[0]?.evidence, root);
    assert.equal(found.authorizationServers[0]?.metadata, `${tenant}/.well-known/openid-configuration`);
  });

  test('an administrator may name the authorization server', async () => {
    const { egress, asked } = worldOf({
      [prm]: resource,
      'https://as.example/.well-known/openid-configuration': server,
    });
    const found = await probeServer(egress, { url, issuer: 'https://as.example' });
    assert.deepEqual(
      found.authorizationServers.map((each) => each.issuer),
      ['https://as.example'],
    );
    assert.ok(asked.every(([, publicOnly]) => publicOnly === false));
  });
});

describe('T17: the probe is no way into the network', () => {
  test('where a stranger points to is public, unless it is where the administrator has pointed to', async () => {
    const beside = { ...resource, authorization_servers: ['https://mcp.vendor.example', 'https://10.0.0.7'] };
    const { egress, asked } = worldOf({ [prm]: beside });
    await probeServer(egress, { url });
    for (const [of, publicOnly] of asked) {
      assert.equal(publicOnly, of.startsWith('https://10.0.0.7'), of);
    }
  });

  test('asks for little, and of few', async () => {
    const many = {
      ...resource,
      authorization_servers: Array.from({ length: 50 }, (_, at) => `https://as${at}.example`),
    };
    const { egress, asked } = worldOf({ [prm]: many });
    await probeServer(egress, { url });
    assert.ok(asked.length <= 6, `${asked.length} requests`);
    assert.ok(asked.every(([, , maxBytes]) => maxBytes === 64 * 1024));
  });

  test('tells why it was not allowed to ask, and nothing of what a network said', async () => {
    const refused = new EgressRefused('10.0.0.7 is a special-use address');
    const { egress } = worldOf({
      [prm]: refused,
      'https://mcp.vendor.example/.well-known/oauth-protected-resource': refused,
    });
    assert.match((await probeServer(egress, { url })).findings[0]?.words ?? '', /special-use/);
    const silent = await probeServer(worldOf({}).egress, { url });
    assert.equal(silent.findings[0]?.words, 'No protected-resource metadata: there was no answer.');
  });

  test('what a stranger says is cut down to short lines of text', async () => {
    const odd = {
      ...resource,
      resource: 'x'.repeat(301),
      resource_name: 'Linear\u202e',
      scopes_supported: ['ok', 7, 'a\nb', '', ...Array.from({ length: 200 }, (_, at) => `s${at}`)],
    } as unknown as JsonObject;
    const found = await probeServer(worldOf({ [prm]: odd }).egress, { url });
    assert.deepEqual([found.resource, found.name], [null, null]);
    assert.deepEqual(found.scopes.slice(0, 2), ['ok', 's0']);
    assert.ok(found.scopes.length <= 100);
  });

  const strict = createEgress({ internalRanges: [], allowLoopback: false, extraCa: [] });
  after(() => strict.close());
  for (const inside of [
    'https://169.254.169.254/',
    'https://10.1.2.3/mcp',
    'https://[fd00::1]/',
    'http://example.com/',
  ]) {
    test(`${inside} is not asked`, async () => {
      const found = await probeServer(strict, { url: inside });
      assert.match(found.findings[0]?.words ?? '', /special-use|only https/);
    });
  }
});
