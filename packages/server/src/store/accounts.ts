import { tellOf } from './cut-off-steps.ts';
import { countChange, type Engine } from './engine.ts';
import { type Account, type AccountKey, type AccountStore, StoreConflict } from './store.ts';

/** Accounts at the RAS, by issuer, tenant and subject. `find` is the backend's fastest way to read one. */
export function accountStore({ db, write }: Engine, find: AccountStore['find']): AccountStore {
  return {
    find,

    findOrCreate: async (key, newId) => {
      const known = await find(key);
      if (known) return known;
      const { issuer, subject } = key;
      const insert = db
        .insertInto('accounts')
        .values({ id: newId, issuer, tenant: toTenant(key), subject, email: null, active: 1 })
        .onConflict((conflict) => conflict.columns(['issuer', 'tenant', 'subject']).doNothing());
      await write({ steps: [insert, countChange(db)], conditional: true });
      // Read again, whoever won: the answer is what is there, not what we hoped to write.
      const account = await find(key);
      if (!account) throw new Error('An account vanished right after it was made.');
      return account;
    },

    findByEmail: async (owner, email) => {
      const row = await db
        .selectFrom('accounts')
        .selectAll()
        .where('issuer', '=', owner.issuer)
        .where('tenant', '=', toTenant(owner))
        .where('email', '=', email.toLowerCase())
        .executeTakeFirst();
      return row && toAccount(row);
    },

    reserve: async ({ issuer, tenant }, email, newId) => {
      const row = { id: newId, issuer, tenant: tenant ?? '', subject: null, email: email.toLowerCase(), active: 1 };
      await write({ steps: [db.insertInto('accounts').values(row), countChange(db)] });
    },

    link: async (id, key, records) => {
      const update = db
        .updateTable('accounts')
        .set({ subject: key.subject })
        .where('id', '=', id)
        .where('issuer', '=', key.issuer)
        .where('tenant', '=', toTenant(key))
        .where('subject', 'is', null);
      try {
        const [changed] = await write({ steps: [update, countChange(db)], conditional: true, records });
        return changed === 1;
      } catch (error) {
        // The subject has an account already: made by another request in this very moment.
        if (error instanceof StoreConflict) return false;
        throw error;
      }
    },

    list: async (after, limit) => {
      const query = db.selectFrom('accounts').selectAll().where('id', '>', after).orderBy('id').limit(limit);
      return (await query.execute()).map(toAccount);
    },

    setActive: async (id, active) => {
      const update = db
        .updateTable('accounts')
        .set({ active: active ? 1 : 0 })
        .where('id', '=', id);
      await write({ steps: [update, countChange(db), tellOf(db, id)], conditional: true });
    },
  };
}

/** How the tables write that an issuer has no tenants. */
export function toTenant({ tenant }: Pick<AccountKey, 'tenant'>): string {
  return tenant ?? '';
}

export function toAccount(row: {
  id: string;
  issuer: string;
  tenant: string;
  subject: string | null;
  email: string | null;
  active: number;
}): Account {
  return {
    id: row.id,
    issuer: row.issuer,
    tenant: row.tenant === '' ? undefined : row.tenant,
    subject: row.subject ?? undefined,
    email: row.email ?? undefined,
    active: row.active === 1,
  };
}
