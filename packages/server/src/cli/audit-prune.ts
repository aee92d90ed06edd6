import { setTimeout as pause } from 'node:timers/promises';
import { Command } from 'commander';
import { planPruning, prune } from '../audit/prune.ts';
import { Problem } from '../problem.ts';
import { readNowMs } from '../store/purge-time.ts';
import { homeOption } from './home-option.ts';
import { type AsUser, asUser } from './store.ts';
import { readInstallation, toActRow, withStore } from './with-store.ts';

const dayMs = 86_400_000;

/** `credence audit prune`: removes what is older than the configuration wants it kept. */
export function pruneCommand(): Command {
  return new Command('prune')
    .description('remove lines that are older than retention.audit, and may go')
    .addOption(homeOption())
    .option('--dry-run', 'say what would go, and change nothing')
    .option('--json', 'one JSON object')
    .option('--user <name>', 'log in to PostgreSQL as this user, who has the role credence_retention')
    .option('--password-file <file>', "that user's password")
    .addHelpText(
      'after',
      '\nExamples:\n  credence audit prune --dry-run\n  credence audit prune    # daily, by a timer',
    )
    .action(run);
}

interface Flags extends AsUser {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

async function run(flags: Flags): Promise<void> {
  const { config } = await readInstallation(flags);
  const { auditDays } = config.retention;
  if (auditDays === undefined) {
    throw new Problem(
      'The configuration keeps the record for ever.',
      'Set retention: { audit: 400d } first: docs/operate/retention.md.',
    );
  }
  await withStore(
    flags,
    async (store) => {
      const nowMs = await readNowMs(store);
      const exports = config.exports.map(({ name }) => name);
      const plan = await planPruning(store, { olderThanMs: nowMs - auditDays * dayMs, exports });
      const act = toActRow('admin', `record pruned up to position ${plan.to}, kept for ${auditDays} days`);
      const wait = waitFor((config.audit.sealSeconds + marginSeconds) * 1000);
      const nothing = { removed: 0, waits: false };
      const { removed, waits } = flags.dryRun ? nothing : await prune(store, plan, { nowMs, records: [act], wait });
      if (flags.json) return print(JSON.stringify({ ...plan, removed, waits, dryRun: flags.dryRun === true }));
      const until = plan.to > plan.from ? `, written up to ${new Date(plan.lastMs).toISOString()}` : '';
      print(
        flags.dryRun
          ? `${plan.to - plan.from} lines would go${until}`
          : `${removed} lines removed${until}; the record begins behind position ${plan.to}`,
      );
      if (waits) {
        print(
          'They are written down to go. No checkpoint says so yet, since no server seals the record: they go with the next order after one has.',
        );
      }
      if (plan.heldBy !== undefined) print(`older lines stay for now: ${plan.heldBy}`);
    },
    asUser(flags),
  );
}

/** Nobody seals while no server runs; one that does is given its time. */
const marginSeconds = 5;

function waitFor(mostMs: number): () => Promise<boolean> {
  const until = performance.now() + mostMs;
  return async () => {
    if (performance.now() > until) return false;
    await pause(500);
    return true;
  };
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
