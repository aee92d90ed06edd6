import { Command } from 'commander';
import type { PartReport } from '../store/digests.ts';
import { homeOption } from './home-option.ts';
import { type InstallationFlags, toActRow, withStore } from './with-store.ts';

/** `credence policy verify`: whether policies, trust, client secrets and administrators are as they were written (T24). */
export function policyVerifyCommand(setExitCode: (code: number) => void): Command {
  return new Command('verify')
    .description('see whether policies, trust, client secrets and administrators in the store are as they were written')
    .addOption(homeOption())
    .option('--json', 'as one JSON array')
    .option('--accept', 'take what is there as it is, after you have looked at it')
    .addHelpText('after', help)
    .action((flags: InstallationFlags & { readonly json?: boolean; readonly accept?: boolean }) =>
      withStore(flags, async ({ digests }) => {
        if (flags.accept) {
          const altered = (await digests.verify({ texts: true })).filter(({ fault }) => fault !== undefined);
          const what = altered.map(({ name, fault }) => `${name} (${fault})`).join(', ');
          if (altered.length > 0) await digests.accept([toActRow('admin', `accepted as it is in the store: ${what}`)]);
        }
        const reports = await digests.verify({ texts: true });
        if (flags.json) process.stdout.write(`${JSON.stringify(reports)}\n`);
        else for (const report of reports) process.stdout.write(`${toLine(report)}\n`);
        setExitCode(reports.some(({ fault }) => fault !== undefined) ? 1 : 0);
      }),
    );
}

const help = `
Exit code 0: all is as it was written. 1: something was changed by another way; no server uses it.

--accept covers the rows as they are, and is on the record. It does not mend the text of a version: put that back from a backup.`;

function toLine({ name, rows, fault }: PartReport): string {
  return `${name.padEnd(16)}${fault ?? `as written (${rows})`}`;
}
