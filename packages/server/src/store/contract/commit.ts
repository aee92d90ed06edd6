import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { verifyChains } from '../chain.ts';
import { type AuditRow, type Mark, type Store, StoreConflict, type StoredAuditRow } from '../store.ts';
import { type Access, far, fresh, idJag, row } from './fixtures.ts';

/** `commit` and the record it writes. */
export function commitContract(access: Access): void {
  describe('commit', () => {
    test('of eight that use one mark at once, by two ways in, exactly one wins', async () => {
      const mark = idJag();
      const other = await access.another();
      const ids = Array.from({ length: 8 }, () => fresh('race'));
      const outcomes = await Promise.all(
        ids.map((id, index) => (index % 2 ? other : access.store()).commit({ marks: [mark], records: [row({ id })] })),
      );
      const winners = ids.filter((_, index) => outcomes[index]?.won);
      assert.equal(winners.length, 1);
      const written = await Promise.all(ids.map((id) => access.store().audit.find(id)));
      assert.deepEqual(
        written.flatMap((found) => (found ? [found.id] : [])),
        winners,
      );
    });

    for (const kind of ['id_jag', 'logout_token'] as const) {
      test(`a mark once used stays used after the store was opened again: ${kind}`, async () => {
        const mark: Mark = { ...idJag(), kind };
        assert.deepEqual(await access.store().commit({ marks: [mark], records: [] }), { won: true });
        await access.reopen();
        assert.deepEqual(await access.store().commit({ marks: [mark], records: [] }), { won: false, lost: mark });
      });
    }

    for (const kind of ['dpop_proof', 'logout_token'] as const) {
      test(`a mark whose last second has a fraction is a mark, and fails nobody: ${kind}`, async () => {
        const mark: Mark = { ...idJag(fresh('jti'), far + 0.5), kind };
        const commits = [[mark], [idJag()], [mark]].map((marks) => access.store().commit({ marks, records: [] }));
        assert.deepEqual(await Promise.all(commits), [{ won: true }, { won: true }, { won: false, lost: mark }]);
      });
    }

    test('marks of two kinds with one id are two marks', async () => {
      const mark = idJag();
      const assertion: Mark = { ...mark, kind: 'client_assertion' };
      assert.deepEqual(await access.store().commit({ marks: [mark, assertion], records: [] }), { won: true });
    });

    test('a lost mark: those before it stay used, those after it do not, and nothing is written', async () => {
      const [first, used, last] = [idJag(), idJag(), idJag()];
      await access.store().commit({ marks: [used], records: [] });
      const line = row();
      const outcome = await access.store().commit({
        marks: [first, used, last],
        records: [line],
      });
      assert.deepEqual(outcome, { won: false, lost: used });
      assert.equal(await access.store().audit.find(line.id), undefined);
      assert.equal((await access.store().commit({ marks: [first], records: [] })).won, false);
      assert.equal((await access.store().commit({ marks: [last], records: [] })).won, true);
    });

    test('a commit that cannot be carried out fails alone and leaves nothing behind', async () => {
      const [unused, taken] = [idJag(), row()];
      await access.store().commit({ marks: [], records: [taken] });
      const [before, behind] = [row(), row()];
      const [, duplicate] = await Promise.allSettled([
        access.store().commit({ marks: [], records: [before] }),
        access.store().commit({ marks: [unused], records: [row(), taken] }),
        access.store().commit({ marks: [], records: [behind] }),
      ]);
      assert.ok(duplicate?.status === 'rejected' && duplicate.reason instanceof StoreConflict);
      for (const { id } of [before, behind]) assert.ok(await access.store().audit.find(id), id);
      assert.equal((await access.store().commit({ marks: [unused], records: [] })).won, true);
      assert.equal(verifyChains(await everything(access.store())), undefined);
    });
  });

  describe('audit', () => {
    test('a line comes back as it was given, by position, id and token', async () => {
      const [jag, token] = [fresh('jag'), fresh('token')];
      const issued = row({
        personal: '{"salt":"x","person":"u_1"}',
        person: 'u_1',
        client: 'claude-code',
        server: 'tracker',
        idJag: jag,
      });
      const redeemed = row({ idJag: jag, accessToken: token, body: '{"note":"\\u0000 é 𝄞"}' });
      const called = row({ accessToken: token });
      for (const one of [issued, redeemed, called]) await access.store().commit({ marks: [], records: [one] });
      const found = await access.store().audit.find(issued.id);
      assert.deepEqual({ ...found, ...issued }, found);
      assert.equal((await access.store().audit.find(redeemed.id))?.body, redeemed.body);
      const idsOf = async (rows: Promise<readonly AuditRow[]>) => (await rows).map(({ id }) => id);
      assert.deepEqual(await idsOf(access.store().audit.findByToken(jag)), [issued.id, redeemed.id]);
      assert.deepEqual(await idsOf(access.store().audit.findByToken(token)), [redeemed.id, called.id]);
      assert.deepEqual(await idsOf(access.store().audit.last(2)), [redeemed.id, called.id]);
      assert.deepEqual(await idsOf(access.store().audit.read((found?.position ?? 0) - 1, 2)), [issued.id, redeemed.id]);
      assert.equal(await access.store().audit.find('nobody'), undefined);
      assert.deepEqual(await access.store().audit.findByToken('nobody'), []);
    });

    test('of an ID-JAG and of a token, the line of what gave it out is found, whatever else speaks of it', async () => {
      const [jag, token] = [fresh('jag'), fresh('token')];
      const lines = [
        row({ kind: 'refusal', idJag: jag, accessToken: token }),
        row({ kind: 'issuance', idJag: jag }),
        row({ kind: 'redemption', idJag: jag, accessToken: token }),
        row({ kind: 'tool_call', accessToken: token }),
      ];
      await access.store().commit({ marks: [], records: lines });
      const { audit } = access.store();
      assert.equal((await audit.findGiven('id_jag', jag))?.id, lines[1]?.id);
      assert.equal((await audit.findGiven('access_token', token))?.id, lines[2]?.id);
      assert.equal(await audit.findGiven('id_jag', token), undefined);
      assert.equal(await audit.findGiven('access_token', jag), undefined);
    });

    test('each node counts 1, 2, 3, ... without gaps, and each line carries the hash of the one before', async () => {
      await access.reopen();
      const other = await access.another();
      const writes = [access.store(), other, access.store(), other].flatMap((one) => [
        one.commit({ marks: [], records: [row(), row()] }),
        one.commit({ marks: [], records: [row()] }),
      ]);
      await Promise.all(writes);
      const rows = await everything(access.store());
      assert.equal(verifyChains(rows), undefined);
      assert.ok(rows.length >= 12);
      assert.deepEqual(
        rows.map(({ position }) => position),
        rows.map(({ position }) => position).toSorted((a, b) => a - b),
      );
    });
  });
}

async function everything(store: Store): Promise<StoredAuditRow[]> {
  const rows: StoredAuditRow[] = [];
  for (;;) {
    const page = await store.audit.read(rows.at(-1)?.position ?? 0, 50);
    if (page.length === 0) return rows;
    rows.push(...page);
  }
}
