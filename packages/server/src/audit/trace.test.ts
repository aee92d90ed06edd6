import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openRecord } from '../../../../spec/sealed-record.ts';
import { version } from '../store/contract/fixtures.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { lookForOrphans } from './orphans.ts';
import { type AuditRecord, toRow } from './record.ts';
import { trace } from './trace.ts';

const issuer = 'https://id.acme.example';
const both = { idp: issuer, ras: 'https://mcp.acme.example' };
const timeMs = 1_800_000_000_000;

describe('the trace of an id', () => {
  let store: Store;
  const write = (...records: Partial<AuditRecord>[]) =>
    store.commit({
      marks: [],
      records: records.map((record, at) =>
        toRow({ v: 2, id: `d_${at}`, kind: 'refusal', domain: 'idp', timeMs, outcome: 'allowed', ...record }),
      ),
    });

  before(async () => {
    store = await openSqliteStore(':memory:', { node: 'one' });
    const rules = [{ id: 'eng', allow: 'all', on: 'tracker' }, { id: 'other' }];
    const published = { id: 'p_1', kind: 'policy', by: 'u_dana', policy: { kind: 'access', version: 1 } } as const;
    const line = toRow({ v: 2, domain: 'idp', timeMs, outcome: 'allowed', ...published });
    const resource = { id: 'p_2', kind: 'policy', by: 'u_erin', policy: { kind: 'resource', version: 1 } } as const;
    const other = toRow({ v: 2, domain: 'ras', timeMs, outcome: 'allowed', ...resource });
    await store.policies.append(version(1, '{}', 'resource'), [other]);
    await store.policies.append(version(1, JSON.stringify({ rules })), [line]);
    await store.policies.append(version(2, JSON.stringify({ rules })), []);
    const decision = { effect: 'allow', because: ['eng', 'gone'] } as const;
    const correlation = 'run-1';
    await write(
      {
        id: 'd_issued',
        kind: 'issuance',
        idJag: 'jag-1',
        person: 'u_1',
        policy: published.policy,
        decision,
        correlation,
      },
      { id: 'd_redeemed', kind: 'redemption', idJag: 'jag-1', accessToken: 'tok-1', issuer, correlation },
      { id: 'd_call_1', kind: 'tool_call', accessToken: 'tok-1', tool: 'get', correlation },
      { id: 'd_call_2', kind: 'tool_call', accessToken: 'tok-1', tool: 'put' },
      { id: 'd_refused', reason: 'policy_denied', outcome: 'refused', correlation },
      { id: 'd_replayed', idJag: 'jag-1', issuer, reason: 'id_jag_replayed', outcome: 'refused' },
      { id: 'd_foreign', kind: 'redemption', idJag: 'jag-f', accessToken: 'tok-f', issuer: 'https://okta.example' },
      { id: 'd_forged', kind: 'redemption', idJag: 'jag-x', accessToken: 'tok-x', issuer },
      { id: 'd_stray', kind: 'tool_call', accessToken: 'tok-s' },
      { id: 'd_old', kind: 'issuance', idJag: 'jag-o', policy: { kind: 'access', version: 9 } },
      { id: 'd_unseen', kind: 'issuance', idJag: 'jag-u', policy: { kind: 'access', version: 2 } },
      { id: 'd_ruled', kind: 'redemption', idJag: 'jag-r', accessToken: 'tok-r', issuer, policy: resource.policy },
      { id: 'd_refused_r', idJag: 'jag-r', accessToken: 'tok-r', issuer, outcome: 'refused' },
    );
  });
  after(() => store.close());

  for (const [id, as] of [
    ['d_call_2', 'record'],
    ['tok-1', 'access_token'],
    ['jag-1', 'id_jag'],
    ['d_issued', 'record'],
    ['run-1', 'correlation'],
  ] as const) {
    test(`${id} leads to the whole grant, back to the rule and forward to the calls`, async () => {
      const found = await trace(store, id, both);
      assert.equal(found?.as, as);
      assert.equal(found.grants.length, 1);
      const [grant] = found.grants;
      assert.deepEqual([grant?.idJag, grant?.issuance?.id, grant?.missing], ['jag-1', 'd_issued', []]);
      assert.deepEqual(
        grant?.redemptions.map(({ accessToken, redemption, calls, missing }) => [
          accessToken,
          redemption?.id,
          calls.map(({ id }) => id),
          missing,
        ]),
        [['tok-1', 'd_redeemed', ['d_call_1', 'd_call_2'], []]],
      );
      assert.deepEqual(
        grant?.others.map(({ id }) => id),
        ['d_replayed'],
      );
      const { policy } = grant ?? {};
      assert.deepEqual([policy?.version, policy?.author, policy?.publication?.by], [1, 'u_dana', 'u_dana']);
      assert.equal(policy?.missing, undefined);
      assert.deepEqual(policy?.rules, [
        { id: 'eng', rule: { id: 'eng', allow: 'all', on: 'tracker' } },
        { id: 'gone' },
      ]);
      assert.deepEqual(
        found.others.map(({ id }) => id),
        as === 'correlation' ? ['d_refused'] : [],
      );
    });
  }

  test('what nothing here knows has none; a refusal stands for itself', async () => {
    assert.equal(await trace(store, 'nothing', both), undefined);
    const refused = await trace(store, 'd_refused', both);
    assert.deepEqual([refused?.record?.id, refused?.grants, refused?.others], ['d_refused', [], []]);
  });

  const onlyRas = { idp: undefined, ras: both.ras };
  const neither = { idp: undefined, ras: undefined };
  const table: [
    id: string,
    origins: typeof both | typeof onlyRas | typeof neither,
    ofJag: string[],
    ofToken: string[],
  ][] = [
    ['jag-f', both, ['issued_elsewhere'], []],
    ['jag-x', both, ['never_issued'], []],
    ['jag-x', onlyRas, ['issued_elsewhere'], []],
    ['tok-s', both, [], ['never_redeemed']],
    ['tok-s', neither, [], ['redeemed_elsewhere']],
  ];
  for (const [id, origins, ofJag, ofToken] of table) {
    test(`${id}, ${origins.idp ? 'IdP' : 'no IdP'}, ${origins.ras ? 'RAS' : 'no RAS'}: ${[...ofJag, ...ofToken]}`, async () => {
      const [grant] = (await trace(store, id, origins))?.grants ?? [];
      assert.deepEqual([grant?.missing, grant?.redemptions[0]?.missing], [ofJag, ofToken]);
    });
  }

  test('a version that is not in the store is said to be so', async () => {
    const policy = (await trace(store, 'jag-o', both))?.grants[0]?.policy;
    assert.deepEqual([policy?.version, policy?.missing], [9, 'version_unknown']);
  });

  test('a version that nobody is known to have published is said to be so', async () => {
    const policy = (await trace(store, 'jag-u', both))?.grants[0]?.policy;
    assert.deepEqual([policy?.version, policy?.publication, policy?.missing], [2, undefined, 'publication_unknown']);
  });

  test('what a redemption rests on is the policy of its own side; a refusal is no redemption', async () => {
    const redemptions = (await trace(store, 'jag-r', both))?.grants[0]?.redemptions ?? [];
    assert.deepEqual(
      redemptions.map(({ accessToken, policy }) => [accessToken, policy?.kind, policy?.publication?.by]),
      [['tok-r', 'resource', 'u_erin']],
    );
  });

  test('of a record whose old lines went: what is less than a day younger than the rest may have gone with them', async () => {
    const { store: short, write: fill, newRow, seal } = await openRecord();
    await fill(300);
    await seal();
    await short.retention.note({ position: 256, timeMs: 1, lastMs: 1 }, []);
    while ((await short.retention.remove(512)) > 0);
    const [first] = await short.audit.read(0, 1);
    const shownAt = async (ms: number) => {
      const idJag = `jag-${ms}`;
      const line = {
        kind: 'redemption',
        outcome: 'allowed',
        idJag,
        issuer,
        timeMs: (first?.timeMs ?? 0) + ms,
      } as const;
      await short.commit({ marks: [], records: [newRow(line)] });
      return (await trace(short, idJag, both))?.grants[0]?.missing;
    };
    assert.deepEqual(await shownAt(86_400_000 - 1), ['before_the_record']);
    assert.deepEqual(await shownAt(86_400_000), ['never_issued']);
    await short.close();
  });

  describe('the alarm for what was never given out (T13)', () => {
    const told: AuditRecord[] = [];
    const look = (origins: { idp: string | undefined; ras: string | undefined }) => {
      const watch = { store, origins, nowMs: () => timeMs, newId: () => `a_${told.length + 1}` };
      return lookForOrphans({ ...watch, onOrphan: (alert) => told.push(alert) }, async () => undefined);
    };

    test('raises one for each, of our own only, of what was allowed only', async () => {
      await look(both); // begins here
      await write(
        { id: 'e_1', kind: 'redemption', idJag: 'jag-2', issuer, client: 'claude-code', subject: 'u_1' },
        { id: 'e_2', kind: 'redemption', idJag: 'jag-2', issuer },
        { id: 'e_3', kind: 'redemption', idJag: 'jag-3', issuer: 'https://okta.example' },
        { id: 'e_4', kind: 'tool_call', accessToken: 'tok-2', server: 'tracker', person: 'u_4' },
        { id: 'e_5', kind: 'tool_call', accessToken: 'tok-3', outcome: 'refused' },
        { id: 'e_6', kind: 'redemption', idJag: 'jag-1', accessToken: 'tok-9', issuer },
        { id: 'e_7', kind: 'tool_call', accessToken: 'tok-9' },
      );
      await look(both);
      assert.deepEqual(
        told.map(({ orphan, idJag, accessToken, client, subject, server, person, issuer: of }) => [
          orphan,
          idJag ?? accessToken,
          client ?? server,
          subject,
          person,
          of,
        ]),
        [
          ['id_jag', 'jag-2', 'claude-code', 'u_1', undefined, issuer],
          ['access_token', 'tok-2', 'tracker', undefined, 'u_4', undefined],
        ],
      );
      assert.match(told[0]?.detail ?? '', /never issued.*\(e_1\)/);
      assert.equal((await store.audit.find('a_1'))?.kind, 'alert');
    });

    test('whoever raised it knew whose it was: the trace says so, whatever is part of the installation by now', async () => {
      const neither = { idp: undefined, ras: undefined };
      const [jag] = (await trace(store, 'jag-2', neither))?.grants ?? [];
      assert.deepEqual(jag?.missing, ['never_issued']);
      const [token] = (await trace(store, 'tok-2', neither))?.grants ?? [];
      assert.deepEqual(token?.redemptions[0]?.missing, ['never_redeemed']);
    });

    test('raises none a second time, however often it is shown', async () => {
      await write(
        { id: 'f_1', kind: 'redemption', idJag: 'jag-2', issuer },
        { id: 'f_2', kind: 'tool_call', accessToken: 'tok-2' },
      );
      await look(both);
      assert.equal(told.length, 2);
    });

    test('says nothing about roles that are played elsewhere', async () => {
      await write(
        { id: 'g_1', kind: 'redemption', idJag: 'jag-5', issuer },
        { id: 'g_2', kind: 'tool_call', accessToken: 'tok-5' },
      );
      await look({ idp: undefined, ras: undefined });
      assert.equal(told.length, 2);
    });
  });
});
