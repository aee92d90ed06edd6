import assert from 'node:assert/strict';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { clientNamed, type DemoServer, readDemoFile, serverNamed, userNamed } from '../examples/acme/demo-file.ts';
import { runCredence, type ServerProcess, startServer } from '../examples/acme/server-process.ts';
import { signIn } from '../examples/acme/sign-in.ts';
import { type PostgresServer, startPostgres } from '../packages/server/src/store/contract/postgres-server.ts';
import {
  type Acme,
  agentOf,
  claimsOf,
  exportAudit,
  issue,
  onEnd,
  postForm,
  redeem,
  secretOf,
  startAcme,
  stopWell,
  suiteScope,
  tokenOf,
} from './harness.ts';

// A few in `npm test`; 20 with CREDENCE_KILL_ROUNDS=20, as `npm run test:long` sets it.
const kills = Number(process.env.CREDENCE_KILL_ROUNDS ?? 3);
const timeoutMs = 60_000;
const scope = suiteScope(after);

/** Runs a command to its end, which has to be a good one. */
async function run(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCredence(args, { timeoutMs });
  assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** What one client was given, all of it still within its time. */
async function collect(acme: Acme, server: DemoServer) {
  const { demo } = acme;
  const client = clientNamed(demo, 'claude-code');
  const { email, password } = userNamed(demo, 'alice');
  const ask = { issuer: demo.idp.issuer, client: client.idp, email, password, scope: 'openid offline_access' };
  const tokens = await signIn(ask);
  const idJag = async () => tokenOf(await issue(demo, server, tokens.id_token, secretOf(client.idp)));
  const [used, unused] = [await idJag(), await idJag()];
  const accessToken = tokenOf(await redeem(demo, used, secretOf(client.ras)));
  return { client, tokens, used, unused, accessToken };
}

/** Each of them is refused, everywhere. */
async function replay({ demo }: Acme, server: DemoServer, given: Awaited<ReturnType<typeof collect>>): Promise<void> {
  const { client, tokens, used, unused, accessToken } = given;
  const exchanged = await issue(demo, server, tokens.id_token, secretOf(client.idp));
  assert.deepEqual([exchanged.status, exchanged.body.error], [400, 'invalid_grant'], 'ID Token');
  for (const idJag of [used, unused]) {
    const redeemed = await redeem(demo, idJag, secretOf(client.ras));
    assert.deepEqual([redeemed.status, redeemed.body.error], [400, 'invalid_grant'], 'ID-JAG');
  }
  const refresh_token = String(tokens.refresh_token);
  const refreshed = await postForm(`${demo.idp.issuer}/token`, {
    grant_type: 'refresh_token',
    refresh_token,
    ...secretOf(client.idp),
  });
  assert.deepEqual([refreshed.status, refreshed.body.error], [400, 'invalid_grant'], 'refresh token');
  assert.equal(await statusOf(server, accessToken), 401, 'access token');
  const asked = await postForm(`${demo.ras.issuer}/introspect`, { token: accessToken, ...secretOf(client.ras) });
  assert.deepEqual(asked.body, { active: false });
}

async function statusOf(server: DemoServer, token: string): Promise<number> {
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
  });
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  };
  const response = await fetch(server.resource, { method: 'POST', headers, body });
  await response.body?.cancel();
  return response.status;
}

describe('T21: a backup under load, restored elsewhere', () => {
  let acme: Acme;
  let server: DemoServer;
  let restored: ServerProcess | undefined;
  before(async () => {
    acme = await startAcme(scope, { timeoutMs });
    server = serverNamed(acme.demo, 'everything');
  });

  test('nothing that was issued before, or in the gap, counts; a fresh sign-in does; the record names the gap', async () => {
    const first = await collect(acme, server);
    assert.equal(await statusOf(server, first.accessToken), 200);
    let isDone = false;
    let rounds = 0;
    const load = (async () => {
      while (!isDone) {
        const idJag = tokenOf(await issue(acme.demo, server, first.tokens.id_token, secretOf(first.client.idp)));
        tokenOf(await redeem(acme.demo, idJag, secretOf(first.client.ras)));
        rounds += 1;
        await wait(20);
      }
    })();
    const file = join(acme.home, '..', 'x.backup');
    const said = await run('backup', '--home', acme.home, '--to', file, '--with-secrets', '--json');
    isDone = true;
    await load;
    assert.ok(rounds > 0);
    const { done, digest } = JSON.parse(said.trim().split('\n').at(-1) ?? '');
    assert.equal(done, true);
    assert.match(digest, /^[\w-]{43}$/);
    const inGap = await collect(acme, server);
    const { code } = await acme.server.stop('SIGKILL');
    assert.equal(code, null);

    const home = join(acme.home, '..', 'restored');
    await mkdir(home, { mode: 0o700 });
    const words = await run('restore', file, '--home', home, '--reason', 'the disk died');
    assert.match(words, /everybody signs in anew/);
    const twice = await runCredence(['restore', file, '--home', home, '--reason', 'again'], { timeoutMs });
    assert.deepEqual([twice.code, /is not empty/.test(twice.stderr)], [2, true]);
    await copyFile(join(acme.home, 'demo.json'), join(home, 'demo.json'));
    const flags = acme.flags.map((flag) => (flag === acme.home ? home : flag));
    restored = await startServer(flags, { timeoutMs });
    onEnd(scope, () => (restored ? stopWell(restored) : Promise.resolve()));
    assert.match(restored.output(), /a new epoch began/);

    for (const given of [first, inGap]) await replay(acme, server, given);
    // What is from the second in which the epoch began counts as from before it.
    await wait(1000);
    const fresh = await collect(acme, server);
    assert.equal(await statusOf(server, fresh.accessToken), 200);
    assert.equal(typeof claimsOf(fresh.accessToken).credence_epoch, 'string');

    const lines = await exportAudit(home);
    const gap = lines.filter(({ detail }) => /a new epoch began: .*the disk died/.test(String(detail)));
    assert.deepEqual(
      gap.map(({ kind }) => kind),
      ['system', 'alert'],
    );
    const [, last] = /the gap begins after line \d+ of the record, (\w[\w-]*) of/.exec(String(gap[0]?.detail)) ?? [];
    assert.ok(lines.some(({ id }) => id === last));
  });

  test('a restart begins no epoch, and one by hand ends everything at once', async () => {
    const home = join(acme.home, '..', 'restored');
    assert.ok(restored);
    await stopWell(restored);
    const flags = acme.flags.map((flag) => (flag === acme.home ? home : flag));
    const again = await startServer(flags, { timeoutMs });
    restored = again;
    assert.doesNotMatch(again.output(), /a new epoch began/);
    const given = await collect(acme, server);
    await run('store', 'epoch', '--home', home, '--reason', 'not sure');
    await wait(1100);
    await replay(acme, server, given);
    const fresh = await collect(acme, server);
    assert.equal(await statusOf(server, fresh.accessToken), 200);
  });
});

describe('T22: a home is moved into PostgreSQL', () => {
  let postgres: PostgresServer;
  let acme: Acme;
  before(async () => {
    postgres = await startPostgres();
    onEnd(scope, () => postgres.close());
    await postgres.createDatabase('credence');
    acme = await startAcme(scope, { timeoutMs });
  });

  test(`killed ${kills} times it goes on; sessions and tokens stay good; the old home is refused`, async () => {
    const server = serverNamed(acme.demo, 'everything');
    const given = await collect(acme, server);
    const idToken = (await agentOf(acme.demo, 'alice')).idToken;
    const url = `postgres://postgres@127.0.0.1:${postgres.port}/credence`;
    const move = ['store', 'migrate', '--home', acme.home, '--to', url, '--password-file', postgres.passwordFile];
    const running = await runCredence(move, { timeoutMs });
    assert.deepEqual([running.code, /Another credence is running/.test(running.stderr)], [2, true]);
    await acme.server.stop();

    for (let n = 0; n < kills; n += 1) {
      const { code } = await runCredence(move, { timeoutMs: 900 + 60 * n });
      if (code === 0) break; // it was quicker
    }
    await run(...move);
    assert.match(await run(...move), /was moved before/);

    for (const args of [
      ['serve', '--home', acme.home],
      ['person', 'list', '--home', acme.home],
    ]) {
      const { code, stderr } = await runCredence(args, { timeoutMs });
      assert.deepEqual([code, /was moved to credence at 127\.0\.0\.1/.test(stderr)], [2, true], stderr);
    }

    const home = join(acme.home, '..', 'node');
    await mkdir(home, { mode: 0o700 });
    const config = join(home, 'credence.yaml');
    const settings = { store: { url, passwordFile: postgres.passwordFile }, keys: { folder: join(acme.home, 'keys') } };
    await writeFile(config, JSON.stringify(settings));
    for (const name of ['demo.json', 'access.yaml', 'resource.yaml'])
      await copyFile(join(acme.home, name), join(home, name));
    const node = await startServer(
      acme.flags.map((flag) => (flag === acme.home ? home : flag)),
      { timeoutMs },
    );
    onEnd(scope, () => stopWell(node));
    assert.deepEqual((await readDemoFile(home)).idp, acme.demo.idp);
    const { client, unused, used, accessToken } = given;
    assert.equal(await statusOf(server, accessToken), 200, 'an access token goes on');
    for (const idJag of [used, unused]) {
      assert.equal((await redeem(acme.demo, idJag, secretOf(client.ras))).body.error, 'invalid_grant');
    }
    const next = tokenOf(await issue(acme.demo, server, idToken, secretOf(client.idp)));
    assert.equal((await redeem(acme.demo, next, secretOf(client.ras))).status, 200);
    assert.ok((await exportAudit(home)).some(({ detail }) => /store moved here/.test(String(detail))));
  });
});
