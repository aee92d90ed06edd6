import type { Kysely } from 'kysely';
import { runSteps, type Step } from './ddl.ts';

/**
 * A sequence that grows with whatever takes something away from somebody, whoever did it and by whichever statement. What is
 * issued is compared with it inside its own commit: nobody is given what was taken away while the answer was made (T19).
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await runSteps(db, steps);
}

/** Changes after which somebody may have less than before, and when. */
const losses: readonly [name: string, change: string, when?: string][] = [
  ['people_off', 'UPDATE OF active ON people', 'NEW.active < OLD.active'],
  ['people_gone', 'DELETE ON people'],
  ['memberships_gone', 'DELETE ON memberships'],
  ['sessions_gone', 'DELETE ON session_sids'],
  ['accounts_off', 'UPDATE OF active ON accounts', 'NEW.active < OLD.active'],
  ['cut_offs_made', 'INSERT ON cut_offs'],
  ['cut_offs_moved', 'UPDATE ON cut_offs'],
  ['policies_published', 'INSERT ON policies'],
];

const steps: readonly Step[] = [
  'CREATE TABLE loss_sequence (id INTEGER PRIMARY KEY CHECK (id = 1), value INTEGER NOT NULL) STRICT',
  'INSERT INTO loss_sequence (id, value) VALUES (1, 0)',
  {
    sqlite: losses.map(
      ([name, change, when]) =>
        `CREATE TRIGGER loss_${name} AFTER ${change} ${when ? `WHEN ${when}` : ''}
           BEGIN UPDATE loss_sequence SET value = value + 1; END`,
    ),
    postgres: [
      `CREATE FUNCTION count_loss() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN UPDATE loss_sequence SET value = value + 1; RETURN NULL; END $$`,
      ...losses.map(
        ([name, change, when]) =>
          `CREATE TRIGGER loss_${name} AFTER ${change} FOR EACH ROW ${when ? `WHEN (${when})` : ''}
             EXECUTE FUNCTION count_loss()`,
      ),
    ],
  },
];
