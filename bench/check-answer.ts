import assert from 'node:assert/strict';
import { request } from 'node:http';
import { joseType } from '@credence/mcp/protocol';
import { importJWK, jwtVerify } from 'jose';
import { toPublicJwk } from '../packages/server/src/keys/signer.ts';
import { bodyMaker, type Series } from './bodies.ts';
import type { Contender } from './contender.ts';
import { clients, type Fixture, issuers, scope } from './fixture.ts';

/** Sends one request before anything is measured: what is fast and wrong does not count. */
export async function checkAnswer(contender: Contender, series: Series, fixture: Fixture): Promise<void> {
  const isIssue = series.grant === 'issue';
  const [side, key] = isIssue ? (['idp', fixture.keys.idJag] as const) : (['ras', fixture.keys.accessToken] as const);
  const body = await bodyMaker(series, fixture)(0);
  const answer = await post(contender.url(side), new URL(issuers[side]).host, body);
  assert.equal(answer.status, 200, `${contender.name}: ${answer.text}`);

  const { access_token, token_type, ...rest } = JSON.parse(answer.text) as Record<string, string>;
  const { payload } = await jwtVerify(String(access_token), await importJWK({ ...toPublicJwk(key) }, key.alg), {
    issuer: issuers[side],
    audience: isIssue ? issuers.ras : String(fixture.resources[0]),
    typ: isIssue ? joseType.idJag : joseType.accessToken,
    algorithms: ['ES256'],
    requiredClaims: ['sub', 'jti', 'iat', 'exp', 'scope'],
  });
  assert.equal(token_type, isIssue ? 'N_A' : 'Bearer');
  assert.deepEqual([rest.scope, rest.resource], [scope, fixture.resources[0]]);
  assert.equal(payload.scope, scope);
  assert.equal(payload.client_id, clients[series.method].id);
}

function post(url: string, host: string, body: string): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { host, 'content-type': 'application/x-www-form-urlencoded' };
    const outgoing = request(url, { method: 'POST', headers, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode, text }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
