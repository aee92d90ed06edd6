import type { Covered, Digests } from './digests.ts';
import { countChange, type Engine } from './engine.ts';
import type { ClientSecret, CredentialStore, Domain } from './store.ts';

/** The secrets of one side. One that was removed stays out: a row that is put back is not covered. */
export function secretPart({ db }: Pick<Engine, 'db'>, domain: Domain): Covered<ClientSecret> {
  return {
    name: `secrets:${domain}`,
    read: async () => {
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
    line: ({ clientId, secretHash, createdAt }) => JSON.stringify([clientId, secretHash, createdAt]),
  };
}

/** Hashed client secrets. Each side reads its own rows only. */
export function credentialStore({ db }: Engine, digests: Digests): CredentialStore {
  return {
    all: (domain) => digests.checked(secretPart({ db }, domain)),

    add: async (secret) => {
      const { domain, clientId, secretHash, createdAt } = secret;
      const insert = db
        .insertInto('client_secrets')
        .values({ domain, client_id: clientId, secret_hash: secretHash, created_at: createdAt });
      await digests.write(
        secretPart({ db }, domain),
        (secrets) => (secrets.some((one) => isSecret(one, clientId, secretHash)) ? undefined : [...secrets, secret]),
        { steps: [insert.onConflict((conflict) => conflict.doNothing()), countChange(db)] },
      );
    },

    remove: async (domain, clientId, secretHash) => {
      const remove = db
        .deleteFrom('client_secrets')
        .where('domain', '=', domain)
        .where('client_id', '=', clientId)
        .where('secret_hash', '=', secretHash);
      await digests.write(
        secretPart({ db }, domain),
        (secrets) => {
          const left = secrets.filter((one) => !isSecret(one, clientId, secretHash));
          return left.length === secrets.length ? undefined : left;
        },
        { steps: [remove, countChange(db)] },
      );
    },
  };
}

function isSecret(secret: ClientSecret, clientId: string, secretHash: string): boolean {
  return secret.clientId === clientId && secret.secretHash === secretHash;
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
