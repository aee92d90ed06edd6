import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { readConfig, readPlaces } from './config.ts';
import { isDevelopment } from './config-check.ts';
import type { ServeFlags } from './config-text.ts';
import { Problem } from './problem.ts';

const dir = await mkdtemp(join(tmpdir(), 'credence-config-'));
after(() => rm(dir, { recursive: true }));
const file = join(dir, 'credence.yaml');
const withFile = async (text: string, flags: ServeFlags = {}) => {
  await writeFile(file, text);
  return readConfig(flags, file);
};

describe('configuration', () => {
  test('nothing given: everything on localhost', async () => {
    const config = await readConfig({}, join(dir, 'missing.yaml'));
    assert.equal(config.idp.issuer, 'http://localhost:4000');
    assert.equal(config.ras.issuer, 'http://localhost:4001');
    assert.deepEqual([...config.roles], ['idp', 'ras', 'gateway', 'admin']);
  });

  test('flags win over the file; issuers follow the port and --tls', async () => {
    const config = await withFile('idp: { port: 5000 }\nroles: [idp]', {
      idpPort: '6000',
      tls: true,
      role: ['idp', 'admin'],
    });
    assert.equal(config.idp.issuer, 'https://localhost:6000');
    assert.deepEqual([...config.roles], ['idp', 'admin']);
  });

  test('client certificates: paths beside the file, the header in small letters', async () => {
    const text = 'clientCertificates: { ca: [ca.pem], header: Client-Cert }\nproxy: { trusted: [10.0.0.1] }';
    const { clientCertificates } = await withFile(text);
    assert.deepEqual(clientCertificates, { ca: [join(dir, 'ca.pem')], header: 'client-cert' });
    assert.equal((await withFile('')).clientCertificates, undefined);
  });

  test('a store in PostgreSQL and keys that nodes share: files lie beside the file, also for commands', async () => {
    const text =
      'store: { url: postgres://c@db.acme.example/c, passwordFile: pw }\nkeys: { folder: shared-keys, auditFolder: sealing, digestFolder: digest }';
    const { store, keys } = await withFile(text);
    assert.deepEqual([store?.host, store?.passwordFile], ['db.acme.example', join(dir, 'pw')]);
    assert.equal(keys.folder, join(dir, 'shared-keys'));
    // A command reads where the store is, whatever else stands there.
    await writeFile(file, `${text}\nhost: 7`);
    assert.deepEqual(await readPlaces(undefined, file), {
      store,
      keyFolders: {
        folder: join(dir, 'shared-keys'),
        auditFolder: join(dir, 'sealing'),
        digestFolder: join(dir, 'digest'),
      },
    });
    await assert.rejects(withFile('store: postgres://c:secret@db/c'), (problem: Problem) => {
      assert.match(problem.message, /store\.url: must not hold the password/);
      return !problem.message.includes('secret@');
    });
    const { store: inTheHome, keys: own } = await withFile('');
    assert.deepEqual([inTheHome, own.folder], [undefined, undefined]);
    assert.deepEqual(await readPlaces(undefined, file), {
      store: undefined,
      keyFolders: { folder: undefined, auditFolder: undefined, digestFolder: undefined },
    });
    await assert.rejects(readPlaces(join(dir, 'nowhere.yaml'), file), /Cannot read the configuration/);
  });

  test('revocations for a gateway: secrets beside the file, ten seconds of silence, refused then', async () => {
    const of = async (text: string) => (await withFile(`gateway: { revocations: ${text} }`)).gatewayRevocations;
    assert.deepEqual(await of('{ secretFiles: { files: files.secret } }'), {
      secretFiles: { files: join(dir, 'files.secret') },
      deafSeconds: 10,
      whenDeaf: 'refuse',
    });
    assert.deepEqual(await of('{}'), { secretFiles: {}, deafSeconds: 10, whenDeaf: 'refuse' });
    assert.equal((await withFile('')).gatewayRevocations, undefined);
    await assert.rejects(of('{ deafSeconds: 4 }'), /gateway\.revocations\.deafSeconds: 5 to 60/);
    await assert.rejects(of('{ deafSeconds: 61 }'), /gateway\.revocations\.deafSeconds: 5 to 60/);
    await assert.rejects(of('{ whenDeaf: ignore }'), /gateway\.revocations\.whenDeaf: must be refuse or accept/);
    await assert.rejects(of('{ secrets: { files: s } }'), /secrets/);
  });

  test('a gateway apart from the identity provider is not said to be explained by one that cannot read its record', async () => {
    assert.equal((await withFile('')).gatewayExplains, false);
    assert.equal((await withFile('gateway: { explains: true }')).gatewayExplains, true);
    await assert.rejects(
      withFile('{ roles: [gateway], gateway: { explains: true } }'),
      /gateway\.explains: .* under store/,
    );
    const shared = 'store: { url: "postgres://credence@localhost/credence" }';
    const { gatewayExplains } = await withFile(`{ roles: [gateway], gateway: { explains: true }, ${shared} }`);
    assert.equal(gatewayExplains, true);
  });

  test('metrics: nowhere unless asked for, on loopback unless something else keeps strangers away', async () => {
    assert.equal((await withFile('')).metrics, undefined);
    const { metrics } = await withFile('', { metricsPort: '9464' });
    assert.deepEqual([metrics?.host, metrics?.port], ['localhost', 9464]);
    assert.equal((await withFile('metrics: { port: 1 }', { metricsPort: '2' })).metrics?.port, 2);
    for (const host of ['0.0.0.0', '"::"', '10.0.0.7', 'node.acme.example']) {
      await assert.rejects(
        withFile(`metrics: { port: 9464, host: ${host} }`),
        /metrics\.host: .* set metrics\.exposed: true/,
      );
    }
    assert.equal((await withFile('metrics: { port: 9464, host: 0.0.0.0, exposed: true }')).metrics?.host, '0.0.0.0');
    assert.equal((await withFile('metrics: { port: 9464, host: "::1" }')).metrics?.host, '::1');
    await assert.rejects(withFile('metrics: { host: localhost }'), /metrics\.port/);
  });

  test('the log: information as JSON, no requests; flags win', async () => {
    assert.deepEqual((await withFile('')).log, { level: 'info', format: 'json', requests: false });
    const { log } = await withFile('log: { level: warn, requests: true }', { logLevel: 'debug', logFormat: 'text' });
    assert.deepEqual(log, { level: 'debug', format: 'text', requests: true });
    await assert.rejects(withFile('log: { level: loud }'), /log\.level: must be one of error, warn, info, debug/);
    await assert.rejects(withFile('', { logFormat: 'xml' }), /log\.format: must be json or text/);
  });

  test('a node that is told to stop stops at once, or says so for five minutes at most', async () => {
    assert.equal((await withFile('')).drainSeconds, 0);
    assert.equal((await withFile('drainSeconds: 300')).drainSeconds, 300);
    await assert.rejects(withFile('drainSeconds: 301'), /drainSeconds: 0 to 300/);
    await assert.rejects(withFile('drainSeconds: -1'), /drainSeconds: 0 to 300/);
  });

  test('SIG-05: an access token lives 600 seconds unless set, and an hour at most', async () => {
    assert.equal((await withFile('')).ras.accessTokenSeconds, 600);
    assert.equal((await withFile('ras: { accessTokenSeconds: 300 }')).ras.accessTokenSeconds, 300);
    await assert.rejects(withFile('ras: { accessTokenSeconds: 3601 }'), /ras\.accessTokenSeconds/);
  });

  test('a decision point: https, its token beside the file, 200 ms', async () => {
    const of = async (words: string) => (await withFile(`decisionPoint: { ${words} }`)).decisionPoint;
    const url = 'https://pdp.acme.example/access/v1/evaluations';
    assert.deepEqual(await of(`url: "${url}"`), { url, tokenFile: undefined, timeoutMs: 200 });
    assert.deepEqual(await of(`url: "${url}", tokenFile: pdp, timeoutMs: 50`), {
      url,
      tokenFile: join(dir, 'pdp'),
      timeoutMs: 50,
    });
    await assert.rejects(of('url: "http://pdp.acme.example"'), /decisionPoint\.url: must be an https URL/);
    const local = 'http://localhost:8181/e';
    assert.equal((await of(`url: "${local}"`))?.url, local, 'for development');
    await assert.rejects(of(`url: "${url}", timeoutMs: 5000`), /decisionPoint\.timeoutMs/);
  });

  test('TLS-01, CIM-04: loopback is reached for development only, where none of our origins is elsewhere', async () => {
    const isSo = async (text: string) => isDevelopment(await withFile(text));
    assert.equal(await isSo(''), true);
    assert.equal(
      await isSo('idp: { issuer: "https://localhost:4000" }\nras: { issuer: "http://127.0.0.1:4001" }'),
      true,
    );
    // An IdP towards the authorization servers of others has no ras.issuer; any other part of an installation may go without the rest.
    assert.equal(await isSo('roles: [idp]\nidp: { issuer: "https://id.acme.example" }'), false);
    assert.equal(await isSo('roles: [ras]\nras: { issuer: "https://mcp.acme.example" }'), false);
    assert.equal(await isSo('roles: [admin]\nadmin: { url: "https://admin.acme.example" }'), false);
    assert.equal(await isSo('roles: [admin]\nidp: { issuer: "https://id.acme.example" }'), false);
    await assert.rejects(
      isSo('idp: { issuer: "https://id.acme.example" }\ndecisionPoint: { url: "http://localhost:8181/e" }'),
      /decisionPoint\.url: .* must be https/,
    );
  });

  test('a token: paths beside the file, labels by purpose', async () => {
    const text = 'keys: { idToken: EdDSA, pkcs11: { module: m.so, token: t, pinFile: pin, labels: { idJag: a } } }';
    assert.deepEqual((await withFile(text)).keys.pkcs11, {
      module: join(dir, 'm.so'),
      token: 't',
      pinFile: join(dir, 'pin'),
      driver: undefined,
      labels: { id_jag: 'a' },
    });
  });

  test('upstreams of the sign-in: their secrets lie beside the file, a mistake is named with its path', async () => {
    const entry = 'issuer: "https://idp.acme.example", client_id: c, client_secret_file: okta.secret';
    const config = await withFile(`sign_in: { upstream: { okta: { ${entry} } } }\nidp: { sessionIdleSeconds: 900 }`);
    assert.equal(config.signIn.upstream.okta?.client_secret_file, join(dir, 'okta.secret'));
    assert.equal(config.idp.sessionIdleSeconds, 900);
    await assert.rejects(withFile('sign_in: { upstream: { okta: { client_id: c } } }'), (problem: Problem) =>
      /sign_in\.upstream\.okta\.client_secret_file: needs either/.test(problem.message),
    );
  });

  test('what clients are told of a bad subject token is one of two words', async () => {
    assert.equal((await withFile('')).idp.badSubjectToken, 'invalid_grant');
    const { idp } = await withFile('idp: { badSubjectToken: invalid_request }');
    assert.equal(idp.badSubjectToken, 'invalid_request');
    await assert.rejects(withFile('idp: { badSubjectToken: invalid_client }'), (problem: Problem) =>
      /idp\.badSubjectToken: must be invalid_grant or invalid_request/.test(problem.message),
    );
  });

  test('how long a new key waits: on localhost anything, elsewhere five minutes or more', async () => {
    assert.equal((await withFile('')).keys.publishWaitSeconds, 600);
    assert.equal((await withFile('keys: { publishWaitSeconds: 1 }')).keys.publishWaitSeconds, 1);
    const shortest = 'ras: { issuer: "https://mcp.acme.example" }\nkeys: { publishWaitSeconds: 300 }';
    assert.equal((await withFile(shortest)).keys.publishWaitSeconds, 300);
  });

  test('every problem is reported together, with its path', async () => {
    const text = 'idp: { port: 70000, issuer: "https://id.example/" }\nroels: [idp]\nskewSeconds: 600';
    await assert.rejects(withFile(text), (problem: Problem) => {
      assert.ok(problem instanceof Problem);
      for (const part of ['idp.port', 'idp.issuer', 'roels', 'skewSeconds'])
        assert.match(problem.message, new RegExp(part));
      return true;
    });
  });

  const refused: [name: string, text: string, flags: ServeFlags, message: RegExp][] = [
    ['a port that is none', '', { idpPort: 'many' }, /idp\.port/],
    ['any free port in the file, which no issuer could name', 'idp: { port: 0 }', {}, /idp\.port/],
    ['an unknown role', '', { role: ['boss'] }, /roles\.0/],
    ['a demo open to the network', '', { demo: true, host: '0.0.0.0' }, /loopback only/],
    ['clear http on the network (TLS-02)', '', { host: '0.0.0.0' }, /without TLS/],
    ['clear http on the network, an IdP alone', 'roles: [idp]', { host: '0.0.0.0' }, /idp\.issuer: served without TLS/],
    ['clear http on the network, a RAS alone', 'roles: [ras]', { host: '0.0.0.0' }, /ras\.issuer: served without TLS/],
    [
      'clear http on the network, a gateway alone',
      'roles: [gateway]',
      { host: '0.0.0.0' },
      /ras\.issuer: served without TLS/,
    ],
    [
      'clear http on the network, a console alone',
      'roles: [admin]',
      { host: '0.0.0.0' },
      /admin\.url: served without TLS/,
    ],
    [
      'keys that would sign before every verifier can know them (KEY-03)',
      'idp: { issuer: "https://id.acme.example" }\nkeys: { publishWaitSeconds: 299 }',
      {},
      /publishWaitSeconds: verifiers may keep/,
    ],
    [
      'certificates that cannot arrive',
      'clientCertificates: { ca: [ca.pem] }',
      {},
      /clientCertificates: none can arrive; set tls/,
    ],
    [
      'a header of certificates that anybody could send (TLS-02)',
      'clientCertificates: { ca: [ca.pem], header: Client-Cert }\ntls: development',
      {},
      /clientCertificates\.header: nobody is believed/,
    ],
    ['certificates of no authority', 'clientCertificates: { ca: [] }', { tls: true }, /clientCertificates\.ca/],
    [
      'an algorithm that no token makes',
      'keys: { idJag: Ed25519, pkcs11: { module: m.so, token: t, pinFile: pin, labels: { idJag: a } } }',
      {},
      /a token signs with ES256, RS256 or PS256, not with Ed25519 \(id_jag\)/,
    ],
    [
      'one label for two purposes (KEY-01)',
      'keys: { pkcs11: { module: m.so, token: t, pinFile: pin, labels: { idJag: a, accessToken: a } } }',
      {},
      /each purpose needs a label of its own/,
    ],
    [
      'a token for no purpose',
      'keys: { pkcs11: { module: m.so, token: t, pinFile: pin, labels: {} } }',
      {},
      /keys\.pkcs11\.labels: must name idToken/,
    ],
    ['an http issuer that is not localhost', 'idp: { issuer: "http://id.acme.example" }', {}, /must be https/],
    [
      'one issuer for both domains (IDP-34)',
      'idp: { issuer: "https://a.example" }\nras: { issuer: "https://a.example" }',
      {},
      /the same/,
    ],
    [
      'a decision point in clear on this machine, for people elsewhere',
      'idp: { issuer: "https://id.example" }\nras: { issuer: "https://a.example" }\ndecisionPoint: { url: "http://localhost:8181/e" }',
      {},
      /decisionPoint\.url: http:\/\/localhost:8181\/e must be https/,
    ],
    [
      'a witness, or a receiver of the record, in clear',
      'ras: { issuer: "https://a.example" }\naudit: { witness: { url: "http://127.0.0.1:9/w" } }\nexports: [{ name: siem, kind: webhook, url: "http://localhost:9/x", secretFile: s }]',
      {},
      /audit\.witness\.url: .* must be https.*\n.*exports\.siem\.url: .* must be https/,
    ],
    ['a witness elsewhere in clear', 'audit: { witness: { url: "http://w.example/" } }', {}, /must be an https URL/],
    ['broken YAML', 'idp: {', {}, /not valid YAML.*line 1/s],
    ['a list at the top', '- a', {}, /mapping at the top/],
    ['a config that is not there', '', { config: join(dir, 'nowhere.yaml') }, /no such file/],
    ['a config that is a folder', '', { config: dir }, /it is a folder/],
    ['a proxy that is no address', 'proxy: { trusted: [anyone] }', {}, /proxy\.trusted\.0/],
  ];
  for (const [name, text, flags, message] of refused) {
    test(`${name}: refused`, () => assert.rejects(withFile(text, flags), message));
  }

  test('behind a trusted proxy clear http is fine', async () => {
    const text =
      'host: 0.0.0.0\nproxy: { trusted: [10.0.0.0/8] }\nidp: { issuer: "https://a.example" }\nras: { issuer: "https://b.example" }\nadmin: { url: "https://c.example" }';
    assert.equal((await withFile(text)).idp.issuer, 'https://a.example');
  });
});
