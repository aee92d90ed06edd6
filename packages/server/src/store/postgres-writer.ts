import { setTimeout as wait } from 'node:timers/promises';
import type { ChainHead } from './chain.ts';
import type { Change } from './engine.ts';
import type { StoreWatch, UnitOutcome } from './group-commit.ts';
import { appendRows, commitAtOnce, holdLosses, insertMarks, keyOf, notAtOnce } from './postgres-chain.ts';
import type { Confirmed } from './postgres-confirmed.ts';
import type { Connections, Session } from './postgres-connection.ts';
import { isRetryable, stateOf, toStoreError } from './postgres-error.ts';
import { fitHoldings, type Reached } from './postgres-held.ts';
import { GroupQueue } from './postgres-queue.ts';
import { type AuditRow, type Commit, type CommitOutcome, type Mark, StoreUnavailable } from './store.ts';

/** The ways into a PostgreSQL store. */
export interface PostgresWriter {
  commit(commit: Commit): Promise<CommitOutcome>;
  write(change: Change): Promise<readonly number[]>;
  close(): Promise<void>;
}

const maxCommits = 1000;
/** Changes hold locks that others wait for, so that few of them share a transaction. */
const maxChanges = 16;
const maxAttempts = 6;

/**
 * Commits and changes pass two queues, so that a token never waits for an import. Each queue has its own chain, and one
 * transaction under way at a time: what arrives meanwhile is the next group.
 */
export function postgresWriter(
  connections: Connections,
  node: string,
  { watch, confirmed }: { readonly watch?: StoreWatch | undefined; readonly confirmed: Confirmed },
): PostgresWriter {
  const commits = new GroupQueue<Commit>(maxCommits, commitLane(connections, node, watch, confirmed), watch);
  const changes = new GroupQueue<Change>(
    maxChanges,
    changeLane(connections, `${node}-changes`, watch, confirmed),
    watch,
  );
  return {
    commit: (commit) => commits.submit(commit),
    write: (change) => changes.submit(change),
    close: async () => {
      await Promise.all([commits.close(), changes.close()]);
    },
  };
}

function commitLane(connections: Connections, node: string, watch: StoreWatch | undefined, confirmed: Confirmed) {
  /** Where our last group left the chain; unknown at the start, and after anything unexpected. */
  let head: ChainHead | undefined;

  const stepByStep = async (session: Session, commits: readonly Commit[]): Promise<readonly UnitOutcome[]> => {
    const chain = confirmed.chainOf(node);
    let after: ChainHead | undefined;
    let lines = 0;
    const outcomes = await inTransaction(session, begin, async () => {
      const rests = commits.some(({ asOf }) => asOf !== undefined);
      const losses = rests ? await holdLosses(session) : undefined;
      const reached = toReached(commits, losses);
      const held = await fitHoldings(session, reached);
      await useMarks(session, reached);
      await held?.write(reached);
      const rows = reached.flatMap(({ commit, outcome }) => (outcome.won ? commit.records : []));
      lines = rows.length;
      after = await appendRows(session, chain, rows);
      confirmed.stands(chain, after, rows.length);
      return reached.map(({ outcome }) => ({ value: outcome }));
    });
    head = after;
    if (after) confirmed.took(chain, after);
    watch?.lines(lines);
    return outcomes;
  };

  const runOnce = async (session: Session, commits: readonly Commit[]): Promise<readonly UnitOutcome[]> => {
    const before = head;
    head = undefined;
    const marks = commits.flatMap((commit) => commit.marks);
    const rests = new Set(commits.map(({ asOf }) => asOf).filter((asOf) => asOf !== undefined));
    const holds = commits.some(({ holding }) => holding !== undefined);
    if (before && !holds && rests.size <= 1 && new Set(marks.map(keyOf)).size === marks.length) {
      try {
        const rows = commits.flatMap(({ records }) => records);
        const [asOf] = rests;
        const chain = confirmed.chainOf(node);
        head = await commitAtOnce(session, chain, before, marks, rows, asOf);
        confirmed.took(chain, head);
        watch?.lines(rows.length);
        return commits.map(() => ({ value: { won: true } }));
      } catch (error) {
        if (stateOf(error) !== notAtOnce && !isOwnFault(error)) throw error;
      }
    }
    return stepByStep(session, commits);
  };
  return (commits: readonly Commit[]) => runGroup(connections, commits, runOnce);
}

function changeLane(connections: Connections, node: string, watch: StoreWatch | undefined, confirmed: Confirmed) {
  const runOnce = async (session: Session, changes: readonly Change[]) => {
    const rows: AuditRow[] = [];
    const chain = confirmed.chainOf(node);
    let after: ChainHead | undefined;
    const outcomes = await inTransaction(session, beginChange, async () => {
      const outcomes: UnitOutcome[] = [];
      for (const { steps, conditional, records = [] } of changes) {
        const changed = await takeSteps(session, steps, conditional);
        if (!(conditional && changed[0] === 0)) rows.push(...records);
        outcomes.push({ value: changed });
      }
      if (rows.length > 0) {
        after = await appendRows(session, chain, rows);
        confirmed.stands(chain, after, rows.length);
      }
      return outcomes;
    });
    if (after) confirmed.took(chain, after);
    watch?.lines(rows.length);
    return outcomes;
  };
  return (changes: readonly Change[]) => runGroup(connections, changes, runOnce);
}

type RunOnce<U> = (session: Session, units: readonly U[]) => Promise<readonly UnitOutcome[]>;

/** All units in one transaction. When one of them fails by its own fault nothing was kept, and each is run alone. */
async function runGroup<U>(
  connections: Connections,
  units: readonly U[],
  runOnce: RunOnce<U>,
): Promise<readonly UnitOutcome[]> {
  try {
    return await withRetries(() => connections.use((session) => runOnce(session, units)));
  } catch (error) {
    if (!isOwnFault(error)) throw toStoreError(error);
    if (units.length === 1) return [{ error: toStoreError(error) }];
  }
  const outcomes: UnitOutcome[] = [];
  for (const unit of units) {
    const alone = await runGroup(connections, [unit], runOnce).catch((error: unknown) => [{ error }]);
    outcomes.push(...alone);
  }
  return outcomes;
}

/** Transactions that were given up for another's sake run again, after a pause that is never the same for two of them. */
async function withRetries<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!isRetryable(error) || attempt === maxAttempts) throw error;
      await wait(Math.random() * 10 * 2 ** attempt);
    }
  }
}

const begin = 'BEGIN ISOLATION LEVEL READ COMMITTED';
/** Changes follow one another, on whichever node, as they do in SQLite: each sees what all before it did. */
const beginChange = `${begin}; SELECT 1 FROM turns WHERE name = 'change' FOR UPDATE`;

async function inTransaction<T>(session: Session, beginning: string, work: () => Promise<T>): Promise<T> {
  await session.query(beginning);
  let result: T;
  try {
    result = await work();
  } catch (error) {
    // Where that does not arrive either the connection is given up, and with it the transaction.
    await session.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
  await session.query('COMMIT');
  return result;
}

/** A statement's own fault, and not that the store is away. */
function isOwnFault(error: unknown): boolean {
  return !(toStoreError(error) instanceof StoreUnavailable);
}

function toReached(commits: readonly Commit[], losses: number | undefined): readonly Reached[] {
  return commits.map((commit) => {
    const isStale = commit.asOf !== undefined && commit.asOf !== losses;
    return { commit, outcome: isStale ? { won: false, stale: true } : { won: true } };
  });
}

/**
 * Uses up the first mark of every commit, then the second of those that won, and so on: a commit that loses one leaves the
 * marks behind it alone. Of two in this group that use the same mark the earlier one gets it.
 */
async function useMarks(session: Session, reached: readonly Reached[]): Promise<void> {
  for (let round = 0; ; round++) {
    const asked = new Map<string, Mark>();
    const askers = reached.filter(({ commit, outcome }) => outcome.won && commit.marks[round]);
    if (askers.length === 0) return;
    const first = new Set<Reached>();
    for (const asker of askers) {
      const mark = asker.commit.marks[round] as Mark;
      if (asked.has(keyOf(mark))) continue;
      asked.set(keyOf(mark), mark);
      first.add(asker);
    }
    const won = await insertMarks(session, [...asked.values()]);
    for (const asker of askers) {
      const mark = asker.commit.marks[round] as Mark;
      if (!first.has(asker) || !won.has(keyOf(mark))) asker.outcome = { won: false, lost: mark };
    }
  }
}

async function takeSteps(
  session: Session,
  steps: Change['steps'],
  conditional: boolean | undefined,
): Promise<readonly number[]> {
  const changed: number[] = [];
  for (const step of steps) {
    const { sql, parameters } = step.compile();
    changed.push((await session.query(sql, parameters)).rowCount);
    if (conditional && changed[0] === 0) return changed;
  }
  return changed;
}
