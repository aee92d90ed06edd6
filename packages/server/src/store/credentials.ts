import { sql } from 'kysely';
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

    add: async (secret, { most = Number.MAX_SAFE_INTEGER, records = [] } = {}) => {
      const { domain, clientId, secretHash, createdAt } = secret;
      const live = db
        .selectFrom('client_secrets')
        .select(({ fn }) => fn.countAll<number>().as('live'))
        .where('domain', '=', domain)
        .where('client_id', '=', clientId);
      // Counted in the statement itself: two that add at once cannot both be the second.
      const row = db
        .selectNoFrom([
          sql<string>`cast(${domain} as text)`.as('domain'),
          sql<string>`cast(${clientId} as text)`.as('client_id'),
          sql<string>`cast(${secretHash} as text)`.as('secret_hash'),
          sql<number>`cast(${createdAt} as bigint)`.as('created_at'),
        ])
        .where(live, '<', most);
      const insert = db
        .insertInto('client_secrets')
        .columns(['domain', 'client_id', 'secret_hash', 'created_at'])
        .expression(row)
        .onConflict((conflict) => conflict.doNothing());
      const added = await digests.write(
        secretPart({ db }, domain),
        (secrets) => {
          const own = secrets.filter((one) => one.clientId === clientId);
          const isKnown = own.some((one) => isSecret(one, clientId, secretHash));
          return isKnown || own.length >= most ? undefined : [...secrets, secret];
        },
        { steps: [insert, countChange(db)], records },
      );
      return added?.[0] === 1;
    },

    remove: async (domain, clientId, secretHash, records = []) => {
      const remove = db
        .deleteFrom('client_secrets')
        .where('domain', '=', domain)
        .where('client_id', '=', clientId)
        .where('secret_hash', '=', secretHash);
      const removed = await digests.write(
        secretPart({ db }, domain),
        (secrets) => {
          const left = secrets.filter((one) => !isSecret(one, clientId, secretHash));
          return left.length === secrets.length ? undefined : left;
        },
        { steps: [remove, countChange(db)], records },
      );
      return removed?.[0] === 1;
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
