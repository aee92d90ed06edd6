import { countChange, type Engine } from './engine.ts';
import type { Account, AccountStore } from './store.ts';

/** Accounts at the RAS, by (issuer, subject) and nothing else. `find` is the backend's fastest way to read one. */
export function accountStore({ db, write }: Engine, find: AccountStore['find']): AccountStore {
  return {
    find,

    findOrCreate: async (issuer, subject, newId) => {
      const known = await find(issuer, subject);
      if (known) return known;
      const row = { id: newId, issuer, subject, active: 1 };
      const insert = db
        .insertInto('accounts')
        .values(row)
        .onConflict((conflict) => conflict.columns(['issuer', 'subject']).doNothing());
      await write({ steps: [insert, countChange(db)], conditional: true });
      // Read again, whoever won: the answer is what is there, not what we hoped to write.
      const account = await find(issuer, subject);
      if (!account) throw new Error('An account vanished right after it was made.');
      return account;
    },

    setActive: async (id, active) => {
      const update = db
        .updateTable('accounts')
        .set({ active: active ? 1 : 0 })
        .where('id', '=', id);
      await write({ steps: [update, countChange(db)], conditional: true });
    },
  };
}

export function toAccount(row: { id: string; issuer: string; subject: string; active: number }): Account {
  return { id: row.id, issuer: row.issuer, subject: row.subject, active: row.active === 1 };
}
