import type { Selectable } from 'kysely';
import type { Engine } from './engine.ts';
import type { AuditTable } from './schema.ts';
import type { AuditStore, StoredAuditRow } from './store.ts';

/** Reads the record. Lines are written by commits only. */
export function auditStore({ db }: Engine): AuditStore {
  const lines = () => db.selectFrom('audit').selectAll();
  return {
    read: async (after, limit) =>
      (await lines().where('position', '>', after).orderBy('position').limit(limit).execute()).map(toStoredRow),

    last: async (limit) =>
      (await lines().orderBy('position', 'desc').limit(limit).execute()).map(toStoredRow).reverse(),

    find: async (id) => {
      const row = await lines().where('id', '=', id).executeTakeFirst();
      return row && toStoredRow(row);
    },

    findByToken: async (jti) => {
      const rows = await lines()
        .where(({ or, eb }) => or([eb('id_jag', '=', jti), eb('access_token', '=', jti)]))
        .orderBy('position')
        .execute();
      return rows.map(toStoredRow);
    },

    findGiven: async (what, jti) => {
      const kind = what === 'id_jag' ? 'issuance' : 'redemption';
      const row = await lines().where(what, '=', jti).where('kind', '=', kind).limit(1).executeTakeFirst();
      return row && toStoredRow(row);
    },
  };
}

/** A line as the contract has it. */
export function toStoredRow(row: Selectable<AuditTable>): StoredAuditRow {
  return {
    position: row.position,
    node: row.node,
    seq: row.seq,
    previousHash: row.previous_hash,
    hash: row.hash,
    id: row.id,
    kind: row.kind,
    timeMs: row.time_ms,
    body: row.body,
    personal: row.personal ?? undefined,
    person: row.person ?? undefined,
    client: row.client ?? undefined,
    server: row.server ?? undefined,
    idJag: row.id_jag ?? undefined,
    accessToken: row.access_token ?? undefined,
  };
}
