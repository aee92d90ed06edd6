import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseDocument } from 'yaml';
import { serverNamed, userNamed } from '../examples/acme/demo-file.ts';
import { defaultRedirectUri, signIn } from '../examples/acme/sign-in.ts';
import { issueCertificate, makeAuthority, oid } from '../packages/server/src/clients/fixtures/certificates.ts';
import { type Acme, claimsOf, exportAudit, startAcme, suiteScope, temporaryHome } from './harness.ts';

const acmeFolder = new URL('../examples/acme/', import.meta.url);
const authority = makeAuthority('Agents of Acme');
const subject = [
  [oid.organization, 'Acme'],
  [oid.commonName, 'nightly'],
] as const;
const [now] = [Math.floor(Date.now() / 1000)];
const nightly = issueCertificate({ subject, notBefore: now - 60, notAfter: now + 3600 }, authority);
const renewed = issueCertificate({ subject, notBefore: now - 60, notAfter: now + 3600 }, authority);
const stranger = issueCertificate({ subject, notBefore: now - 60, notAfter: now + 3600 });
const thumbprint = new X509Certificate(nightly.cert).fingerprint256.replaceAll(':', '').toLowerCase();

/** A client that authenticates by certificate at both ends, over real TLS, with grants bound to it. */
describe('a client with a certificate, from the sign-in to the tool', () => {
  const scope = suiteScope(after);
  let acme: Acme;
  let ca: string;

  before(async () => {
    const home = await temporaryHome(scope);
    await writeFile(join(home, 'agents-ca.pem'), authority.cert);
    await writeFile(join(home, 'credence.yaml'), 'tls: development\nclientCertificates: { ca: [agents-ca.pem] }\n');
    const tls = { subject_dn: 'CN=nightly,O=Acme', bound: true };
    const access = parseDocument(await readFile(new URL('access.yaml', acmeFolder), 'utf8'));
    access.setIn(['clients', 'nightly'], {
      redirect_uris: [defaultRedirectUri],
      tls,
      client_ids: { local: 'nightly' },
    });
    access.addIn(['rules'], {
      id: 'nightly',
      allow: 'all',
      on: 'everything',
      to: ['group:engineering'],
      through: ['nightly'],
    });
    await writeFile(join(home, 'access.yaml'), String(access));
    const resource = parseDocument(await readFile(new URL('resource.yaml', acmeFolder), 'utf8'));
    resource.setIn(['clients', 'nightly'], { tls });
    resource.addIn(['trust', 'local', 'clients'], 'nightly');
    await writeFile(join(home, 'resource.yaml'), String(resource));
    acme = await startAcme(scope, { home });
    ca = await readFile(join(home, 'tls/ca.pem'), 'utf8');
  });

  /** `fetch` over connections with a certificate, or with none. */
  function fetchAs(identity: { cert: string; key: string } | undefined): typeof fetch {
    const send = async (url: string, { method, headers, body }: RequestInit = {}): Promise<Response> => {
      const { promise, resolve, reject } = Promise.withResolvers<Response>();
      const wire = new Request(url, { method: method ?? 'GET', ...(headers && { headers }), ...(body && { body }) });
      const options = { method: wire.method, headers: Object.fromEntries(wire.headers), ca, ...identity, agent: false };
      const sent = request(url, options, async (answer) => {
        const pairs = answer.rawHeaders.flatMap((name, at, all): [string, string][] =>
          at % 2 === 0 ? [[name, all[at + 1] ?? '']] : [],
        );
        const chunks: Buffer[] = [];
        for await (const chunk of answer) chunks.push(chunk);
        const text = chunks.length > 0 ? Buffer.concat(chunks) : null;
        resolve(new Response(text, { status: answer.statusCode ?? 0, headers: pairs }));
      });
      sent.once('error', reject).end(await wire.text());
      return promise;
    };
    return send as typeof fetch;
  }

  async function post(as: typeof fetch, url: string, form: Record<string, string>) {
    const response = await as(url, {
      method: 'POST',
      body: new URLSearchParams({ client_id: 'nightly', ...form }).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  const issue = (as: typeof fetch, idToken: string) =>
    post(as, `${acme.demo.idp.issuer}/token`, {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      requested_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
      subject_token: idToken,
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      audience: acme.demo.ras.issuer,
      resource: serverNamed(acme.demo, 'everything').resource,
    });
  const redeem = (as: typeof fetch, assertion: string) =>
    post(as, `${acme.demo.ras.issuer}/token`, { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion });
  const list = (as: typeof fetch, token: string) =>
    as(serverNamed(acme.demo, 'everything').resource, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
      }),
    });

  test('gets in with it, and nobody without it, at each of the four doors', async () => {
    const own = fetchAs(nightly);
    const others = { none: fetchAs(undefined), renewed: fetchAs(renewed), stranger: fetchAs(stranger) };
    const { email, password } = userNamed(acme.demo, 'alice');
    const request = {
      issuer: acme.demo.idp.issuer,
      client: { client_id: 'nightly', client_secret: null },
      email,
      password,
    };
    await assert.rejects(signIn({ ...request, fetch: others.none }));
    await assert.rejects(signIn({ ...request, fetch: others.stranger }));
    const { id_token } = await signIn({ ...request, fetch: own });

    for (const as of [others.none, others.stranger])
      assert.equal((await issue(as, id_token)).body.error, 'invalid_client');
    const issued = await issue(own, id_token);
    assert.equal(issued.status, 200, JSON.stringify(issued.body));
    const idJag = String(issued.body.access_token);
    const { 'x5t#S256': bound } = claimsOf(idJag).cnf as Record<string, string>;
    assert.equal(Buffer.from(bound ?? '', 'base64url').toString('hex'), thumbprint);

    for (const as of [others.none, others.stranger])
      assert.equal((await redeem(as, idJag)).body.error, 'invalid_client');
    assert.equal((await redeem(others.renewed, idJag)).body.error, 'invalid_grant');
    const redeemed = await redeem(own, idJag);
    assert.equal(redeemed.status, 200, JSON.stringify(redeemed.body));
    const token = String(redeemed.body.access_token);

    for (const as of Object.values(others)) assert.equal((await list(as, token)).status, 401);
    assert.equal((await list(own, token)).status, 200);

    const asked = await post(own, `${acme.demo.ras.issuer}/introspect`, { token });
    assert.deepEqual(asked.body.cnf, { 'x5t#S256': bound });
  });

  test('the record names the certificate, and why others were refused', async () => {
    const records = await exportAudit(acme.home);
    const reasons = new Set(records.map(({ reason }) => reason));
    for (const reason of [
      'client_certificate_missing',
      'client_certificate_untrusted',
      'id_jag_other_certificate',
      'token_other_certificate',
    ]) {
      assert.ok(reasons.has(reason), reason);
    }
    const issuance = records.find(({ kind }) => kind === 'issuance');
    assert.equal(Buffer.from(String(issuance?.certificateThumbprint), 'base64url').toString('hex'), thumbprint);
  });

  test('a browser without a certificate signs in as before', async () => {
    const response = await fetchAs(undefined)(`${acme.demo.idp.issuer}/.well-known/openid-configuration`);
    assert.equal(response.status, 200);
  });
});
