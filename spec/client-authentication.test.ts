import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { clientAssertionType, mintJws, ok } from '@credence/mcp/protocol';
import type { Call } from '../packages/server/src/call.ts';
import { authenticateClient, hashSecret, readCredentials } from '../packages/server/src/clients/authenticate.ts';
import { parseForm } from '../packages/server/src/form.ts';
import { generatePrivateJwk, toPublicJwk, toSigner } from '../packages/server/src/keys/signer.ts';

const issuer = 'https://id.acme.example';
const now = 1_800_000_000;
const key = generatePrivateJwk('ES256');

describe('IDP-01, T27: only a client that has proven itself gets a line of its own for each refusal', () => {
  const clients = [
    { id: 'secret', jwks: undefined },
    { id: 'keyed', jwks: [toPublicJwk(key)] },
    { id: 'public', jwks: undefined, public: true },
  ];
  function isAuthenticated(fields: Record<string, string>): boolean {
    const form = parseForm(new URLSearchParams(fields).toString());
    assert.ok(form.ok);
    let said = false;
    const call: Call = {
      id: 'd_1',
      now,
      form: form.value,
      authorization: undefined,
      credentials: readCredentials({ authorization: undefined, form: form.value }),
      dpop: undefined,
      address: '192.0.2.1',
      answerWith: () => undefined,
      authenticated: () => {
        said = true;
      },
      note: () => undefined,
      recordAs: () => undefined,
      mark: () => undefined,
      hold: () => undefined,
      afterwards: () => undefined,
    };
    authenticateClient(call, {
      issuer,
      find: (id) => clients.find((client) => client.id === id),
      complete: (client) => ok(client),
      secretHashes: (id) => (id === 'secret' ? [hashSecret('right')] : []),
      since: () => 0,
      skewSeconds: 30,
      assertionMark: (_, id, until) => ({ kind: 'client_assertion', id, until }),
    });
    return said;
  }
  const claims = { iss: 'keyed', sub: 'keyed', aud: issuer, exp: now + 60, jti: 'j' };
  const assertion = (change: object) => mintJws({ alg: 'ES256' }, { ...claims, ...change }, toSigner(key).sign);

  const table: [name: string, fields: () => Promise<Record<string, string>>, said: boolean][] = [
    ['the right secret', async () => ({ client_id: 'secret', client_secret: 'right' }), true],
    ['a wrong secret', async () => ({ client_id: 'secret', client_secret: 'wrong' }), false],
    ['a good assertion', async () => ({ client_assertion: await assertion({}) }), true],
    ['an expired assertion', async () => ({ client_assertion: await assertion({ exp: now - 60 }) }), false],
    ['a public client', async () => ({ client_id: 'public' }), false],
    ['nobody', async () => ({ client_id: 'nobody', client_secret: 'right' }), false],
  ];
  for (const [name, fields, said] of table) {
    test(`${name}: ${said ? 'proven' : 'not proven'}`, async () => {
      assert.equal(isAuthenticated({ client_assertion_type: clientAssertionType, ...(await fields()) }), said);
    });
  }
});
