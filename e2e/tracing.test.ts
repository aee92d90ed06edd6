import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { clientNamed, serverNamed } from '../examples/acme/demo-file.ts';
import { agentOf, claimsOf, exportAudit, secretOf, startAcme, temporaryHome, tokenOf } from './harness.ts';

interface Written {
  readonly name: string;
  readonly traceId: string;
  readonly parent?: string;
  readonly attributes: Record<string, unknown>;
}

const sdk = fileURLToPath(new URL('otel.mjs', import.meta.url));
const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceparent = `00-${trace}-00f067aa0ba902b7-01`;

async function post(url: string, body: string | URLSearchParams, headers: Record<string, string> = {}) {
  const response = await fetch(url, { method: 'POST', body, headers: { traceparent, ...headers } });
  const isJson = response.headers.get('content-type')?.includes('json');
  const text = await response.text();
  return { status: response.status, body: (isJson ? JSON.parse(text) : {}) as Record<string, unknown> };
}

describe('OpenTelemetry, registered by --import', () => {
  for (const workers of ['1', '2']) {
    test(`one trace through both legs and the gateway, and on the record; ${workers} worker(s)`, async (t) => {
      const home = await temporaryHome(t);
      const spansFile = join(dirname(home), 'spans.jsonl');
      const env = { ...process.env, NODE_OPTIONS: `--import=${sdk}`, SPANS_FILE: spansFile };
      const acme = await startAcme(t, { home, env, extraFlags: ['--workers', workers], timeoutMs: 60_000 });
      const { demo } = acme;
      const server = serverNamed(demo, 'everything');
      const { idToken } = await agentOf(demo, 'alice');
      const { idp, ras } = clientNamed(demo, 'claude-code');
      const exchange = new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        requested_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
        subject_token: idToken,
        subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
        audience: demo.ras.issuer,
        resource: server.resource,
        ...secretOf(idp),
      });
      const jag = tokenOf(await post(`${demo.idp.issuer}/token`, exchange));
      const redemption = () =>
        new URLSearchParams({
          grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
          assertion: jag,
          ...secretOf(ras),
        });
      const token = tokenOf(await post(`${demo.ras.issuer}/token`, redemption()));
      assert.equal((await post(`${demo.ras.issuer}/token`, redemption())).status, 400);
      const hello = {
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
      };
      const headers = {
        authorization: `Bearer ${token}`,
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
      };
      assert.equal((await post(server.resource, JSON.stringify(hello), headers)).status, 200);
      await acme.server.stop();

      const text = await readFile(spansFile, 'utf8');
      const spans = text
        .trim()
        .split('\n')
        .map((line): Written => JSON.parse(line));
      const ours = spans.filter(({ traceId }) => traceId === trace);
      const names = ours.map(({ name }) => name);
      assert.deepEqual(names.toSorted(), [
        'credence call',
        'credence exchange',
        'credence redeem',
        'credence redeem',
        'mcp everything',
      ]);
      const [issued, refused] = [ours[0], ours.find(({ attributes }) => attributes['credence.reason'])];
      assert.equal(issued?.parent, '00f067aa0ba902b7');
      assert.equal(refused?.attributes['credence.reason'], 'id_jag_replayed');

      // The decision id leads to the record, which has the trace and knows who it was; the spans do not.
      const record = await exportAudit(acme.home);
      const line = record.find(({ id }) => id === issued?.attributes['credence.decision']);
      assert.deepEqual([line?.kind, line?.correlation], ['issuance', trace]);
      const { sub, jti } = claimsOf(token);
      for (const secret of [String(sub), String(jti), idToken, jag, token, 'alice', 'claude-code', '127.0.0.1']) {
        assert.ok(!text.includes(secret), secret);
      }
    });
  }
});
