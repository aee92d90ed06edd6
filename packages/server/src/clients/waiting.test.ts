import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { no, ok, parseJws, type Result } from '@credence/mcp/protocol';
import { createSteadyPace } from '../limits.ts';
import { type Credentials, hashSecret } from './authenticate.ts';
import type { ClientCertificate } from './client-certificate.ts';
import { refusalOfPace, waitSeconds } from './waiting.ts';

const address = '2001:db8:1:2::7';
const byCertificate = { kind: 'san_dns', value: 'armed.example', bound: false } as const;
const registry = {
  find: (id: string) =>
    id === 'nobody' ? undefined : { id, jwks: undefined, ...(id === 'armed' && { tls: byCertificate }) },
  secretHashes: (id: string) => (id === 'portal' ? [hashSecret('right')] : []),
};
const nothingOf = (clientId: string) => ok({ method: 'none', clientId } as const);
const nothing = nothingOf('portal');
const secret = (text: string) => ok({ method: 'secret', clientId: 'portal', secret: text } as const);

function waiting(
  credentials: Result<Credentials>,
  { failed = 0, certificate }: { failed?: number; certificate?: ClientCertificate | undefined } = {},
  strangers = createSteadyPace(1, () => 0),
): number {
  const asked: string[] = [];
  const failures = {
    waitSeconds: (client: string, from: string) => {
      asked.push(client, from);
      return failed;
    },
    add: () => assert.fail('nothing has failed yet'),
  };
  const seconds = waitSeconds(
    { credentials, address, ...(certificate && { certificate: () => certificate }) },
    { failures, strangers },
    registry,
  );
  if (asked.length > 0) assert.deepEqual(asked, [credentials.ok ? credentials.value.clientId : '', address]);
  return seconds;
}

describe('who waits before anything is done for them (IDP-38)', () => {
  test('a client that failed too often from where the caller is, unless its secret is shown', () => {
    assert.equal(waiting(secret('wrong'), { failed: 7 }), 7);
    assert.equal(waiting(secret('right'), { failed: 7 }), 0);
    assert.equal(waiting(secret('wrong')), 0);
    assert.equal(waiting(no('client_not_authenticated'), { failed: 7 }), 7);
    const jws = parseJws('eyJhbGciOiJFUzI1NiJ9.e30.AA');
    assert.ok(jws);
    const assertion = ok({ method: 'assertion', clientId: 'portal', assertion: jws, subject: 'portal' } as const);
    assert.equal(waiting(assertion, { failed: 7 }), 7);
  });

  test('a network that asks too fast without credentials, all of a /64 together', () => {
    const taken: string[] = [];
    const none = { take: (network: string) => taken.push(network) < 0 };
    assert.equal(waiting(nothing, {}, none), 1);
    assert.deepEqual(taken, ['2001:db8:1:2']);
    assert.equal(waiting(nothing), 0);
    assert.equal(waiting(nothing, { failed: 7 }), 7);
  });

  test('of one that is known by now: a client that has proven it by its own pace; a public one has paid', () => {
    const taken: string[] = [];
    const told = (isPublic: boolean, left: boolean, credentials: Result<Credentials> = nothing) =>
      refusalOfPace(
        { credentials },
        { id: 'portal', public: isPublic, jwks: undefined },
        { take: (client) => taken.push(client) > 0 && left },
      );
    assert.deepEqual([told(false, true), told(false, false)], [undefined, 'client_too_fast']);
    assert.deepEqual(taken.splice(0), ['portal', 'portal']);
    assert.equal(told(true, false), undefined);
    assert.deepEqual(taken, []);
    assert.equal(told(true, false, secret('right')), 'client_too_fast', 'it has shown more than nothing');
    assert.deepEqual(taken, ['portal']);
  });

  test('whoever shows something takes none of that', () => {
    const none = { take: () => assert.fail('this is no stranger') };
    assert.equal(waiting(secret('wrong'), {}, none), 0);
    assert.equal(waiting(no('two_client_methods'), {}, none), 0);
    assert.equal(waiting(nothingOf('armed'), { certificate: {} as ClientCertificate }, none), 0);
  });

  test('a certificate is something only where the entry of the client expects one', () => {
    const none = { take: () => false };
    const certificate = {} as ClientCertificate;
    for (const clientId of ['portal', 'nobody']) assert.equal(waiting(nothingOf(clientId), { certificate }, none), 1);
    assert.equal(waiting(nothingOf('armed'), {}, none), 1);
    assert.equal(waiting(nothingOf('armed'), { certificate: undefined }, none), 1);
  });
});
