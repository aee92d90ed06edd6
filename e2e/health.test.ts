import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { connect } from '../examples/acme/agent.ts';
import { serverNamed } from '../examples/acme/demo-file.ts';
import { type Acme, agentOf, startAcme, temporaryHome } from './harness.ts';

interface Said {
  readonly status: number;
  readonly body: string;
}

/** Asks as a load balancer does: at the address, naming that as Host or whatever it likes, on a connection of its own. */
function probe(origin: string, path: string, host?: string): Promise<Said> {
  return new Promise((resolve, reject) => {
    const url = new URL(path, origin);
    const sent = request(url, { agent: false, ...(host && { headers: { host } }) }, (incoming) => {
      let body = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      incoming.once('end', () => resolve({ status: incoming.statusCode ?? 0, body }));
    });
    sent.once('error', reject).end();
  });
}

async function until(origin: string, status: number): Promise<Said> {
  for (let tries = 0; tries < 100; tries += 1) {
    const said = await probe(origin, '/readyz');
    if (said.status === status) return said;
    await wait(100);
  }
  return assert.fail(`never ${status}`);
}

function originsOf({ demo }: Acme): string[] {
  return [demo.idp.issuer, demo.ras.issuer, demo.admin.url];
}

/** Another process that holds the write lock: nothing can be made durable. */
function holdStore({ home }: Acme): { letGo(): void } {
  const holder = new DatabaseSync(join(home, 'store.db'));
  holder.exec('BEGIN IMMEDIATE');
  return { letGo: () => holder.close() };
}

describe('health', () => {
  test('every listener answers probes; store away: 503 and why, and back without a restart', async (t) => {
    const acme = await startAcme(t);
    for (const origin of originsOf(acme)) {
      for (const path of ['/healthz', '/readyz']) {
        assert.deepEqual(await probe(origin, path), { status: 200, body: 'ok\n' });
        assert.equal((await probe(origin, path, '10.0.0.7')).status, 200);
      }
      assert.equal((await probe(origin, '/jwks', '10.0.0.7')).status, 421);
    }
    const holder = holdStore(acme);
    const { body } = await until(acme.demo.idp.issuer, 503);
    assert.match(body, /^not ok: store/);
    assert.deepEqual(await probe(acme.demo.ras.issuer, '/readyz', '10.0.0.7'), { status: 503, body: 'not ok\n' });
    assert.equal((await probe(acme.demo.idp.issuer, '/healthz')).status, 200, 'it is alive');
    holder.letGo();
    for (const origin of originsOf(acme)) await until(origin, 200);
    assert.match(acme.server.output(), /"reasons":\["store"\].*"not ready"/);
  });

  test('with workers each answers, and what it answers is whether it can write', async (t) => {
    const acme = await startAcme(t, { extraFlags: ['--workers', '2'] });
    for (const origin of originsOf(acme)) {
      for (let at = 0; at < 4; at += 1) assert.equal((await probe(origin, '/readyz')).status, 200);
    }
    const holder = holdStore(acme);
    await until(acme.demo.ras.issuer, 503);
    holder.letGo();
    for (const origin of originsOf(acme)) await until(origin, 200);
  });

  test('while it stops, a listener that still answers says that it is not ready', async (t) => {
    const acme = await startAcme(t);
    const tools = serverNamed(acme.demo, 'everything');
    const connection = await connect(acme.demo, tools, await agentOf(acme.demo, 'alice'));
    const call = connection.client.callTool({
      name: 'trigger-long-running-operation',
      arguments: { duration: 2, steps: 2 },
    });
    await wait(300);
    const stopped = acme.server.stop();
    await wait(300);
    // The gateway's listener waits for the call; the one of the identity provider is next, and open until then.
    assert.deepEqual(await probe(acme.demo.idp.issuer, '/readyz'), { status: 503, body: 'not ok: stopping\n' });
    await call;
    assert.equal((await stopped).code, 0);
  });

  for (const workers of ['1', '2']) {
    test(`told to stop, it says so for as long as is configured, and answers meanwhile; ${workers} worker(s)`, async (t) => {
      const home = await temporaryHome(t);
      const config = join(home, 'credence.yaml');
      await writeFile(config, `drainSeconds: 6\nworkers: ${workers}\n`, { mode: 0o600 });
      const acme = await startAcme(t, { home, timeoutMs: 60_000 });
      const stopped = acme.server.stop();
      const askedAtMs = performance.now();
      for (const origin of originsOf(acme)) {
        const { body } = await until(origin, 503);
        assert.equal(body, 'not ok: stopping\n');
      }
      const answers = await Promise.all(originsOf(acme).map((origin) => probe(origin, '/healthz')));
      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
      assert.equal((await fetch(`${acme.demo.ras.issuer}/jwks`)).status, 200, 'new connections are answered');
      assert.equal((await stopped).code, 0);
      assert.ok(performance.now() - askedAtMs > 5500, 'the balancer had its time');
    });
  }
});
