import { countChange, type Engine } from './engine.ts';
import type { ClientSecret, CredentialStore, Domain } from './store.ts';

/** Hashed client secrets. Each side reads its own rows only. */
export function credentialStore({ db, write }: Engine): CredentialStore {
  return {
    all: async (domain) => {
      const rows = await db
        .selectFrom('client_secrets')
        .selectAll()
        .where('domain', '=', domain)
        .orderBy('client_id')
        .orderBy('created_at')
        .orderBy('secret_hash')
        .execute();
      return rows.map(toClientSecret);
    },

    add: async ({ domain, clientId, secretHash, createdAt }) => {
      const insert = db
        .insertInto('client_secrets')
        .values({ domain, client_id: clientId, secret_hash: secretHash, created_at: createdAt })
        .onConflict((conflict) => conflict.columns(['domain', 'client_id', 'secret_hash']).doNothing());
      await write({ steps: [insert, countChange(db)], conditional: true });
    },

    remove: async (domain, clientId, secretHash) => {
      const remove = db
        .deleteFrom('client_secrets')
        .where('domain', '=', domain)
        .where('client_id', '=', clientId)
        .where('secret_hash', '=', secretHash);
      await write({ steps: [remove, countChange(db)], conditional: true });
    },
  };
}

function toClientSecret(row: {
  domain: string;
  client_id: string;
  secret_hash: string;
  created_at: number;
}): ClientSecret {
  return {
    domain: row.domain as Domain,
    clientId: row.client_id,
    secretHash: row.secret_hash,
    createdAt: row.created_at,
  };
}
