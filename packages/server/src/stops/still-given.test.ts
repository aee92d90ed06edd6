import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileResource } from '../policy/compile.ts';
import { parsePolicy } from '../policy/parse.ts';
import { marksOf, speakerBehind } from './descent.ts';
import { isStillGiven } from './still-given.ts';

const ras = 'https://mcp.acme.example';
const idp = 'https://id.acme.example';
const url = 'https://c.example/client.json';

function indexOf(trust: string, servers = 'wiki: { scopes: { read: {}, write: {} } }') {
  const text = `servers: { ${servers} }\nclients: { app: {}, chat: { metadata: ${url} } }\ntrust: { ${trust} }\n`;
  const parsed = parsePolicy(text, 'resource');
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return compileResource(parsed.document, { version: 1, issuer: ras, localIdp: idp });
}

const speaks = (more = '') => `keys: discovery, accounts: create, clients: [app, chat]${more}`;
const before = indexOf(`local: { ${speaks()} }`);
const trusted = before.trust.get(idp)?.get(undefined);
assert.ok(trusted);
const token = {
  resource: `${ras}/wiki/mcp`,
  clientId: 'app',
  lineage: marksOf(trusted, 'k1').lineage,
  scopes: ['read', 'write'],
};

describe('what an access token rests on', () => {
  const changes: [name: string, change: Partial<typeof token>, trust: string, given: boolean][] = [
    ['the word of its issuer', {}, `local: { ${speaks()} }`, true],
    ['of an issuer by its URL, and not as local', {}, `"${idp}": { ${speaks()} }`, true],
    ['a client by the URL of its document', { clientId: url }, `local: { ${speaks()} }`, true],
    ['such a client by its name here', { clientId: 'chat' }, `local: { ${speaks()} }`, false],
    ['nobody’s word, as it does not say whose', { lineage: undefined as never }, `local: { ${speaks()} }`, false],
    ['what cannot be read as anybody’s', { lineage: 'x' }, `local: { ${speaks()} }`, false],
    ['another issuer', {}, `"https://other.example": { ${speaks()} }`, false],
    ['its scopes, all of which may be given', {}, `local: { ${speaks(', servers: { wiki: [write, read] }')} }`, true],
    ['its scopes, one of which may not', {}, `local: { ${speaks(', servers: { wiki: [write] }')} }`, false],
    [
      'the scopes that may be given',
      { scopes: ['write'] },
      `local: { ${speaks(', servers: { wiki: [write] }')} }`,
      true,
    ],
    ['a scope that the server has no more, where nothing limits', { scopes: ['gone'] }, `local: { ${speaks()} }`, true],
  ];
  for (const [name, change, trust, given] of changes) {
    test(`${name}: ${given ? 'still given' : 'no longer'}`, () => {
      assert.equal(isStillGiven({ ...token, ...change }, indexOf(trust)), given);
    });
  }

  test('a server that there is', () => {
    const others = 'docs: { scopes: { read: {} } }';
    assert.equal(isStillGiven(token, indexOf(`local: { ${speaks()} }`, others)), false);
    const both = `${others}, wiki: { scopes: { read: {} } }`;
    assert.equal(isStillGiven(token, indexOf(`local: { ${speaks()} }`, both)), true);
    assert.equal(isStillGiven(token, indexOf(`local: { ${speaks(', servers: { docs: all }')} }`, both)), false);
  });

  test('a client that there is, and that its issuer speaks for', () => {
    const index = indexOf(`local: { ${speaks()} }`);
    assert.equal(isStillGiven({ ...token, clientId: 'other' }, index), false);
    assert.equal(isStillGiven(token, indexOf(`local: { ${speaks().replace('app, ', '')} }`)), false);
  });

  test('whose word it is, of issuers and their tenants, is found in each version of the document', () => {
    const many = indexOf(
      `"https://a.example": { ${speaks()} }, "https://b.example": { keys: discovery, tenants: { t: { ${speaks().replace('keys: discovery, ', '')} }, u: { ${speaks().replace('keys: discovery, ', '')} } } }`,
    );
    const all = [...many.trust.values()].flatMap((tenants) => [...tenants.values()]);
    assert.equal(all.length, 3);
    for (const each of all) {
      for (const kid of ['k1', 'k2']) assert.equal(speakerBehind(marksOf(each, kid).lineage, many.trust), each);
      assert.equal(speakerBehind(marksOf(each, 'k1').lineage, before.trust), undefined);
    }
  });

  test('and worked out once for each version: it is asked for every call of a tool', () => {
    let readings = 0;
    const trust = new Map(before.trust);
    trust.values = () => {
      readings += 1;
      return before.trust.values();
    };
    for (let n = 0; n < 3; n++) assert.equal(speakerBehind(token.lineage, trust), trusted);
    assert.equal(readings, 1);
  });
});
