import type { Compilable, Kysely } from 'kysely';
import { endEverythingOf } from './ending.ts';
import type { Engine } from './engine.ts';
import type { Schema } from './schema.ts';
import type { Factor, FactorStore } from './store.ts';

/** Second factors and the codes that work once. Each change and its lines of the record are one durable step. */
export function factorStore({ db, write }: Engine): FactorStore {
  const codesOf = (personId: string, purpose: CodePurpose) => removeCodes(db, personId, purpose);
  const insertCode = (personId: string, purpose: string, hash: string, expiresAt: number | null) =>
    db.insertInto('once_codes').values({ person_id: personId, purpose, code_hash: hash, expires_at: expiresAt });
  const spend = (personId: string, purpose: CodePurpose, hash: string, now: number) =>
    codesOf(personId, purpose)
      .where('code_hash', '=', hash)
      .where(({ or, eb }) => or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]));

  return {
    of: async (personId) => {
      const rows = await db
        .selectFrom('factors')
        .selectAll()
        .where('person_id', '=', personId)
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      return rows.map(toFactor);
    },

    findPasskey: async (credentialId) => {
      const row = await db
        .selectFrom('factors')
        .selectAll()
        .where('credential_id', '=', credentialId)
        .executeTakeFirst();
      return row && toFactor(row);
    },

    add: async (factor, { enrolmentCode, recoveryCodes, now, records }) => {
      const { personId } = factor;
      const condition = enrolmentCode === undefined ? [] : [spend(personId, 'enrolment', enrolmentCode, now)];
      const codes = recoveryCodes?.map((hash) => insertCode(personId, 'recovery', hash, null)) ?? [];
      const replace = recoveryCodes ? [codesOf(personId, 'recovery'), ...codes] : [];
      const steps = [...condition, insertFactor(db, factor), ...replace];
      const [changed] = await write({ steps, conditional: true, records });
      return changed === 1;
    },

    advance: async (id, counter, now) => {
      const update = db
        .updateTable('factors')
        .set({ counter, last_used_at: now })
        .where('id', '=', id)
        // An authenticator without a counter says 0 for ever; a time step is never 0.
        .where((eb) => (counter === 0 ? eb('counter', '=', 0) : eb('counter', '<', counter)));
      const [changed] = await write({ steps: [update] });
      return changed === 1;
    },

    rename: async (personId, id, name, records) => {
      const update = db.updateTable('factors').set({ name }).where('id', '=', id).where('person_id', '=', personId);
      const [changed] = await write({ steps: [update], conditional: true, records });
      return changed === 1;
    },

    remove: async (personId, id, records) => {
      const remove = db.deleteFrom('factors').where('id', '=', id).where('person_id', '=', personId);
      // Recovery codes stand in for a factor: without one they would be a second password.
      const lastCodes = codesOf(personId, 'recovery').where(({ not, exists, selectFrom }) =>
        not(exists(selectFrom('factors').select('id').where('person_id', '=', personId))),
      );
      const [changed] = await write({ steps: [remove, lastCodes], conditional: true, records });
      return changed === 1;
    },

    reset: async (personId, records) => {
      const removeAll = db.deleteFrom('factors').where('person_id', '=', personId);
      const removeCodes = db.deleteFrom('once_codes').where('person_id', '=', personId);
      const ending = endEverythingOf(db, personId, 'admin');
      const [removed = 0] = await write({ steps: [removeAll, removeCodes, ...ending], records });
      return removed;
    },

    setRecoveryCodes: async (personId, hashes, records) => {
      const inserts = hashes.map((hash) => insertCode(personId, 'recovery', hash, null));
      await write({ steps: [codesOf(personId, 'recovery'), ...inserts], records });
    },

    setEnrolmentCode: async (personId, hash, expiresAt, records) => {
      const steps = [codesOf(personId, 'enrolment'), insertCode(personId, 'enrolment', hash, expiresAt)];
      await write({ steps, records });
    },

    recoveryCodesLeft: async (personId) => {
      const { left } = await db
        .selectFrom('once_codes')
        .select(({ fn }) => fn.countAll<number>().as('left'))
        .where('person_id', '=', personId)
        .where('purpose', '=', 'recovery')
        .executeTakeFirstOrThrow();
      return Number(left);
    },

    hasEnrolmentCode: async (personId, hash, now) => {
      const row = await db
        .selectFrom('once_codes')
        .select('expires_at')
        .where('person_id', '=', personId)
        .where('purpose', '=', 'enrolment')
        .where('code_hash', '=', hash)
        .executeTakeFirst();
      return row !== undefined && (row.expires_at ?? 0) > now;
    },

    spendRecoveryCode: async (personId, hash, now, records) => {
      const [changed] = await write({ steps: [spend(personId, 'recovery', hash, now)], conditional: true, records });
      return changed === 1;
    },
  };
}

type CodePurpose = 'recovery' | 'enrolment';

/** The step that takes the codes of a person away, for whoever has more to do in the same one. */
export function removeCodes(db: Kysely<Schema>, personId: string, purpose: CodePurpose) {
  return db.deleteFrom('once_codes').where('person_id', '=', personId).where('purpose', '=', purpose);
}

/** The step that adds a factor, for whoever has more to do in the same one. */
export function insertFactor(db: Kysely<Schema>, factor: Factor): Compilable {
  const { id, personId, kind, name, material, credentialId, isSynced, counter, createdAt } = factor;
  return db.insertInto('factors').values({
    id,
    person_id: personId,
    kind,
    name,
    material,
    credential_id: credentialId ?? null,
    synced: isSynced ? 1 : 0,
    counter,
    created_at: createdAt,
    last_used_at: null,
  });
}

function toFactor(row: {
  id: string;
  person_id: string;
  kind: string;
  name: string;
  material: string;
  credential_id: string | null;
  synced: number;
  counter: number;
  created_at: number;
  last_used_at: number | null;
}): Factor {
  return {
    id: row.id,
    personId: row.person_id,
    kind: row.kind as Factor['kind'],
    name: row.name,
    material: row.material,
    credentialId: row.credential_id ?? undefined,
    isSynced: row.synced === 1,
    counter: row.counter,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at ?? undefined,
  };
}
