import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mintSecurityEvent, type SecurityEventName, securityEvents, securityEventType } from '@credence/mcp/protocol';
import { createIssuerKeys } from '@credence/mcp/resource';
import { createRefusalLedger } from '../audit/refusal-ledger.ts';
import { fromRequest } from '../door.ts';
import { generatePrivateJwk, toPublicJwk, toSigner } from '../keys/signer.ts';
import { createPace } from '../limits.ts';
import { createMeter } from '../metrics/meter.ts';
import { compileResource } from '../policy/compile-resource.ts';
import { parsePolicy } from '../policy/parse.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { createWatch } from '../watch.ts';
import { type EventDoor, receiveEvent } from './events.ts';
import type { Ras } from './jwt-bearer.ts';

const us = 'https://mcp.acme.example';
const idp = 'https://id.acme.example';
const now = 1_800_000_000;
const key = generatePrivateJwk('ES256');
const globexKey = generatePrivateJwk('ES256');

/** A RAS that trusts one issuer as said, and what it made of an event. */
async function withTrust(said: string, burst = 100, keys = JSON.stringify({ keys: [toPublicJwk(key)] })) {
  const text = `
servers: { tracker: { scopes: { read: {} } } }
clients: { app: {} }
trust: { "${idp}": { keys: ${keys}, ${said} } }`;
  const parsed = parsePolicy(text, 'resource');
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const index = compileResource(parsed.document, { version: 1, issuer: us, localIdp: undefined });
  const store = await openSqliteStore(':memory:', { node: 'one' });
  const nowhere = { getJson: () => Promise.reject(new Error('nothing is fetched here')), onFault: () => undefined };
  const { keysOf } = createIssuerKeys({ ...nowhere, now: () => now });
  const ras = { issuer: us, policy: () => index, store, keysOf, skewSeconds: 30, maxIdJagLifetimeSeconds: 600 };
  const meter = createMeter();
  const door: EventDoor = {
    watch: createWatch(meter, undefined),
    nowMs: () => now * 1000,
    ledger: createRefusalLedger({
      linesPerSecond: 100,
      provenLines: { burst: 2, perSecond: 1 },
      append: async () => undefined,
      nowMs: () => now * 1000,
      newId: () => 'd_bulk',
    }),
    address: () => '192.0.2.1',
    pace: createPace({ burst, perSecond: 1, nowMs: () => now * 1000 }),
  };
  let sent = 0;
  const push = async (name: SecurityEventName, tenant?: string, signedBy = key) => {
    const subject = { issuer: idp, tenant, subject: 'u1' };
    const about = { issuer: idp, audience: us, id: `set-${++sent}`, issuedAt: now, subject };
    const set = await mintSecurityEvent({ ...about, event: securityEvents[name], payload: {} }, toSigner(signedBy));
    const headers = { 'content-type': securityEventType };
    const request = new Request(`${us}/events`, { method: 'POST', headers, body: set });
    const { status, headers: answered } = await receiveEvent(fromRequest(request), ras as unknown as Ras, door);
    const [line] = await store.audit.last(1);
    return { status, answered, lines: line?.position ?? 0, record: JSON.parse(line?.body ?? '{}') };
  };
  return { push, meter, cutOff: (tenant?: string) => store.cutOffs.find({ issuer: idp, tenant, subject: 'u1' }) };
}

describe('SIG-03: what a trust entry says of signals', () => {
  const speaker = 'accounts: create, clients: [app]';

  test('nothing: all events are taken', async () => {
    const { push, cutOff } = await withTrust(speaker);
    assert.equal((await push('account-disabled')).status, 202);
    assert.deepEqual(await cutOff(), { grantsBefore: now, tokensBefore: now, blocked: true });
  });

  test('refuse: none is', async () => {
    const { push, cutOff } = await withTrust(`${speaker}, signals: refuse`);
    const { status, answered, record } = await push('account-disabled');
    assert.deepEqual([status, answered['retry-after'], record.reason], [400, undefined, 'set_signals_refused']);
    assert.equal(await cutOff(), undefined);
  });

  test('a list: the others have no effect', async () => {
    const { push, cutOff } = await withTrust(`${speaker}, signals: [session-revoked]`);
    const { status, record } = await push('account-disabled');
    assert.deepEqual([status, record.signal.effective], [202, false]);
    assert.equal(await cutOff(), undefined);
    assert.equal((await push('session-revoked')).record.signal.effective, true);
    assert.equal((await cutOff())?.grantsBefore, now);
  });
});

describe('SIG-02: a tenant in a complex subject', () => {
  const tenants = `tenants: {
    acme: { accounts: create, clients: [app] },
    globex: { accounts: create, clients: [app], keys: ${JSON.stringify({ keys: [toPublicJwk(globexKey)] })} } }`;

  test('of each tenant its own people are cut off, under its own keys', async () => {
    const { push, cutOff } = await withTrust(tenants);
    const { status, record } = await push('session-revoked', 'acme');
    assert.deepEqual([status, record.tenant], [202, 'acme']);
    assert.equal((await push('account-disabled', 'globex', globexKey)).status, 202);
    assert.deepEqual([(await cutOff('acme'))?.blocked, (await cutOff('globex'))?.blocked], [false, true]);
    assert.equal(await cutOff(), undefined);
  });

  test('T27: one that sends without end keeps nobody else waiting', async () => {
    const { push } = await withTrust(tenants, 1);
    for (const status of [202, 429]) {
      assert.equal((await push('session-revoked', 'globex', globexKey)).status, status);
    }
    assert.equal((await push('session-revoked', 'acme')).status, 202);
  });

  test('another tenant’s key, an unknown tenant, none: refused', async () => {
    const { push, cutOff } = await withTrust(tenants);
    assert.equal((await push('session-revoked', 'globex')).record.reason, 'set_key_unknown');
    assert.equal((await push('session-revoked', 'hooli')).record.reason, 'set_issuer_untrusted');
    assert.equal((await push('session-revoked')).record.reason, 'set_issuer_untrusted');
    for (const tenant of ['acme', 'globex', undefined]) assert.equal(await cutOff(tenant), undefined);
  });
});

test('an issuer that sends without end has to wait: 429, and what it may send again is not lost', async () => {
  const { push, cutOff } = await withTrust('accounts: create, clients: [app]', 2);
  for (const _ of [1, 2]) assert.equal((await push('credential-change')).status, 202);
  const { status, answered, record } = await push('session-revoked');
  assert.deepEqual([status, answered['retry-after'], record.reason], [429, '1', 'set_too_many']);
  assert.equal(await cutOff(), undefined);
});

test('T27: an issuer that sends without end does not fill the record: a few lines, then numbers', async () => {
  for (const [said, burst] of [
    ['accounts: create, clients: [app]', 0],
    ['accounts: create, clients: [app], signals: refuse', 100],
  ] as const) {
    const { push } = await withTrust(said, burst);
    const lines = [];
    for (const _ of [1, 2, 3, 4]) lines.push((await push('session-revoked')).lines);
    assert.deepEqual(lines, [1, 2, 2, 2], said);
  }
});

test('an issuer whose keys cannot be fetched is to come again: 503, with the reason on the record', async () => {
  const { push, cutOff } = await withTrust('accounts: create, clients: [app]', 100, 'discovery');
  const { status, answered, record } = await push('session-revoked');
  assert.deepEqual([status, answered['retry-after'], record.reason], [503, '1', 'issuer_keys_unavailable']);
  assert.equal(await cutOff(), undefined);
});

test('what comes into force is measured, and each decision counted once', async () => {
  const { push, meter } = await withTrust('accounts: create, clients: [app]', 2);
  await push('session-revoked');
  await push('credential-change');
  const { credence_revocation_lag_seconds: lag, credence_decisions_total: decided } = await meter.snapshot();
  assert.deepEqual(lag?.length, 1, 'what takes nothing back comes into no force');
  const [[labels, value] = []] = lag ?? [];
  assert.deepEqual(labels, ['received']);
  assert.deepEqual(typeof value === 'object' && value.counts.reduce((sum, count) => sum + count), 1);
  assert.deepEqual(decided, [[['ras', 'revocation', 'allowed', ''], 2]]);
  await push('session-revoked');
  const after = (await meter.snapshot()).credence_decisions_total;
  assert.deepEqual(after?.[1], [['ras', 'refusal', 'refused', 'set_too_many'], 1]);
});
