import type { Command } from 'commander';
import { erase } from '../audit/erase.ts';
import { eventId } from '../call.ts';
import { Problem } from '../problem.ts';
import { accountHere } from './account-here.ts';
import { homeOption } from './home-option.ts';
import { listOption } from './list-option.ts';
import { reasonOption } from './reason-option.ts';
import { asUser } from './store.ts';
import { type InstallationFlags, readIssuers, withStore } from './with-store.ts';

interface EraseOptions extends InstallationFlags {
  readonly person: string;
  readonly reason: string;
  readonly issuer?: string;
  readonly also?: readonly string[];
  readonly compact?: boolean;
  readonly json?: boolean;
  readonly user?: string;
  readonly passwordFile?: string;
}

/** `credence audit erase`: the record stays whole, and no longer says whom it was about. */
export function addEraseCommand(audit: Command): void {
  audit
    .command('erase')
    .description('erase what the record says of a person; it can still be verified, and there is no way back')
    .addOption(homeOption())
    .requiredOption('--person <id>', 'of the directory, or of an account; a subject with --issuer')
    .addOption(reasonOption('why, for the record; without naming them'))
    .option('--issuer <url>', 'whose subject the id is; the identity provider here when left out')
    .addOption(
      listOption('--also <text>', 'another word that tells of them, such as an e-mail address; may be repeated'),
    )
    .option('--compact', 'write an SQLite file anew, so that nothing is left between its pages; while no server runs')
    .option(
      '--user <name>',
      'log in to PostgreSQL as this user, who has the roles credence_operator and credence_erasure',
    )
    .option('--password-file <file>', "that user's password")
    .option('--json', 'the outcome as one JSON object')
    .addHelpText(
      'after',
      '\nExample:\n  credence audit erase --person u_4fJw --also erin@acme.example --reason "request 4711"',
    )
    .action(eraseNow);
}

async function eraseNow(options: EraseOptions): Promise<void> {
  const { person: id, reason, compact, json } = options;
  const also = options.also ?? [];
  if (id.length < 4 || also.some((text) => text.length < 4)) {
    throw new Problem(
      'A word of less than four characters stands in many lines.',
      'Name the whole id, address or name.',
    );
  }
  checkReason(reason, [id, ...also]);
  const { idp } = await readIssuers(options);
  await withStore(
    options,
    async (store) => {
      const found = await store.people.find(id);
      if (found?.active) {
        throw new Problem(
          `${id} is active: what they do next would be on the record again.`,
          'Switch them off, or have their source remove them, and run this again.',
        );
      }
      if (found) checkReason(reason, [found.email, found.name]);
      const outcome = await erase(
        store,
        {
          id,
          issuer: options.issuer ?? idp,
          also: found ? [...also, found.email] : also,
          reason,
          by: `by command as ${accountHere()}`,
        },
        { recordId: eventId('o_'), nowMs: Date.now() },
      );
      const isWritten = await store.erasure.writeBack(compact === true);
      if (json) return void process.stdout.write(`${JSON.stringify({ ...outcome, isWritten })}\n`);
      const lines = [
        `erased in ${outcome.lines} lines`,
        ...(outcome.kept > 0
          ? [
              `${outcome.kept} lines of before version 2 say it in the line itself, where it stays until they are removed by age`,
            ]
          : []),
        ...(isWritten
          ? []
          : ['the file was in use: run it again with --compact while no server runs, or traces may be left in it']),
        ...(found ? ['the directory still has them: their source removes them there'] : []),
      ];
      process.stdout.write(`${lines.join('\n')}\n`);
    },
    asUser(options),
  );
}

function checkReason(reason: string, words: readonly string[]): void {
  const told = words.filter((text) => text.trim().length >= 4);
  if (!told.some((text) => reason.toLowerCase().includes(text.trim().toLowerCase()))) return;
  throw new Problem('The reason names the person, and would stay on the record.', 'Name a request or a ticket.');
}
