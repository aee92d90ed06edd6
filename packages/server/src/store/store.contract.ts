import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { verifyChains } from './chain.ts';
import type { AuditRow, Mark, Person, PolicyVersion, Store, StoredAuditRow } from './store.ts';
import { StoreConflict, StoreUnavailable } from './store.ts';

/** A store under test. Where there is only one way in (memory), `another` and `reopen` resolve to `store` itself. */
export interface StoreUnderTest {
  readonly store: Store;
  /** A second way in to the same data, as another node has. */
  another(): Promise<Store>;
  /** Closes the store and opens the same data again, under the same node name. */
  reopen(): Promise<Store>;
  close(): Promise<void>;
}

const now = 1_800_000_000;
const far = 4_000_000_000;
let made = 0;
/** A name nothing else in this run has. */
const fresh = (what: string) => `${what}-${++made}`;
const row = (change: Partial<AuditRow> = {}): AuditRow => {
  const id = change.id ?? fresh('decision');
  return { id, kind: 'issuance', timeMs: now * 1000, body: JSON.stringify({ id }), ...change };
};
const idJag = (id = fresh('jti'), until = far): Mark => ({ kind: 'id_jag', id, until });
const erin = (change: Partial<Person> = {}): Person => {
  const id = change.id ?? fresh('u');
  const base = { source: 'local', email: `${id}@acme.example`, name: 'Erin', active: true, groups: [], roles: [] };
  return { id, ...base, ...change };
};
const version = (number: number, document: string, kind: PolicyVersion['kind'] = 'access'): PolicyVersion => {
  const digest = hash('sha256', document, 'base64url');
  return { kind, version: number, document, digest, author: 'u_dana', publishedAt: now };
};

/** Everything `store.ts` promises, against a store of any kind. */
export function storeContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(name, () => {
    let subject: StoreUnderTest;
    let store: Store;
    before(async () => {
      subject = await open();
      store = subject.store;
    });
    after(() => subject.close());

    const everything = async () => {
      const rows: StoredAuditRow[] = [];
      for (;;) {
        const page = await store.audit.read(rows.at(-1)?.position ?? 0, 50);
        if (page.length === 0) return rows;
        rows.push(...page);
      }
    };

    describe('commit', () => {
      test('of eight that use one mark at once, by two ways in, exactly one wins', async () => {
        const mark = idJag();
        const other = await subject.another();
        const ids = Array.from({ length: 8 }, () => fresh('race'));
        const outcomes = await Promise.all(
          ids.map((id, index) => (index % 2 ? other : store).commit({ marks: [mark], records: [row({ id })] })),
        );
        const winners = ids.filter((_, index) => outcomes[index]?.won);
        assert.equal(winners.length, 1);
        const written = await Promise.all(ids.map((id) => store.audit.find(id)));
        assert.deepEqual(
          written.flatMap((found) => (found ? [found.id] : [])),
          winners,
        );
      });

      test('a mark once used stays used after the store was opened again', async () => {
        const mark = idJag();
        assert.deepEqual(await store.commit({ marks: [mark], records: [] }), { won: true });
        store = await subject.reopen();
        assert.deepEqual(await store.commit({ marks: [mark], records: [] }), { won: false, lost: mark });
      });

      test('marks of two kinds with one id are two marks', async () => {
        const mark = idJag();
        const assertion: Mark = { ...mark, kind: 'client_assertion' };
        assert.deepEqual(await store.commit({ marks: [mark, assertion], records: [] }), { won: true });
      });

      test('a lost mark: those before it stay used, those after it do not, and recordsIfLost is written', async () => {
        const [first, used, last] = [idJag(), idJag(), idJag()];
        await store.commit({ marks: [used], records: [] });
        const [kept, instead] = [row(), row({ kind: 'refusal' })];
        const outcome = await store.commit({
          marks: [first, used, last],
          records: [kept],
          recordsIfLost: (lost) => (lost === used ? [instead] : []),
        });
        assert.deepEqual(outcome, { won: false, lost: used });
        assert.equal(await store.audit.find(kept.id), undefined);
        assert.equal((await store.audit.find(instead.id))?.kind, 'refusal');
        assert.equal((await store.commit({ marks: [first], records: [] })).won, false);
        assert.equal((await store.commit({ marks: [last], records: [] })).won, true);
      });

      test('a commit that cannot be carried out fails alone and leaves nothing behind', async () => {
        const [used, unused, taken] = [idJag(), idJag(), row()];
        await store.commit({ marks: [used], records: [taken] });
        const [before, between, behind] = [row(), row(), row()];
        const broken = new Error('broken recordsIfLost');
        const throwing = () => {
          throw broken;
        };
        const [, thrown, , duplicate] = await Promise.allSettled([
          store.commit({ marks: [], records: [before] }),
          store.commit({ marks: [unused, used], records: [], recordsIfLost: throwing }),
          store.commit({ marks: [], records: [between] }),
          store.commit({ marks: [unused], records: [row(), taken] }),
          store.commit({ marks: [], records: [behind] }),
        ]);
        assert.deepEqual(thrown, { status: 'rejected', reason: broken });
        assert.equal(duplicate?.status, 'rejected');
        for (const { id } of [before, between, behind]) assert.ok(await store.audit.find(id), id);
        assert.equal((await store.commit({ marks: [unused], records: [] })).won, true);
        assert.equal(verifyChains(await everything()), undefined);
      });
    });

    describe('audit', () => {
      test('a line comes back as it was given, by position, id and token', async () => {
        const [jag, token] = [fresh('jag'), fresh('token')];
        const issued = row({ person: 'u_1', client: 'claude-code', server: 'tracker', idJag: jag });
        const redeemed = row({ idJag: jag, accessToken: token, body: '{"note":"\\u0000 é 𝄞"}' });
        const called = row({ accessToken: token });
        for (const one of [issued, redeemed, called]) await store.commit({ marks: [], records: [one] });
        const found = await store.audit.find(issued.id);
        assert.deepEqual({ ...found, ...issued }, found);
        assert.equal((await store.audit.find(redeemed.id))?.body, redeemed.body);
        const idsOf = async (rows: Promise<readonly AuditRow[]>) => (await rows).map(({ id }) => id);
        assert.deepEqual(await idsOf(store.audit.findByToken(jag)), [issued.id, redeemed.id]);
        assert.deepEqual(await idsOf(store.audit.findByToken(token)), [redeemed.id, called.id]);
        assert.deepEqual(await idsOf(store.audit.last(2)), [redeemed.id, called.id]);
        assert.deepEqual(await idsOf(store.audit.read((found?.position ?? 0) - 1, 2)), [issued.id, redeemed.id]);
        assert.equal(await store.audit.find('nobody'), undefined);
        assert.deepEqual(await store.audit.findByToken('nobody'), []);
      });

      test('each node counts 1, 2, 3, ... without gaps, and each line carries the hash of the one before', async () => {
        store = await subject.reopen();
        const other = await subject.another();
        const writes = [store, other, store, other].flatMap((one) => [
          one.commit({ marks: [], records: [row(), row()] }),
          one.commit({ marks: [], records: [row()] }),
        ]);
        await Promise.all(writes);
        const rows = await everything();
        assert.equal(verifyChains(rows), undefined);
        assert.ok(rows.length >= 12);
        assert.deepEqual(
          rows.map(({ position }) => position),
          rows.map(({ position }) => position).toSorted((a, b) => a - b),
        );
      });
    });

    describe('artifacts', () => {
      const model = 'RefreshToken';
      const save = async (payload: Record<string, unknown> = {}, expiresAt: number | undefined = far, of = model) => {
        const id = fresh('artifact');
        await store.artifacts.upsert(of, id, payload, expiresAt);
        return id;
      };

      test('what was saved is found by model and id, and replaced by saving again', async () => {
        const id = await save({ scope: 'openid', nested: { a: [1, null] } });
        assert.deepEqual(await store.artifacts.find(model, id), { scope: 'openid', nested: { a: [1, null] } });
        assert.equal(await store.artifacts.find('Session', id), undefined);
        await store.artifacts.upsert(model, id, { scope: 'email' }, undefined);
        assert.deepEqual(await store.artifacts.find(model, id), { scope: 'email' });
        await store.artifacts.destroy(model, id);
        assert.equal(await store.artifacts.find(model, id), undefined);
      });

      test('an expired one is not found, by id or uid', async () => {
        const past = Math.floor(Date.now() / 1000) - 1;
        const uid = fresh('uid');
        assert.equal(await store.artifacts.find(model, await save({}, past)), undefined);
        await save({ uid }, past, 'Session');
        assert.equal(await store.artifacts.findByUid('Session', uid), undefined);
        await save({ uid, accountId: 'u_1' }, far, 'Session');
        assert.deepEqual(await store.artifacts.findByUid('Session', uid), { uid, accountId: 'u_1' });
        assert.equal(await store.artifacts.findByUid('Interaction', uid), undefined);
      });

      test('of eight that consume it at once, by two ways in, exactly one does, and saving again does not revive it', async () => {
        const id = await save({ grantId: 'g' });
        const other = await subject.another();
        const outcomes = await Promise.all(
          Array.from({ length: 8 }, (_, index) => (index % 2 ? other : store).artifacts.consume(model, id, now)),
        );
        assert.equal(outcomes.filter(Boolean).length, 1);
        assert.deepEqual(await store.artifacts.find(model, id), { grantId: 'g', consumed: now });
        await store.artifacts.upsert(model, id, { grantId: 'g' }, far);
        assert.deepEqual(await store.artifacts.find(model, id), { grantId: 'g', consumed: now });
        assert.equal(await store.artifacts.consume(model, id, now + 1), false);
      });

      test('what is not there or has expired cannot be consumed', async () => {
        assert.equal(await store.artifacts.consume(model, 'nothing', now), false);
        const id = await save({}, now);
        assert.equal(await store.artifacts.consume(model, id, now), false);
        assert.equal(await store.artifacts.consume(model, id, now - 1), true);
      });

      test('revokeGrant removes every artifact of the grant, of any model, and of no other', async () => {
        const grantId = fresh('grant');
        const code = await save({ grantId }, far, 'AuthorizationCode');
        const token = await save({ grantId });
        const others = await save({ grantId: fresh('grant') });
        await store.artifacts.revokeGrant(grantId);
        assert.equal(await store.artifacts.find('AuthorizationCode', code), undefined);
        assert.equal(await store.artifacts.find(model, token), undefined);
        assert.ok(await store.artifacts.find(model, others));
      });

      test('a session stands for the sids it holds now, until it ends or expires', async () => {
        const [first, second] = [fresh('sid'), fresh('sid')];
        const session = { accountId: 'u_1', authorizations: { a: { sid: first }, b: { sid: second }, c: {} } };
        const id = await save(session, now + 100, 'Session');
        const stands = (sid: string, when = now) => store.artifacts.sessionStands(sid, when);
        assert.deepEqual([await stands(first), await stands(second), await stands(fresh('sid'))], [true, true, false]);
        assert.deepEqual([await stands(first, now + 99), await stands(first, now + 100)], [true, false]);
        await store.artifacts.upsert('Session', id, { authorizations: { b: { sid: second } } }, now + 100);
        assert.deepEqual([await stands(first), await stands(second)], [false, true]);
        await store.artifacts.destroy('Session', id);
        assert.equal(await stands(second), false);
      });

      test('endSessionsOf removes the sessions, grants and tokens of one person', async () => {
        const [accountId, sid] = [fresh('u'), fresh('sid')];
        const session = await save({ accountId, authorizations: { a: { sid } } }, far, 'Session');
        const token = await save({ accountId, grantId: fresh('grant') });
        const others = await save({ accountId: fresh('u') });
        await store.artifacts.endSessionsOf(accountId);
        assert.equal(await store.artifacts.sessionStands(sid, now), false);
        assert.equal(await store.artifacts.find('Session', session), undefined);
        assert.equal(await store.artifacts.find(model, token), undefined);
        assert.ok(await store.artifacts.find(model, others));
      });
    });

    describe('people', () => {
      test('a person comes back with exactly their groups and roles, by id and by e-mail in any case', async () => {
        const person = erin({ email: `Erin.${fresh('x')}@Acme.example`, groups: ['a', 'b'], roles: ['contractor'] });
        await store.people.save({ ...person, groups: ['b', 'a', 'b'] });
        assert.deepEqual(await store.people.find(person.id), person);
        assert.deepEqual(await store.people.findByEmail(person.email.toUpperCase()), person);
        const changed = { ...person, name: 'Erin B.', active: false, groups: ['c'], roles: [] };
        await store.people.save(changed);
        assert.deepEqual(await store.people.find(person.id), changed);
        assert.deepEqual(await store.people.findByEmail(person.email), changed);
        assert.equal(await store.people.find('nobody'), undefined);
        assert.equal(await store.people.findByEmail('nobody@acme.example'), undefined);
      });

      test('an e-mail address belongs to one person, whatever its case, and a refused save changes nothing', async () => {
        const [first, second] = [erin(), erin({ groups: ['a'] })];
        await store.people.save(first);
        await store.people.save(second);
        const thief = { ...second, email: first.email.toUpperCase(), groups: ['b'] };
        await assert.rejects(store.people.save(thief), StoreConflict);
        assert.deepEqual(await store.people.find(second.id), second);
      });

      test('a password stays when the person is saved again, and is set for known people only', async () => {
        const person = erin();
        await store.people.save(person);
        assert.equal(await store.people.passwordHash(person.id), undefined);
        await store.people.setPasswordHash(person.id, '$argon2id$...');
        await store.people.save({ ...person, name: 'Erin B.' });
        assert.equal(await store.people.passwordHash(person.id), '$argon2id$...');
        await assert.rejects(store.people.setPasswordHash('nobody', '$argon2id$...'), StoreConflict);
      });

      test('list gives everybody once, in pages, whatever they are in', async () => {
        await store.people.save(erin({ groups: ['a', 'b', 'c'], roles: ['r'] }));
        const seen: Person[] = [];
        for (;;) {
          const page = await store.people.list(seen.at(-1)?.id ?? '', 2);
          assert.ok(page.length <= 2);
          if (page.length === 0) break;
          seen.push(...page);
        }
        assert.ok(seen.length >= 3);
        assert.equal(new Set(seen.map(({ id }) => id)).size, seen.length);
        for (const person of seen) assert.deepEqual(await store.people.find(person.id), person);
      });
    });
    restOfContract(
      () => store,
      () => subject,
    );
  });
}

function restOfContract(store: () => Store, subject: () => StoreUnderTest): void {
  test('credentials: two may live at once, each domain sees its own, and one can be removed', async () => {
    const { credentials } = store();
    const clientId = fresh('client');
    const secret = (secretHash: string, domain: 'idp' | 'ras' = 'idp') => ({
      domain,
      clientId,
      secretHash,
      createdAt: now,
    });
    for (const one of [secret('h1'), secret('h2'), secret('h1'), secret('h3', 'ras')]) await credentials.add(one);
    const ofClient = async (domain: 'idp' | 'ras') =>
      (await credentials.all(domain)).filter((one) => one.clientId === clientId);
    assert.deepEqual(await ofClient('idp'), [secret('h1'), secret('h2')]);
    assert.deepEqual(await ofClient('ras'), [secret('h3', 'ras')]);
    await credentials.remove('ras', clientId, 'h1');
    await credentials.remove('idp', clientId, 'h1');
    assert.deepEqual(await ofClient('idp'), [secret('h2')]);
    assert.deepEqual(await ofClient('ras'), [secret('h3', 'ras')]);
  });

  test('policies: of eight that publish n+1 at once one does, its audit rows with it, and no other leaves a trace', async () => {
    const { policies, audit } = store();
    assert.equal(await policies.latest('access'), undefined);
    assert.equal(await policies.append(version(1, '{"n":1}'), []), 1);
    const other = await subject().another();
    const records = Array.from({ length: 8 }, () => row({ kind: 'policy' }));
    const outcomes = await Promise.allSettled(
      records.map((record, index) =>
        (index % 2 ? other : store()).policies.append(version(2, `{"by":${index}}`), [record]),
      ),
    );
    const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
    for (const [index, outcome] of outcomes.entries()) {
      assert.equal(outcome.status, index === winner ? 'fulfilled' : 'rejected');
      if (outcome.status === 'rejected') assert.ok(outcome.reason instanceof StoreConflict);
      assert.equal((await audit.find(records[index]?.id ?? '')) !== undefined, index === winner);
    }
    assert.deepEqual(await policies.latest('access'), version(2, `{"by":${winner}}`));
    assert.deepEqual(await policies.read('access', 1), version(1, '{"n":1}'));
    assert.equal(await policies.read('access', 3), undefined);
    assert.equal(await policies.latest('resource'), undefined);
  });

  test('policies: a number may not be left out, and a digest must be its document’s', async () => {
    const { policies } = store();
    await assert.rejects(policies.append(version(2, '{}', 'resource'), []), StoreConflict);
    await assert.rejects(policies.append({ ...version(1, '{}', 'resource'), document: '{"a":1}' }, []), /digest/);
    assert.equal(await policies.latest('resource'), undefined);
  });

  test('accounts: eight that meet a subject at once get one account, and no other issuer shares it', async () => {
    const { accounts } = store();
    const other = await subject().another();
    const [issuer, name] = ['https://id.acme.example', fresh('subject')];
    assert.equal(await accounts.find(issuer, name), undefined);
    const got = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        (index % 2 ? other : store()).accounts.findOrCreate(issuer, name, fresh('acc')),
      ),
    );
    assert.equal(new Set(got.map(({ id }) => id)).size, 1);
    const [account] = got;
    assert.ok(account);
    assert.deepEqual(await accounts.find(issuer, name), { ...account, issuer, subject: name, active: true });
    const foreign = await accounts.findOrCreate('https://acme.okta.example', name, fresh('acc'));
    assert.notEqual(foreign.id, account.id);
    await accounts.setActive(account.id, false);
    assert.equal((await accounts.findOrCreate(issuer, name, fresh('acc'))).active, false);
    assert.equal((await accounts.find(foreign.issuer, name))?.active, true);
  });

  test('changeSequence grows with people, credentials, policies and accounts, seen by every way in, and with nothing else', async () => {
    const other = await subject().another();
    const person = erin();
    const secret = { domain: 'ras', clientId: fresh('client'), secretHash: 'h', createdAt: now } as const;
    const latest = (await store().policies.latest('access'))?.version ?? 0;
    const account = await store().accounts.findOrCreate('https://a.example', fresh('s'), fresh('acc'));
    const changes: [name: string, change: () => Promise<unknown>, grows: boolean][] = [
      ['a person saved', () => store().people.save(person), true],
      ['a password', () => store().people.setPasswordHash(person.id, 'h'), true],
      ['a secret added', () => store().credentials.add(secret), true],
      ['a secret removed', () => store().credentials.remove('ras', secret.clientId, 'h'), true],
      ['a version published', () => store().policies.append(version(latest + 1, '{}'), []), true],
      ['an account made', () => store().accounts.findOrCreate('https://a.example', fresh('s'), fresh('acc')), true],
      ['an account switched off', () => store().accounts.setActive(account.id, false), true],
      ['a commit', () => store().commit({ marks: [idJag()], records: [row()] }), false],
      ['an artifact', () => store().artifacts.upsert('Session', fresh('s'), {}, far), false],
    ];
    for (const [name, change, grows] of changes) {
      const before = await other.changeSequence();
      await change();
      assert.equal((await other.changeSequence()) > before, grows, name);
    }
  });

  test('purge removes marks after their last second and expired artifacts, and nothing else', async () => {
    const [over, last] = [idJag(fresh('jti'), now - 1), idJag(fresh('jti'), now)];
    await store().commit({ marks: [over, last], records: [] });
    const many = Array.from({ length: 2500 }, () => idJag(fresh('jti'), now - 5));
    await store().commit({ marks: many, records: [] });
    const [gone, kept] = [fresh('artifact'), fresh('artifact')];
    await store().artifacts.upsert('Grant', gone, {}, far);
    await store().artifacts.upsert('Grant', kept, {}, undefined);
    await store().purge(now);
    assert.ok(await store().artifacts.find('Grant', gone), 'a living artifact stays');
    const won = async (mark: Mark) => (await store().commit({ marks: [mark], records: [] })).won;
    assert.deepEqual([await won(over), await won(last)], [true, false]);
    for (const mark of [many[0], many.at(-1)]) assert.equal(mark && (await won(mark)), true);
    await store().purge(far);
    assert.equal(await store().artifacts.find('Grant', gone), undefined);
    assert.deepEqual(await store().artifacts.find('Grant', kept), {});
  });

  test('close makes durable what waits, and refuses what comes after', async () => {
    const mark = idJag();
    const waiting = store().commit({ marks: [mark], records: [] });
    await store().close();
    assert.deepEqual(await waiting, { won: true });
    await assert.rejects(store().commit({ marks: [idJag()], records: [] }), StoreUnavailable);
    await assert.rejects(store().people.find('u'), StoreUnavailable);
    await assert.rejects(store().people.list('', 1), StoreUnavailable);
    await assert.rejects(store().changeSequence(), StoreUnavailable);
  });
}
