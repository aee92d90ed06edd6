import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { Command } from 'commander';
import { checkPolicyText, type PolicyCheck } from '../policy/check-text.ts';
import { Problem } from '../problem.ts';
import { toPrintable } from './audit.ts';

/** `credence policy check FILE`: finds every mistake of a document, with line and column. */
export function policyCommand(setExitCode: (code: number) => void): Command {
  const policy = new Command('policy').description('work with policy documents');
  policy
    .command('check')
    .description('find the mistakes of an access or resource document')
    .argument('<file>')
    .option('--json', 'the findings as one JSON object')
    .addHelpText('after', '\nExit code 0: no mistakes. 1: mistakes, each with its line. 2: the file cannot be read.')
    .action(async (file: string, options: { json?: boolean }) => {
      const { kind, problems } = await checkPolicyFile(file);
      if (options.json) process.stdout.write(`${JSON.stringify({ file, kind, problems })}\n`);
      else if (problems.length === 0) process.stdout.write(`${file}: no mistakes in this ${kind} document.\n`);
      else {
        for (const { line, column, path, message } of problems) {
          process.stdout.write(`${toPrintable(`${file}:${line}:${column}  ${path}: ${message}`)}\n`);
        }
      }
      setExitCode(problems.length === 0 ? 0 : 1);
    });
  return policy;
}

async function checkPolicyFile(path: string): Promise<PolicyCheck> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new Problem(`Cannot read ${path}: ${(error as Error).message}`, 'Check the path and its permissions.');
  }
  return checkPolicyText(text, basename(path));
}
