import type { Kysely } from 'kysely';
import { runSteps, type Step } from './ddl.ts';

/** Who and what is stopped, by order, with its end; and how far each authorization server was told. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await runSteps(db, steps);
}

const steps: readonly Step[] = [
  `CREATE TABLE stops (
     id TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, target TEXT NOT NULL, hits TEXT NOT NULL,
     person_id TEXT, origin TEXT, reason TEXT NOT NULL, made_by TEXT NOT NULL,
     at INTEGER NOT NULL, ends_at INTEGER,
     lifted_at INTEGER, lifted_by TEXT, lift_reason TEXT,
     grants_before INTEGER NOT NULL, tokens_before INTEGER NOT NULL, until INTEGER NOT NULL, position INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX stops_by_position ON stops (position)',
  'CREATE INDEX stops_by_until ON stops (until)',
  'CREATE INDEX stops_by_person ON stops (person_id)',
  'CREATE TABLE stop_readers (reader TEXT NOT NULL PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID',
  // Why somebody is told of at all: a RAS that has heard of the stop itself need not hear of each person.
  'ALTER TABLE bulletins ADD COLUMN stop_id TEXT',
  {
    sqlite: ['INSERT', 'UPDATE'].map(
      (change) =>
        `CREATE TRIGGER loss_stops_${change.toLowerCase()} AFTER ${change} ON stops
           BEGIN UPDATE loss_sequence SET value = value + 1; END`,
    ),
    postgres: [
      `CREATE TRIGGER loss_stops AFTER INSERT OR UPDATE ON stops FOR EACH STATEMENT EXECUTE FUNCTION count_loss()`,
    ],
  },
];
