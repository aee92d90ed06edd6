import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StopSaid } from '@credence/mcp/protocol';
import { toRow } from '../audit/record.ts';
import type { TrustedIssuer } from '../policy/model.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { issuerMark } from './descent.ts';
import { receivedStopId, revokeTokens, tokensInRecord, toReceivedStop } from './received.ts';

const now = 1_800_000_000;
const idp = 'https://id.example';
const trusted = (issuer: string, tenant?: string) => ({ issuer, tenant }) as TrustedIssuer;
const hear = (change: Partial<StopSaid>, issuer = trusted(idp), happenedAt = now - 10) =>
  toReceivedStop(
    { id: 's', tenant: issuer.tenant, what: 'client', value: 'app', resumedAt: undefined, ...change },
    issuer,
    { now, happenedAt, ras: { maxIdJagLifetimeSeconds: 600, skewSeconds: 30 } },
  );

describe('SIG-03, T09: what an issuer stops is its own', () => {
  const mark = issuerMark(idp);
  const table: [what: StopSaid['what'], value: string | undefined, kind: string, target: string, hit: object][] = [
    ['client', 'app', 'client', 'app', { at: 'ras', what: 'client', value: 'app', from: mark }],
    ['server', 'https://r', 'server', 'https://r', { at: 'ras', what: 'server', value: 'https://r', from: mark }],
    ['id_jag', 'j_1', 'token', 'j_1', { at: 'ras', what: 'id_jag', value: 'j_1', from: mark }],
    ['everything', undefined, 'issuer', idp, { at: 'ras', what: 'issuer', value: mark }],
  ];
  for (const [what, value, kind, target, hit] of table) {
    test(`${what}: only what descends from it`, () => {
      const made = hear({ what, value });
      assert.deepEqual([made.kind, made.target, made.hits], [kind, target, [hit]]);
      assert.equal(made.endsAt, what === 'id_jag' ? now + 3720 : undefined, 'of one ID-JAG nothing is left after that');
      assert.equal(made.resumed, undefined);
    });
  }

  test('of a tenant: what descends from that tenant', () => {
    const made = hear({ what: 'everything', value: undefined }, trusted(idp, 't'));
    assert.deepEqual(made.hits, [{ at: 'ras', what: 'issuer', value: issuerMark(idp, 't') }]);
  });

  test('its name is the same for whatever is said of it, and never that of another issuer or tenant', () => {
    assert.equal(hear({ resumedAt: now }).id, hear({}).id);
    const [one, ...others] = [trusted(idp), trusted('https://b.example'), trusted(idp, 't')];
    for (const other of others) assert.notEqual(receivedStopId(other, 's'), receivedStopId(one as TrustedIssuer, 's'));
  });

  test('a part of a second counts as a whole one', () => {
    assert.equal(hear({}, undefined, now - 0.5).at, now);
    assert.equal(hear({ resumedAt: now - 0.5 }).resumed?.grantsBefore, now);
  });

  test('ADR 0024: when it is over, ID-JAGs go by its clock, tokens by ours as far back as they could come of one', () => {
    const ended = (resumedAt: number) => {
      const { resumed } = hear({ resumedAt });
      return [resumed?.grantsBefore, resumed?.tokensBefore, resumed?.until];
    };
    assert.deepEqual(ended(now - 5), [now - 5, now + 2, now + 3720]);
    assert.deepEqual(ended(now - 5000), [now - 5000, now - 5000 + 660, now + 3720]);
  });
});

describe('which access tokens came of a jti', async () => {
  const store = await openSqliteStore(':memory:', { node: 'one' });
  let lines = 0;
  const line = (kind: 'issuance' | 'redemption', facts: object) =>
    toRow({ v: 2, id: `d_${++lines}`, kind, domain: 'ras', timeMs: now * 1000 + 900, outcome: 'allowed', ...facts });
  const of = { idJag: 'j_1', resource: 'https://r' };
  await store.commit({
    marks: [],
    records: [
      line('issuance', { idJag: 'j_1', issuer: idp }),
      line('issuance', { ...of, accessToken: 't_0', issuer: idp }),
      line('redemption', { ...of, accessToken: 't_1', issuer: idp }),
      line('redemption', { ...of, accessToken: 't_2', issuer: 'https://b.example' }),
      line('redemption', { ...of, accessToken: 't_3', issuer: idp, tenant: 't' }),
      line('redemption', { ...of, issuer: idp }),
      line('redemption', { idJag: 'j_1', accessToken: 't_4', issuer: idp }),
      line('redemption', { ...of, idJag: 'j_2', accessToken: 'j_1', issuer: idp }),
    ],
  });
  const found = async (...asked: [jti: string, of?: TrustedIssuer]) =>
    (await tokensInRecord(asked[0], store, asked[1])).map(({ id }) => id).sort();

  test('of whomever: those given for it, and itself', async () => {
    assert.deepEqual(await found('j_1'), ['j_1', 't_1', 't_2', 't_3']);
    assert.deepEqual(await found('t_1'), ['t_1']);
    assert.deepEqual(await tokensInRecord('t_1', store), [{ id: 't_1', resource: 'https://r', until: now + 3720 }]);
    assert.deepEqual(await found('j_9'), []);
  });

  test('T09: of an issuer only those given for an ID-JAG of its own, or of its tenant', async () => {
    assert.deepEqual(await found('j_1', trusted(idp)), ['t_1']);
    assert.deepEqual(await found('j_1', trusted('https://b.example')), ['t_2']);
    assert.deepEqual(await found('j_1', trusted(idp, 't')), ['t_3']);
    assert.deepEqual(await found('t_1', trusted(idp)), [], 'a token of ours is none of its matters');
  });

  test('revoked is each of them, and guards hear of it', async () => {
    const until = Math.floor(Date.now() / 1000) + 3720;
    await revokeTokens([{ id: 't_1', resource: 'https://r', until }], store);
    assert.equal(await store.isMarked('token_revoked', 't_1'), true);
    assert.equal(await store.isMarked('token_revoked', 't_2'), false);
  });
});
