import { basename } from 'node:path';
import { Command } from 'commander';
import { toVisibleJson } from '../audit/export-line.ts';
import { checkPolicyText } from '../policy/check-text.ts';
import { toPrintable } from './audit.ts';
import { policyTestCommand } from './policy-test.ts';
import { policyVerifyCommand } from './policy-verify.ts';
import { readText } from './read-text.ts';

/** `credence policy check FILE`: finds every mistake of a document, with line and column; `test`: its own file. */
export function policyCommand(setExitCode: (code: number) => void): Command {
  const policy = new Command('policy').description('work with policy documents');
  policy
    .command('check')
    .description('find the mistakes of an access or resource document')
    .argument('<file>')
    .option('--json', 'the findings as one JSON object')
    .addHelpText('after', '\nExit code 0: no mistakes. 1: mistakes, each with its line. 2: the file cannot be read.')
    .action(async (file: string, options: { json?: boolean }) => {
      const { kind, problems } = checkPolicyText(await readText(file), basename(file));
      if (options.json) process.stdout.write(`${toVisibleJson({ file, kind, problems })}\n`);
      else if (problems.length === 0) process.stdout.write(`${file}: no mistakes in this ${kind} document.\n`);
      else {
        for (const { line, column, path, message } of problems) {
          process.stdout.write(`${toPrintable(`${file}:${line}:${column}  ${path}: ${message}`)}\n`);
        }
      }
      setExitCode(problems.length === 0 ? 0 : 1);
    });
  return policy.addCommand(policyTestCommand(setExitCode)).addCommand(policyVerifyCommand(setExitCode));
}
