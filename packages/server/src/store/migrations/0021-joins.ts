import type { Kysely } from 'kysely';
import { runSteps, type Step } from './ddl.ts';

/**
 * Whoever joins a group or role may have less from then on: a rule may deny it something. Whether one does is for policy to say;
 * here it is written down, by triggers, so that no statement can forget, of those who are signed in or hold a grant.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await runSteps(db, steps);
}

const holdsSomething = 'EXISTS (SELECT 1 FROM artifacts WHERE account_id = NEW.person_id)';
const insert = (now: string) =>
  `INSERT INTO bulletins (person_id, event, membership, joined, initiator, at)
     VALUES (NEW.person_id, 'session-revoked', NEW.kind || ':' || NEW.of_id, 1, 'policy', ${now})`;

const steps: readonly Step[] = [
  'ALTER TABLE bulletins ADD COLUMN joined INTEGER NOT NULL DEFAULT 0',
  {
    sqlite: [
      `CREATE TRIGGER memberships_joined AFTER INSERT ON memberships WHEN ${holdsSomething}
         BEGIN
           UPDATE change_sequence SET value = value + 1;
           UPDATE loss_sequence SET value = value + 1;
           ${insert("CAST(strftime('%s', 'now') AS INTEGER)")};
         END`,
    ],
    // A store that is moved here as it is joins nobody to anything.
    postgres: [
      `CREATE FUNCTION tell_of_joining() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN
           IF ${holdsSomething} AND current_setting('credence.copying', true) IS DISTINCT FROM 'on' THEN
             UPDATE change_sequence SET value = value + 1;
             UPDATE loss_sequence SET value = value + 1;
             ${insert('CAST(floor(extract(epoch FROM clock_timestamp())) AS bigint)')};
           END IF;
           RETURN NULL;
         END $$`,
      `CREATE TRIGGER memberships_joined AFTER INSERT ON memberships FOR EACH ROW EXECUTE FUNCTION tell_of_joining()`,
    ],
  },
];
