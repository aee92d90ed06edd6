import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Agent as HttpAgent, request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { Agent } from '../examples/acme/agent.ts';
import { serverNamed } from '../examples/acme/demo-file.ts';
import {
  type Acme,
  agentOf,
  claimsOf,
  exportAudit,
  secretOf,
  startAcme,
  suiteScope,
  temporaryHome,
} from './harness.ts';

// A few seconds in `npm test`; a minute with CREDENCE_LOAD_SECONDS=60, as `npm run test:long` sets it.
const loadSeconds = Number(process.env.CREDENCE_LOAD_SECONDS ?? 12);

/** Until the heap has found its size, which takes some 25,000 tokens: a short run is over before, and may grow by more. */
const warmUpMs = loadSeconds * 400;
const mayGrowMiB = loadSeconds >= 60 ? 50 : 120;

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

const connections = new HttpAgent({ keepAlive: true, maxSockets: 32 });

function post(url: string, body: string, headers: Record<string, string> = {}, method = 'POST'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        method,
        agent: connections,
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: parse(text) }));
      },
    );
    // Whoever is told that a body is too large may find the connection closed while it still writes.
    outgoing.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EPIPE' || error.code === 'ECONNRESET' ? resolve({ status: 0, body: {} }) : reject(error),
    );
    outgoing.end(body);
  });
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString();

describe('under load', () => {
  const scope = suiteScope(after);
  let acme: Acme;
  let alice: Agent;
  let idpToken: string;
  let rasToken: string;

  before(async () => {
    const home = await temporaryHome(scope);
    // One person plays everybody here, and one client all of theirs, who together are not held to the pace of one.
    await writeFile(join(home, 'credence.yaml'), 'limits: { clientPerSecond: 1000000 }\nidp: { burst: 1000000 }\n');
    acme = await startAcme(scope, { home });
    alice = await agentOf(acme.demo, 'alice');
    [idpToken, rasToken] = [`${acme.demo.idp.issuer}/token`, `${acme.demo.ras.issuer}/token`];
  });
  after(() => connections.destroy());

  const exchange = (change: Record<string, string> = {}) =>
    form({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      requested_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
      subject_token: alice.idToken,
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      audience: acme.demo.ras.issuer,
      resource: serverNamed(acme.demo, 'everything').resource,
      ...secretOf(alice.idp),
      ...change,
    });
  const redemption = (assertion: string, change: Record<string, string> = {}) =>
    form({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion,
      ...secretOf(alice.ras),
      ...change,
    });
  const memoryMiB = () =>
    Number(/^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${acme.server.pid}/status`, 'utf8'))?.[1]) / 1024;
  const noise = (length: number) => Array.from({ length }, () => String.fromCharCode(Math.random() * 256)).join('');

  /** What hostile callers send; `used` is an ID-JAG that was redeemed before. */
  const attacks: readonly ((used: string) => Promise<Answer>)[] = [
    (used) => post(rasToken, redemption(used)),
    (used) => post(rasToken, redemption(`${used.slice(0, -3)}AAA`)),
    (used) => post(rasToken, redemption(used.split('.').slice(0, 2).join('.'))),
    () => post(rasToken, redemption('e30.e30.e30')),
    () => post(rasToken, redemption(noise(2000))),
    () => post(idpToken, exchange({ client_secret: 'wrong', client_id: `nobody-${Math.random()}` })),
    () => post(idpToken, exchange({ audience: 'https://elsewhere.example' })),
    () => post(idpToken, exchange({ resource: 'javascript:alert(1)' })),
    () => post(idpToken, exchange({ scope: 'a '.repeat(5000) })),
    () => post(idpToken, exchange({ subject_token: `${alice.idToken.slice(0, -4)}AAAA` })),
    () => post(idpToken, `${exchange()}&audience=again`),
    () => post(idpToken, JSON.stringify({ grant_type: 'x' }), { 'content-type': 'application/json' }),
    () => post(idpToken, noise(500)),
    () => post(rasToken, '', {}, 'PUT'),
    () => post(rasToken, `a=${'x'.repeat(70_000)}`),
    () => post(rasToken, redemption('x'), { dpop: noise(40).replaceAll(/[^ -~]/g, '') }),
    () => post(rasToken, redemption('x'), { authorization: 'Basic !!!' }),
  ];

  test(`${loadSeconds} s of mixed load, a tenth of it hostile: no 5xx, memory stays, nothing is lost`, async (t) => {
    const endsAt = performance.now() + loadSeconds * 1000;
    const idJags: string[] = [];
    const accessTokens: string[] = [];
    const statuses = new Map<string, number>();
    const note = (kind: string, { status }: Answer) => {
      statuses.set(`${kind} ${status}`, (statuses.get(`${kind} ${status}`) ?? 0) + 1);
      assert.ok(status < 500, `${kind}: ${status}`);
    };
    let attack = 0;

    const lane = async () => {
      let used = '';
      for (let round = 0; performance.now() < endsAt; round += 1) {
        const issued = await post(idpToken, exchange());
        note('issued', issued);
        used = String(issued.body.access_token);
        idJags.push(String(claimsOf(used).jti));
        const redeemed = await post(rasToken, redemption(used));
        note('redeemed', redeemed);
        accessTokens.push(String(claimsOf(String(redeemed.body.access_token)).jti));
        if (round % 5 === 4) note('hostile', await (attacks[attack++ % attacks.length] ?? assert.fail())(used));
      }
    };
    const lanes = Array.from({ length: 16 }, lane);
    await wait(warmUpMs);
    const warm = memoryMiB();
    await Promise.all(lanes);
    await wait(500);
    const end = memoryMiB();

    t.diagnostic(`${[...statuses].map(([kind, count]) => `${kind}: ${count}`).join(', ')}`);
    t.diagnostic(`resident ${Math.round(warm)} MiB when warm, ${Math.round(end)} MiB at the end`);
    assert.deepEqual(
      [...statuses.keys()].filter((kind) => /^(issued|redeemed) (?!200)/.test(kind)),
      [],
    );
    assert.ok(attack > 20, `${attack} attacks`);
    assert.ok(end - warm <= mayGrowMiB, `grew by ${Math.round(end - warm)} MiB`);

    const record = await exportAudit(acme.home);
    const issued = new Set(record.filter(({ kind }) => kind === 'issuance').map(({ idJag }) => idJag));
    const redeemed = new Set(record.filter(({ kind }) => kind === 'redemption').map(({ accessToken }) => accessToken));
    assert.deepEqual(
      [idJags.filter((jti) => !issued.has(jti)), accessTokens.filter((jti) => !redeemed.has(jti))],
      [[], []],
    );
  });

  test('T27: a flood of refusals of strangers does not fill the disk, and takes at most a fifth of the others’ pace', async (t) => {
    const sizeMiB = () =>
      ['', '-wal'].reduce((sum, end) => sum + statSync(join(acme.home, `store.db${end}`)).size, 0) / 2 ** 20;
    let refused = 0;
    /** A thousand a second, each by a client nobody knows. */
    const flood = async (endsAt: number) => {
      while (performance.now() < endsAt) {
        const round = Array.from({ length: 20 }, () =>
          post(idpToken, exchange({ client_id: `nobody-${Math.random()}`, client_secret: 'x' })),
        );
        await Promise.all([wait(20), ...round]);
        refused += round.length;
      }
    };
    const paceOf = async (seconds: number, flooded: boolean) => {
      const endsAt = performance.now() + seconds * 1000;
      let answered = 0;
      const lane = async () => {
        while (performance.now() < endsAt) {
          assert.equal((await post(idpToken, exchange())).status, 200);
          answered += 1;
          await wait(10); // people's agents are not in a hurry
        }
      };
      await Promise.all([...Array.from({ length: 4 }, lane), ...(flooded ? [flood(endsAt)] : [])]);
      return answered / seconds;
    };
    await paceOf(0.5, false);
    const shares: number[] = [];
    const before = sizeMiB();
    for (let round = 0; round < 5; round += 1) {
      const [quiet, flooded] = [await paceOf(1.5, false), await paceOf(1.5, true)];
      shares.push(flooded / quiet);
    }
    const grown = sizeMiB() - before;
    const share = shares.toSorted((a, b) => a - b)[2] ?? 0;
    t.diagnostic(
      `${refused} refusals; others at ${Math.round(share * 100)}% of their pace; ${grown.toFixed(1)} MiB more on the disk`,
    );
    assert.ok(refused > 500, `${refused} refusals`);
    assert.ok(share >= 0.8, `${shares}`);
    assert.ok(grown < 24, `${grown} MiB`); // the log of SQLite is 16 MiB before it is used again
    const lines = (await exportAudit(acme.home)).filter(({ reason }) => reason === 'client_unknown').length;
    assert.ok(lines < refused / 2, `${lines} lines for ${refused} refusals`);
  });
});
