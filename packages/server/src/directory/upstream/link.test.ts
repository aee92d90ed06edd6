import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openSqliteStore } from '../../store/sqlite.ts';
import { type AuditRow, type Person, type Store, StoreUnavailable } from '../../store/store.ts';
import { SignInConfig } from '../../upstream-config.ts';
import { findOrLink } from './link.ts';
import { toUpstreams } from './settings.ts';

describe('who an identity at an upstream is', () => {
  let store: Store;
  let made = 0;
  before(async () => {
    store = await openSqliteStore(':memory:', { node: 'test' });
    for (const source of ['upstream:okta', 'upstream:renamed', 'scim:hr']) await store.directory.claimSource(source);
  });
  after(() => store.close());

  const upstreamOf = (change: object = {}, name = 'okta') => {
    const entry = { issuer: 'https://idp.acme.example', client_id: 'c', client_secret_file: 'f', ...change };
    const [upstream] = toUpstreams(SignInConfig.parse({ upstream: { [name]: entry } }));
    assert.ok(upstream);
    return upstream;
  };
  const rows: string[] = [];
  const find = (upstream: ReturnType<typeof upstreamOf>, subject: string, claims: object = {}, at = store) =>
    findOrLink(
      { upstream, subject, claims: { email: `${subject}@acme.example`, email_verified: true, ...claims } },
      {
        store: at,
        now: 1_800_000_000,
        newId: () => `u_${++made}`,
        records: (change, person): AuditRow[] => {
          rows.push(`${change} ${person}`);
          return [{ id: `r_${++made}`, kind: 'directory', timeMs: 1, body: '{}', person }];
        },
      },
    );
  const idOf = (found: Awaited<ReturnType<typeof find>>) => (found.ok ? found.value.id : found.refusal);
  const provision = async (handle: string, externalId: string, change: { wantedActive?: boolean } = {}) => {
    const id = `u_${++made}`;
    const named = { email: `${handle}@hr.example`, emails: [`${handle}@hr.example`], name: handle };
    const state = { wantedActive: true, blocked: false, attributes: '{}', createdMs: 1, modifiedMs: 1, ...change };
    await store.directory.provisioned.create({ id, source: 'scim:hr', handle, externalId, ...named, ...state }, {}, []);
    return id;
  };

  test('nobody known, and none may be created', async () => {
    assert.equal(idOf(await find(upstreamOf({ create: false }), 'new')), 'upstream_person_unknown');
  });

  test('known, although none may be created any more', async () => {
    const id = idOf(await find(upstreamOf(), 'known'));
    assert.match(id, /^u_/);
    assert.equal(idOf(await find(upstreamOf({ create: false }), 'known')), id);
  });

  test('the same subject of another issuer under the same name is somebody else', async () => {
    const id = idOf(await find(upstreamOf(), 'moved'));
    const moved = upstreamOf({ issuer: 'https://idp.other.example' });
    assert.equal(idOf(await find(moved, 'moved')), 'upstream_email_taken');
    assert.notEqual(idOf(await find(moved, 'moved', { email: 'moved2@acme.example' })), id);
  });

  test('the same issuer under another name does not reach the old records', async () => {
    await find(upstreamOf(), 'stays');
    assert.equal(idOf(await find(upstreamOf({}, 'renamed'), 'stays')), 'upstream_email_taken');
  });

  describe('whose records belong to another source', () => {
    const by = (match: string, claim = 'oid', change: object = {}) =>
      upstreamOf(
        { issuer: 'https://entra.example', provisioned_by: { source: 'scim:hr', match, claim }, ...change },
        'entra',
      );

    test('is found by externalId, linked on the record, and found by issuer and subject from then on', async () => {
      const id = await provision('erin', 'oid-1');
      assert.equal(idOf(await find(by('external_id'), 's1', { oid: 'oid-1', groups: ['x'] })), id);
      assert.ok(rows.includes(`linked ${id}`));
      assert.deepEqual(((await store.people.find(id)) as Person).groups, [], 'claims change nothing');
      assert.equal(idOf(await find(by('external_id'), 's1', { oid: 'gone' })), id);
    });

    test('is found by userName, whatever its case', async () => {
      const id = await provision('frank', 'oid-2');
      assert.equal(idOf(await find(by('user_name', 'upn'), 's2', { upn: 'Frank' })), id);
    });

    test('T11: a sign that is a letter only when its case is ignored finds nobody', async () => {
      await provision('frank\u00e5\u03c9', 'oid-signs');
      for (const upn of ['fran\u212a\u00e5\u03c9', 'frank\u212b\u03c9', 'frank\u00e5\u2126']) {
        assert.equal(idOf(await find(by('user_name', 'upn'), 's-signs', { upn })), 'upstream_person_unknown');
      }
    });

    test('claims that nobody verified, and too many groups, do not matter: they are not read', async () => {
      const id = await provision('gwen', 'oid-3');
      const claims = { oid: 'oid-3', email: undefined, _claim_names: { groups: 'src1' } };
      assert.equal(idOf(await find(by('external_id'), 's3', claims)), id);
    });

    test('T11: an externalId that two have finds neither, and whoever is linked stays so', async () => {
      const id = await provision('ida', 'oid-twice');
      assert.equal(idOf(await find(by('external_id'), 's10', { oid: 'oid-twice' })), id);
      await provision('ida2', 'oid-twice');
      assert.equal(idOf(await find(by('external_id'), 's11', { oid: 'oid-twice' })), 'upstream_person_unknown');
      assert.equal(idOf(await find(by('external_id'), 's10', { oid: 'oid-twice' })), id);
    });

    const table: [name: string, claims: object, reason: string][] = [
      ['nobody provisioned', { oid: 'nobody' }, 'upstream_person_unknown'],
      ['no claim to find them by', {}, 'upstream_no_user'],
      ['a claim that is no text', { oid: ['oid-1'] }, 'upstream_no_user'],
      ['a record that another subject has', { oid: 'oid-1' }, 'upstream_record_taken'],
    ];
    for (const [name, claims, reason] of table) {
      test(`${name}: ${reason}, and nobody is created`, async () => {
        const people = await store.people.list('', 1000);
        assert.equal(idOf(await find(by('external_id'), 's9', claims)), reason);
        assert.equal((await store.people.list('', 1000)).length, people.length);
      });
    }

    test('T11: of two subjects that claim one record at once, one has it; of one in two tabs, both are in', async () => {
      const id = await provision('jo', 'oid-race');
      const claims = { oid: 'oid-race' };
      const two = await Promise.all(['s12', 's13'].map((subject) => find(by('external_id'), subject, claims)));
      assert.deepEqual(two.map(idOf).sort(), [id, 'upstream_record_taken'].sort());
      assert.equal((await store.upstream.linksOf(id)).length, 1);
      const other = await provision('kim', 'oid-tabs');
      const tabs = await Promise.all([1, 2].map(() => find(by('external_id'), 's14', { oid: 'oid-tabs' })));
      assert.deepEqual(tabs.map(idOf), [other, other]);
    });

    test('a store that is away is a fault, and nobody is let in', async () => {
      await provision('helen', 'oid-away');
      const away = { ...store.upstream, linkFirst: () => Promise.reject(new StoreUnavailable('away')) };
      await assert.rejects(
        find(by('external_id'), 's7', { oid: 'oid-away' }, { ...store, upstream: away }),
        StoreUnavailable,
      );
    });

    test('somebody the source has switched off is not let in, at first or later', async () => {
      await provision('off', 'oid-off', { wantedActive: false });
      assert.equal(idOf(await find(by('external_id'), 's5', { oid: 'oid-off' })), 'person_inactive');
      const id = await provision('later', 'oid-later');
      assert.equal(idOf(await find(by('external_id'), 's6', { oid: 'oid-later' })), id);
      await store.directory.provisioned.block(id, true, []);
      assert.equal(idOf(await find(by('external_id'), 's6', { oid: 'oid-later' })), 'person_inactive');
    });
  });
});
