import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { readConfig } from '../packages/server/src/config.ts';
import { createEgress } from '../packages/server/src/egress.ts';
import { Problem } from '../packages/server/src/problem.ts';
import { createDevelopmentTls } from '../packages/server/src/tls/development-ca.ts';
import { openWorld, rasIssuer } from './world.ts';

const folder = mkdtempSync(join(tmpdir(), 'spec-tls-'));
after(() => rmSync(folder, { recursive: true }));

describe('TLS-01: "https for every endpoint, metadata and key URL"', () => {
  const issuers: [yaml: string, isTaken: boolean][] = [
    ['idp: { issuer: "http://id.acme.example" }', false],
    ['ras: { issuer: "http://mcp.acme.example" }', false],
    ['admin: { url: "http://admin.acme.example" }', false],
    ['idp: { issuer: "http://127.0.0.1.acme.example" }', false],
    ['idp: { issuer: "https://id.acme.example" }', true],
    ['idp: { issuer: "http://localhost:4000" }', true],
  ];
  for (const [yaml, isTaken] of issuers) {
    test(`${yaml}: ${isTaken ? 'taken' : 'refused at start'}`, async () => {
      const file = join(folder, 'credence.yaml');
      writeFileSync(file, yaml);
      if (isTaken) assert.ok(await readConfig({}, file));
      else await assert.rejects(readConfig({}, file), Problem);
    });
  }

  test('every URL in the metadata of the RAS', async () => {
    const world = await openWorld();
    const response = await world.raw('ras', new Request(`${rasIssuer}/.well-known/oauth-authorization-server`));
    const metadata = (await response.json()) as Record<string, unknown>;
    const urls = Object.entries(metadata).filter(([name]) => /^issuer$|_uri$|_endpoint$/.test(name));
    assert.ok(urls.length >= 4);
    for (const [name, url] of urls) assert.ok(String(url).startsWith(`${rasIssuer}`), name);
  });

  test('keys and metadata of others are not fetched over http', async () => {
    const egress = createEgress({ internalRanges: ['127.0.0.0/8'], allowLoopback: false, extraCa: [] });
    await assert.rejects(egress.getJson('http://127.0.0.1:9/jwks'), /only https/);
    await assert.rejects(egress.getJson('http://localhost:9/jwks'), /only https/);
    await egress.close();
  });
});

describe('TLS-01: "certificate and host checked"', () => {
  test('read with the right CA and name only', async () => {
    const tls = await createDevelopmentTls(folder);
    const server = createServer({ key: tls.key, cert: tls.cert }, (_, res) => {
      res.setHeader('content-type', 'application/json').end('{"a":1}');
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const ca = readFileSync(tls.caPath, 'utf8');
    const trusting = createEgress({ internalRanges: ['127.0.0.0/8'], allowLoopback: false, extraCa: [ca] });
    const wary = createEgress({ internalRanges: ['127.0.0.0/8'], allowLoopback: false, extraCa: [] });
    try {
      assert.deepEqual(await trusting.getJson(`https://127.0.0.1:${port}/`), { a: 1 });
      await assert.rejects(wary.getJson(`https://127.0.0.1:${port}/`), /certificate/i);
      const foreign = createServer({ key: tls.key, cert: tls.cert }).listen(port, '127.0.0.2');
      await new Promise((resolve) => foreign.once('listening', resolve));
      await assert.rejects(trusting.getJson(`https://127.0.0.2:${port}/`), /altnames/);
      foreign.close();
    } finally {
      await trusting.close();
      await wary.close();
      server.close();
    }
  });
});
