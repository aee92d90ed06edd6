import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { connect, type Agent as Person } from '../examples/acme/agent.ts';
import { serverNamed } from '../examples/acme/demo-file.ts';
import {
  type Acme,
  type Answer,
  agentOf,
  claimsOf,
  exportAudit,
  issue,
  redeem,
  secretOf,
  startAcme,
  suiteScope,
  temporaryHome,
  tokenOf,
} from './harness.ts';

/** Processes whose parent is this one. */
function childrenOf(pid: number | undefined): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => parentOf(name) === pid && commandOf(name).includes('workers/worker'))
    .map(Number);
}

function parentOf(pid: string): number | undefined {
  try {
    return Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return undefined; // it has just ended
  }
}

function commandOf(pid: string | number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  for (let tries = 0; !isSo(); tries += 1) {
    if (tries > 300) assert.fail(`still not so: ${what}`);
    await wait(50);
  }
}

/** One kept-alive connection: whichever worker took it answers all that is sent over it. */
function openConnection() {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    close: () => agent.destroy(),
    post: (url: string, form: Record<string, string>): Promise<Answer> =>
      new Promise((resolve, reject) => {
        const headers = { 'content-type': 'application/x-www-form-urlencoded' };
        const outgoing = request(url, { method: 'POST', agent, headers }, (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) }));
        });
        outgoing.on('error', reject);
        outgoing.end(new URLSearchParams(form).toString());
      }),
  };
}

describe('credence serve --workers 2: as with one, only on two cores', { skip: process.platform !== 'linux' }, () => {
  const scope = suiteScope(after);
  let acme: Acme;
  let alice: Person;
  const redemption = (idJag: string) => ({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: idJag,
    ...secretOf(alice.ras),
  });
  const freshIdJag = async () =>
    tokenOf(await issue(acme.demo, serverNamed(acme.demo, 'everything'), alice.idToken, secretOf(alice.idp)));

  before(async () => {
    const home = await temporaryHome(scope);
    await writeFile(join(home, 'credence.yaml'), 'idp: { burst: 1000000 }\n');
    acme = await startAcme(scope, { home, extraFlags: ['--workers', '2'] });
    alice = await agentOf(acme.demo, 'alice');
  });

  test('RAS-12, B54: one ID-JAG raced on two processes gives exactly one token, 1 000 times in a row', async () => {
    // Connections go to the workers in turn.
    const two = [openConnection(), openConnection()];
    const url = `${acme.demo.ras.issuer}/token`;
    try {
      for (let round = 0; round < 1000; round += 1) {
        const idJag = await freshIdJag();
        const answers = await Promise.all(two.map(({ post }) => post(url, redemption(idJag))));
        const outcomes = answers.map(({ status, body }) => (status === 200 ? 'token' : String(body.error)));
        assert.deepEqual(outcomes.toSorted(), ['invalid_grant', 'token'], `round ${round}`);
      }
    } finally {
      for (const { close } of two) close();
    }
  });

  test('IDP-38: failures on one worker count on the other', async () => {
    const form = { grant_type: 'x', client_id: 'nobody', client_secret: 'wrong' };
    const url = `${acme.demo.ras.issuer}/token`;
    const two = [openConnection(), openConnection()] as const;
    const wrong = { ...form, grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: 'x' };
    try {
      for (let at = 0; at < 10; at += 1) {
        const { status } = await two[at % 2 === 0 ? 0 : 1].post(url, wrong);
        assert.equal(status, 401);
        await wait(60); // until the other one knows
      }
      assert.deepEqual([(await two[0].post(url, wrong)).status, (await two[1].post(url, wrong)).status], [429, 429]);
    } finally {
      for (const { close } of two) close();
    }
  });

  test('the gateway is one, whichever worker takes the connection: sessions and tools work', async () => {
    for (const name of ['everything', 'files', 'memory']) {
      const connection = await connect(acme.demo, serverNamed(acme.demo, name), alice);
      const lists = await Promise.all(Array.from({ length: 8 }, () => connection.client.listTools()));
      assert.ok(lists.every(({ tools }) => tools.length > 3));
      await connection.client.close();
    }
    const calls = (await exportAudit(acme.home)).filter(({ domain }) => domain === 'gateway');
    assert.ok(
      calls.every(({ address }) => address === undefined || String(address).includes('127.0.0.1') || address === '::1'),
    );
  });

  test('kill -9 of a worker under load: another takes its place, and what was answered is on the record', async () => {
    const [victim] = childrenOf(acme.server.pid);
    assert.ok(victim, 'there is a worker');
    const received: string[] = [];
    let ended = false;
    const work = Array.from({ length: 6 }, async () => {
      while (!ended) {
        try {
          received.push(
            String(claimsOf(tokenOf(await redeem(acme.demo, await freshIdJag(), secretOf(alice.ras)))).jti),
          );
        } catch (error) {
          // The connection of the one that was killed is cut; nobody is refused.
          assert.ok(!/: [45]\d\d /.test(String(error)), String(error));
          await wait(20);
        }
      }
    });
    await wait(500);
    process.kill(victim, 'SIGKILL');
    await until(() => childrenOf(acme.server.pid).filter((pid) => pid !== victim).length === 2, 'two workers again');
    await wait(1000);
    ended = true;
    await Promise.all(work);
    const record = await exportAudit(acme.home);
    const redeemed = new Set(record.filter(({ kind }) => kind === 'redemption').map(({ accessToken }) => accessToken));
    assert.ok(received.length > 50, `${received.length} tokens`);
    assert.deepEqual(
      received.filter((jti) => !redeemed.has(jti)),
      [],
    );
  });

  test('kill -9 of the process that says who may write: its workers end at once, since nothing can be recorded any more', async () => {
    const workers = childrenOf(acme.server.pid);
    assert.equal(workers.length, 2);
    await acme.server.stop('SIGKILL');
    await until(() => workers.every((pid) => !commandOf(pid).includes('workers/worker')), 'the workers are gone');
  });
});
