import { type ChainHead, emptyChain, nextLine } from './chain.ts';
import type { Session } from './postgres-connection.ts';
import type { AuditRow, Mark, StoredAuditRow } from './store.ts';
import { wholeSecond } from './used-once.ts';

type Line = Omit<StoredAuditRow, 'position'>;

/** Columns of a line, each as an array over the lines of a group, behind the parameters before them. */
const lineColumns =
  'seq, previous_hash, hash, id, kind, time_ms, body, personal, person, client, server, id_jag, access_token' as const;
const lineTypes = [
  ...['bigint', 'text', 'text', 'text', 'text', 'bigint', 'text'],
  ...['text', 'text', 'text', 'text', 'text', 'text'],
] as const;

/** The tail of both statements below: lines, in order, behind the last position given. */
function insertLines(node: string, firstParameter: number): string {
  const arrays = lineTypes.map((type, at) => `$${firstParameter + at}::${type}[]`).join(', ');
  return `INSERT INTO audit (position, node, ${lineColumns})
    SELECT place.before + line.n, ${node}, ${lineColumns
      .split(', ')
      .map((column) => `line.${column}`)
      .join(', ')}
    FROM place, unnest(${arrays}) WITH ORDINALITY AS line (${lineColumns}, n)`;
}

/**
 * Everything a group of commits asks for in one statement, which is a transaction of its own: uses up the marks, moves the
 * head of the chain from where we left it, takes positions, appends the lines. Each part happens only when the one before
 * it did so completely, and the last line divides by zero when one did not: then nothing of it happened. The turn to
 * append is taken last, after what may wait for another node, and nothing is waited for while it is held.
 */
const allAtOnce = `
  WITH current AS (
    SELECT 1 FROM loss_sequence WHERE $22::bigint IS NULL OR value = $22::bigint FOR SHARE
  ), used AS (
    INSERT INTO marks (kind, id, until)
    SELECT mark.kind, mark.id, mark.until FROM unnest($1::text[], $2::text[], $3::bigint[]) AS mark (kind, id, until)
    ON CONFLICT DO NOTHING RETURNING 1
  ), head AS (
    UPDATE chains SET seq = $7, hash = $8
    WHERE node = $4 AND seq = $5 AND hash = $6 AND (SELECT count(*) FROM used) = cardinality($1::text[])
      AND (SELECT count(*) FROM current) = 1
    RETURNING 1
  ), place AS (
    UPDATE turns SET value = value + cardinality($9::bigint[])
    WHERE name = 'audit' AND (SELECT count(*) FROM head) = 1 RETURNING value - cardinality($9::bigint[]) AS before
  ), lines AS (${insertLines('$4', 9)})
  SELECT 1 / count(*) AS done FROM place`;

/** Appends lines to a chain whose head this transaction holds. */
const append = `
  WITH head AS (UPDATE chains SET seq = $2, hash = $3 WHERE node = $1),
  place AS (
    UPDATE turns SET value = value + cardinality($4::bigint[]) WHERE name = 'audit'
    RETURNING value - cardinality($4::bigint[]) AS before
  )
  ${insertLines('$1', 4)}`;

/** Thrown by {@link allAtOnce} when a mark was used, something was taken away, or the head is not where we left it. */
export const notAtOnce = '22012';

/** Runs the one statement. Rejects with {@link notAtOnce} when it has to be done step by step. */
export async function commitAtOnce(
  session: Session,
  node: string,
  head: ChainHead,
  marks: readonly Mark[],
  rows: readonly AuditRow[],
  asOf: number | undefined,
): Promise<ChainHead> {
  const lines = toLines(node, head, rows);
  const after = lines.at(-1) ?? head;
  const place = [node, head.seq, head.hash, after.seq, after.hash];
  const values = [...toMarkColumns(marks), ...place, ...toLineColumns(lines), asOf ?? null];
  await session.query(allAtOnce, values, 'credence-commit');
  return { seq: after.seq, hash: after.hash };
}

/** The loss sequence, which nobody moves until this transaction has ended. */
export async function holdLosses(session: Session): Promise<number | undefined> {
  const { rows } = await session.query<{ value: number }>('SELECT value FROM loss_sequence FOR SHARE');
  return rows[0]?.value;
}

/**
 * Uses up marks, within a transaction; resolves to those that were not used before. No two of them are the same.
 */
export async function insertMarks(session: Session, marks: readonly Mark[]): Promise<ReadonlySet<string>> {
  const { rows } = await session.query<{ kind: string; id: string }>(
    `INSERT INTO marks (kind, id, until)
     SELECT mark.kind, mark.id, mark.until FROM unnest($1::text[], $2::text[], $3::bigint[]) AS mark (kind, id, until)
     ON CONFLICT DO NOTHING RETURNING kind, id`,
    toMarkColumns(marks),
    'credence-marks',
  );
  return new Set(rows.map(keyOf));
}

/** What makes a mark one, as a key of a map. */
export function keyOf({ kind, id }: { readonly kind: string; readonly id: string }): string {
  return `${kind} ${id}`;
}

/**
 * Appends rows within a transaction, as its last step. The head is read under its lock, not remembered: even two processes
 * by the same name cannot fork the chain. Resolves to the new head.
 */
export async function appendRows(session: Session, node: string, rows: readonly AuditRow[]): Promise<ChainHead> {
  const head = (await lockHead(session, node)) ?? (await startChain(session, node));
  const lines = toLines(node, head, rows);
  const after = lines.at(-1);
  if (!after) return head;
  await session.query(append, [node, after.seq, after.hash, ...toLineColumns(lines)], 'credence-append');
  return { seq: after.seq, hash: after.hash };
}

async function lockHead(session: Session, node: string): Promise<ChainHead | undefined> {
  const text = 'SELECT seq, hash FROM chains WHERE node = $1 FOR UPDATE';
  return (await session.query<ChainHead>(text, [node], 'credence-head')).rows[0];
}

async function startChain(session: Session, node: string): Promise<ChainHead> {
  const { seq, hash } = emptyChain(node);
  const insert = 'INSERT INTO chains (node, seq, hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING';
  await session.query(insert, [node, seq, hash]);
  const head = await lockHead(session, node);
  if (!head) throw new Error('a chain vanished right after it was begun');
  return head;
}

function toLines(node: string, head: ChainHead, rows: readonly AuditRow[]): Line[] {
  const lines: Line[] = [];
  for (const row of rows) lines.push(nextLine(node, lines.at(-1) ?? head, row));
  return lines;
}

/** In the order of their key: two nodes that use up the same ones never wait for each other in a circle. */
function toMarkColumns(marks: readonly Mark[]): unknown[][] {
  const sorted = marks.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  return [sorted.map(({ kind }) => kind), sorted.map(({ id }) => id), sorted.map(wholeSecond)];
}

function toLineColumns(lines: readonly Line[]): unknown[][] {
  const column = (value: (line: Line) => unknown) => lines.map((line) => value(line) ?? null);
  return [
    column(({ seq }) => seq),
    column(({ previousHash }) => previousHash),
    column(({ hash }) => hash),
    column(({ id }) => id),
    column(({ kind }) => kind),
    column(({ timeMs }) => timeMs),
    column(({ body }) => body),
    column(({ personal }) => personal),
    column(({ person }) => toKey(person)),
    column(({ client }) => toKey(client)),
    column(({ server }) => toKey(server)),
    column(({ idJag }) => toKey(idJag)),
    column(({ accessToken }) => toKey(accessToken)),
  ];
}

/** Look-up columns are copies of what `body` says. One that PostgreSQL cannot keep is left out, or nothing would be on the record. */
function toKey(value: string | undefined): string | undefined {
  return value?.includes('\0') ? undefined : value;
}
