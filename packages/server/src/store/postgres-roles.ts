import type { Schema } from './schema.ts';

/** What a login may be, one or several of these. They own nothing: the tables are their owner's, who migrates. */
export const databaseRoles = ['idp', 'ras', 'gateway', 'operator', 'purge', 'erasure', 'retention'] as const;
type DatabaseRole = (typeof databaseRoles)[number];

/** S select, I insert, U update, D delete, E erase what is personal and nothing else. */
type Rights = Readonly<Partial<Record<DatabaseRole, `${'S' | ''}${'I' | ''}${'U' | 'E' | ''}${'D' | ''}`>>>;

type Table = keyof Schema | 'turns' | 'session_sequence' | 'kysely_migration' | 'kysely_migration_lock';

const directory: Rights = { idp: 'SIUD', operator: 'SIUD' };

/**
 * Who may do what to each table (threats.md §4). Nobody changes or removes a line of the record, a policy version or a mark;
 * `erasure` blanks what a line says of a person, and `retention` removes the oldest lines; triggers let neither do more;
 * marks whose time has passed go by `purge`, which can do nothing else. A new table does not compile until it is here.
 */
const rights = {
  audit: { idp: 'SI', ras: 'SI', gateway: 'SI', operator: 'SI', erasure: 'E', retention: 'SID' },
  audit_checkpoints: { idp: 'SI', ras: 'SI', gateway: 'SI', operator: 'S', retention: 'S' },
  audit_tree: { idp: 'SI', ras: 'SI', gateway: 'SI', operator: 'S' },
  audit_witnesses: { idp: 'SIU', ras: 'SIU', gateway: 'SIU', operator: 'S' },
  audit_terms: { idp: 'SI', ras: 'SI', gateway: 'SI', operator: 'S', erasure: 'SD' },
  audit_late: { idp: 'SI', ras: 'SI', gateway: 'SI', operator: 'S' },
  audit_early: { idp: 'SIUD', ras: 'SIUD', gateway: 'SIUD', operator: 'S' },
  audit_hours: { idp: 'SIU', ras: 'SIU', gateway: 'SIU', operator: 'S', purge: 'SD' },
  audit_days: { idp: 'SIU', ras: 'SIU', gateway: 'SIU', operator: 'S', purge: 'SD' },
  audit_sums: { idp: 'SIU', ras: 'SIU', gateway: 'SIU', operator: 'S', purge: 'SD' },
  audit_prunings: { idp: 'S', ras: 'S', gateway: 'S', operator: 'S', retention: 'SI' },
  audit_readers: { idp: 'SIU', ras: 'SIU', gateway: 'SIU', operator: 'S', retention: 'S' },
  chains: { idp: 'SIU', ras: 'SIU', gateway: 'SIU', operator: 'SIU', retention: 'SIU' },
  turns: { idp: 'SU', ras: 'SU', gateway: 'SU', operator: 'SU', purge: 'SU', retention: 'SU' },
  marks: { idp: 'SI', ras: 'SI', gateway: 'SI', operator: 'S', purge: 'SD' },
  policies: { idp: 'SI', ras: 'SI', gateway: 'SI', operator: 'SI' },
  drafts: { idp: 'S', operator: 'SIUD' },
  digests: { idp: 'SIU', ras: 'SIU', gateway: 'SIU', operator: 'SIU' },
  change_sequence: { idp: 'SU', ras: 'SU', gateway: 'SU', operator: 'SU', purge: 'S', retention: 'S' },
  loss_sequence: { idp: 'SU', ras: 'SU', gateway: 'SU', operator: 'SU', purge: 'SU' },
  session_sequence: { idp: 'SU', ras: 'S', gateway: 'S', operator: 'SU', purge: 'SU' },
  epoch: { idp: 'SU', ras: 'SU', gateway: 'SU', operator: 'SU', purge: 'S', retention: 'S' },
  // Written by the owner, who moves and restores.
  moves: { idp: 'S', ras: 'S', gateway: 'S', operator: 'S', purge: 'S', retention: 'S' },
  client_secrets: { idp: 'S', ras: 'S', gateway: 'S', operator: 'SID' },

  artifacts: { idp: 'SIUD', operator: 'SIUD', purge: 'SD' },
  session_sids: { idp: 'SIUD', operator: 'SIUD', purge: 'S' },
  session_holdings: { idp: 'SIU', operator: 'S', purge: 'SD' },
  upstream_sessions: { idp: 'SIUD', operator: 'SIUD', purge: 'SD' },
  people: directory,
  memberships: directory,
  sources: directory,
  groups: directory,
  provisioned: directory,
  provisioned_emails: directory,
  imports: directory,
  ids_elsewhere: directory,
  upstream_links: directory,
  factors: directory,
  once_codes: directory,
  notices: directory,
  access_requests: { idp: 'SI', operator: 'SIU', purge: 'SD', erasure: 'SUD' },
  account_links: { idp: 'SIUD', operator: 'SIUD', purge: 'SD' },
  agent_uses: { idp: 'SIU', operator: 'S', purge: 'SD', erasure: 'SD' },
  agent_uses_read: { idp: 'SU', operator: 'S' },
  agent_people: { idp: 'SIU', operator: 'S', purge: 'SD', erasure: 'SD' },
  bulletins: { idp: 'SI', operator: 'SI', purge: 'SD' },
  bulletin_readers: { idp: 'SIUD', purge: 'S' },
  exports: { idp: 'SIU', ras: 'SIU', gateway: 'SIU', operator: 'SIU', retention: 'S' },
  stops: { idp: 'SIU', ras: 'SIU', gateway: 'S', operator: 'SIU', purge: 'SD' },
  stop_readers: { idp: 'SIUD' },
  scim_tokens: { idp: 'SU', operator: 'SIUD' },
  // Given by commands of the operator alone.
  administrators: { idp: 'S', operator: 'SIUD' },
  break_glass: { idp: 'S', operator: 'SIUD' },
  api_tokens: { operator: 'SIUD', purge: 'SD' },
  admin_sessions: { operator: 'SIUD', purge: 'SD' },

  accounts: { ras: 'SIU', gateway: 'S', operator: 'SIU' },
  cut_offs: { ras: 'SIU', gateway: 'S', operator: 'S', purge: 'SD' },
  revoked_tokens: { ras: 'SI', gateway: 'S', operator: 'S', purge: 'SD' },

  kysely_migration: { idp: 'S', ras: 'S', gateway: 'S', operator: 'S', purge: 'S', retention: 'S' },
  kysely_migration_lock: {},
} as const satisfies Record<Table, Rights>;

const words = { S: 'SELECT', I: 'INSERT', U: 'UPDATE', E: 'UPDATE (personal, person)', D: 'DELETE' } as const;

/** SQL that makes the roles where they are not there yet, and gives each exactly its rights. To be run by the owner of the tables. */
export function toRolesSql(): string {
  const names = databaseRoles.map((role) => `credence_${role}`);
  const lines = [
    '-- Roles of Credence, one for each part. Run as the owner of the tables, after every upgrade:',
    '--   credence store roles | psql --set ON_ERROR_STOP=1 --single-transaction DATABASE',
    ...names.map(
      (name) => `DO $$ BEGIN CREATE ROLE ${name} NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;`,
    ),
    `GRANT USAGE ON SCHEMA public TO ${names.join(', ')};`,
  ];
  for (const [table, of] of Object.entries<Rights>(rights)) {
    lines.push(`REVOKE ALL ON ${table} FROM PUBLIC, ${names.join(', ')};`);
    for (const role of databaseRoles) {
      const given = [...(of[role] ?? '')].map((letter) => words[letter as keyof typeof words]);
      if (given.length > 0) lines.push(`GRANT ${given.join(', ')} ON ${table} TO credence_${role};`);
    }
  }
  return `${lines.join('\n')}\n`;
}
