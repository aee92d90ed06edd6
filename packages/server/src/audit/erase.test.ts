import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { exported, openRecord, verifyLines } from '../../../../spec/sealed-record.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { erase } from './erase.ts';
import { readRecord } from './personal.ts';

const erin = 'u_erin4fJwTfKq0';
const issuer = 'https://id.acme.example';
const erasure = {
  id: erin,
  issuer,
  also: ['Erin@acme.example', 'Erin "E" Doe'],
  reason: 'request 4711',
  by: 'by command',
};
const told = { recordId: 'o_erased', nowMs: 1_800_000_000_000 };

describe('LOG-02, T25: what the record says of a person is erased, and the record stands', () => {
  const open = async () => {
    const dir = await mkdtemp(join(tmpdir(), 'credence-erase-'));
    const store = await openSqliteStore(join(dir, 'store.db'), { node: 'one' });
    const { newRow, seal } = await openRecord(store);
    const account = await store.accounts.findOrCreate({ issuer, tenant: undefined, subject: erin }, 'a_77ZbOfErin');
    const about = [
      { person: erin },
      { person: 'u_dana', by: erin },
      { person: account.id, subject: erin, issuer },
      { person: account.id },
      { person: undefined, joined: ['u_dana', erin] },
      { person: 'u_dana', detail: 'invited for erin@ACME.example' },
      { person: 'u_dana', detail: 'renamed to Erin "E" Doe' },
    ];
    const others = [{ person: 'u_erin' }, { person: 'u_dana', detail: 'nothing of hers' }];
    const records = [...about, ...others].map((change) => newRow(change as object));
    await store.commit({ marks: [], records });
    await seal();
    return { dir, store, seal, records, about };
  };

  test('in every line that speaks of them, and in no other; each line still follows from the one before', async () => {
    const { store, seal, records, about } = await open();
    const before = await exported(store);
    assert.deepEqual(await erase(store, erasure, told), { lines: about.length, kept: 0 });
    for (const [at, { id }] of records.entries()) {
      const row = await store.audit.find(id);
      assert.ok(row);
      const { erased, person, ...rest } = readRecord(row);
      assert.equal(erased, at < about.length ? true : undefined, String(at));
      assert.equal(row.person, at < about.length ? undefined : person);
      assert.equal(rest.reason, 'policy_denied');
    }
    const lines = await exported(store);
    assert.equal(lines.at(-3), before.at(-1), 'the checkpoint of before vouches for it');
    const found = await verifyLines(lines);
    assert.deepEqual(
      'erased' in found && [found.erased, found.unsealed],
      [about.length, 2],
      'what tells that it began, and that it ended',
    );
    await seal();
    assert.equal('fault' in (await verifyLines(await exported(store))), false);
    await store.close();
  });

  test('the line that tells of it names nobody; a second time there is nothing left to do', async () => {
    const { store } = await open();
    await erase(store, erasure, told);
    const row = await store.audit.find('o_erased');
    assert.ok(row);
    assert.equal(readRecord(row).detail, 'what 7 lines said of a person was erased: request 4711, by command');
    assert.doesNotMatch(JSON.stringify(row), /erin|a_77/i);
    assert.deepEqual(await erase(store, erasure, { ...told, recordId: 'o_again' }), { lines: 0, kept: 0 });
    await store.close();
  });

  test('neither id, name nor address is anywhere in the files of the store', async () => {
    const { dir, store } = await open();
    const many = await openRecord(store);
    for (let round = 0; round < 20; round += 1) {
      const rows = Array.from({ length: 50 }, (_, at) => many.newRow({ id: `m_${round}_${at}`, person: erin }));
      await store.commit({ marks: [], records: rows });
    }
    while ((await store.auditSearch.indexFurther()) > 0);
    await erase(store, erasure, told);
    // The account is the RAS's own and no part of the record.
    const database = new DatabaseSync(join(dir, 'store.db'));
    database.exec('DELETE FROM accounts');
    database.close();
    assert.equal(await store.erasure.writeBack(true), true);
    await store.close();
    const files = await readdir(dir);
    const contents = await Promise.all(files.map((file) => readFile(join(dir, file), 'latin1')));
    assert.ok(contents.some((text) => text.includes('m_19_49')));
    for (const text of contents) assert.doesNotMatch(text, /u_erin4f|a_77Zb|erin@acme|Erin .{0,2}"E/i);
  });

  test('lines of version 1 keep it, and are counted', async () => {
    const { store } = await open();
    const body = JSON.stringify({ v: 1, id: 'd_old', kind: 'refusal', person: erin });
    await store.commit({ marks: [], records: [{ id: 'd_old', kind: 'refusal', timeMs: 1, body, person: erin }] });
    assert.equal((await erase(store, erasure, told)).kept, 1);
    await store.close();
  });

  test('a subject of another issuer is another person: its accounts are not looked at', async () => {
    const { store } = await open();
    const found = await erase(store, { ...erasure, issuer: 'https://acme.okta.com', also: [] }, told);
    assert.equal(found.lines, 4);
    await store.close();
  });
});
