import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type Caller, followRevocations, guard, type Revocations } from '@credence/mcp/resource';
import { type DemoServer, serverNamed } from '../examples/acme/demo-file.ts';
import { runCredence } from '../examples/acme/server-process.ts';
import {
  type Acme,
  agentOf,
  claimsOf,
  issue,
  onEnd,
  postForm,
  redeem,
  secretOf,
  startAcme,
  suiteScope,
  tokenOf,
} from './harness.ts';

describe('an MCP server in a process of its own follows who is cut off', () => {
  const scope = suiteScope(after);
  let acme: Acme;
  let server: DemoServer;
  let revocations: Revocations;
  let call: (token: string) => Promise<number>;

  before(async () => {
    acme = await startAcme(scope, { extraFlags: ['--workers=2'] });
    server = serverNamed(acme.demo, 'files');
    const made = await runCredence(['client', 'secret', 'new', 'ras', 'server:files', '--home', acme.home]);
    assert.equal(made.code, 0, made.stderr);
    const secret = made.stdout
      .split('\n')
      .map((line) => line.trim())
      .find((line) => /^[A-Za-z0-9_-]{43}$/.test(line));
    assert.ok(secret, made.stdout);
    const at = { issuer: acme.demo.ras.issuer, resource: server.resource };
    await wait(1000); // secrets reach a running server within half a second
    revocations = followRevocations({ ...at, credentials: { id: 'server:files', secret } });
    onEnd(scope, async () => revocations.close());
    const check = guard({ ...at, revocations });
    call = async (token) => {
      const caller = await check(
        new Request(server.resource, { method: 'POST', headers: { authorization: `Bearer ${token}` } }),
      );
      return caller instanceof Response ? caller.status : 200;
    };
    await revocations.ready;
  });

  const tokenFor = async (name: string) => {
    const agent = await agentOf(acme.demo, name);
    const idJag = tokenOf(await issue(acme.demo, server, agent.idToken, secretOf(agent.idp)));
    return { agent, token: tokenOf(await redeem(acme.demo, idJag, secretOf(agent.ras))) };
  };
  const switchTo = async (state: 'on' | 'off', idToken: string) => {
    const subject = String(claimsOf(idToken).sub);
    const { code, stderr } = await runCredence(['account', state, acme.demo.idp.issuer, subject, '--home', acme.home]);
    assert.equal(code, 0, stderr);
  };
  const gapOf = async (token: string, cutOff: () => Promise<unknown>) => {
    assert.equal(await call(token), 200);
    await cutOff();
    const startedAt = performance.now();
    while ((await call(token)) === 200 && performance.now() - startedAt < 5000) await wait(5);
    const gap = performance.now() - startedAt;
    assert.equal(await call(token), 401);
    return gap;
  };

  test('SIG-02: a revoked token, and an account that is switched off, are refused within a second', async () => {
    const { agent, token } = await tokenFor('alice');
    const { token: other } = await tokenFor('alice');
    const revoke = () => postForm(`${acme.demo.ras.issuer}/revoke`, { token, ...secretOf(agent.ras) });
    const gaps = [await gapOf(token, revoke)];
    assert.equal(await call(other), 200);
    gaps.push(await gapOf(other, () => switchTo('off', agent.idToken)));
    assert.ok(
      gaps.every((gap) => gap <= 1000),
      String(gaps),
    );
  });

  test('T20: when the authorization server is gone for 10 seconds nobody is let in any more', async () => {
    const { idToken } = await agentOf(acme.demo, 'alice');
    await switchTo('on', idToken);
    await wait(1000);
    const { token } = await tokenFor('alice');
    assert.equal(await call(token), 200);
    const signal = revocations.signalOf(toCaller(token));
    await acme.server.stop();
    await wait(11_000);
    assert.equal(await call(token), 503);
    assert.equal(signal.aborted, true);
  });
});

function toCaller(token: string): Caller {
  const { iss, sub, client_id, jti, iat, exp, aud } = claimsOf(token) as Record<string, string> & {
    iat: number;
    exp: number;
  };
  const names = {
    issuer: iss ?? '',
    subject: sub ?? '',
    clientId: client_id ?? '',
    id: jti ?? '',
    resource: aud ?? '',
  };
  return { ...names, scopes: [], issuedAt: iat, expiresAt: exp, keyThumbprint: undefined };
}
