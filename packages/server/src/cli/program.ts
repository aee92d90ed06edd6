import { Command, CommanderError } from 'commander';
import { accountCommand } from './account.ts';
import { adminCommand } from './admin.ts';
import { apiTokenCommand } from './api-token.ts';
import { applyCommand } from './apply.ts';
import { auditCommand, toPrintable } from './audit.ts';
import { backupCommand, restoreCommand } from './backup.ts';
import { clientCommand } from './client.ts';
import { draftCommand } from './draft.ts';
import { explainCommand } from './explain.ts';
import { exportCommand } from './export.ts';
import { exportsCommand } from './exports.ts';
import { groupCommand, roleCommand } from './group.ts';
import { configOption } from './home-option.ts';
import { identityCommand } from './identity.ts';
import { keysCommand } from './keys.ts';
import { personCommand } from './person.ts';
import { planCommand } from './plan.ts';
import { policyCommand } from './policy.ts';
import { scimCommand } from './scim.ts';
import { serveCommand } from './serve.ts';
import { sessionCommand } from './session.ts';
import { resumeCommand, stopCommand, stopsCommand } from './stop.ts';
import { storeCommand } from './store.ts';
import { toProblem } from './to-problem.ts';

/** Exit code for what the operator has to put right: a bad flag, file, port or home. */
const exitProblem = 2;

/** Commands of policy as code have codes of their own: 2 says to a pipeline that something would change, or waits. */
const asCode: ReadonlySet<string | undefined> = new Set(['plan', 'apply', 'export']);

/**
 * Runs the command line. Resolves to the exit code: 0 done, 1 the answer is no (a check that found mistakes, nothing
 * found), 2 the operator has to put something right; plan, apply and export say 1 then. What is wrong is printed with the way out, and a stack only
 * where the program is what is wrong.
 */
export async function run(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const problemCode = problemCodeOf(args);
  const program = createProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return afterUsageError(error, problemCode);
    const problem = toProblem(error);
    if (problem) {
      say(`credence: ${problem.message}\n  ${problem.wayOut}`);
      return problemCode;
    }
    say(`credence: a fault of this program; tell whoever makes it:\n${error instanceof Error ? error.stack : error}`);
    return process.exit(problemCode); // whatever it left open
  }
}

/** The whole command line, every command with its flags. */
export function createProgram(setExitCode: (code: number) => void): Command {
  const program = new Command('credence')
    .description('Decide once which agents may reach which MCP servers for whom. No consent screens.')
    .version('0.1.0')
    .enablePositionalOptions() // or --version of a command, such as draft begin, would be ours
    .configureOutput({ outputError: () => undefined })
    .showHelpAfterError(false)
    .exitOverride();
  for (const command of [
    serveCommand,
    policyCommand,
    planCommand,
    applyCommand,
    exportCommand,
    draftCommand,
    auditCommand,
    explainCommand,
    personCommand,
    adminCommand,
    apiTokenCommand,
    groupCommand,
    roleCommand,
    scimCommand,
    clientCommand,
    accountCommand,
    sessionCommand,
    identityCommand,
    keysCommand,
    stopCommand,
    stopsCommand,
    resumeCommand,
    storeCommand,
    exportsCommand,
    backupCommand,
    restoreCommand,
  ]) {
    program.addCommand(inheritSettings(command(setExitCode), program));
  }
  return program;
}

/** Messages name what others wrote: each line of them is shown, and none does anything to a terminal (T32). */
function say(text: string): void {
  process.stderr.write(`${text.split('\n').map(toPrintable).join('\n')}\n`);
}

/**
 * Whoever reads us may go away (`| head`): what was begun is done to its end all the same. Output that cannot be written, as to a full
 * disk, is told; a server has other things to do than to talk.
 */
export function watchOutput(args: readonly string[]): void {
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (args[0] === 'serve' || code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED') return;
    say(`credence: The output cannot be written (${code}).\n  See that there is room for it.`);
    process.exit(problemCodeOf(args));
  });
}

function problemCodeOf([command]: readonly string[]): number {
  return asCode.has(command) ? 1 : exitProblem;
}

function inheritSettings(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent);
  const has = (flag: string) => command.options.some(({ long }) => long === flag);
  if (has('--home') && !has('--config')) command.addOption(configOption());
  for (const child of command.commands) inheritSettings(child, parent);
  return command;
}

function afterUsageError({ code, exitCode, message }: CommanderError, problemCode: number): number {
  if (exitCode === 0 || code === 'commander.help') return code === 'commander.help' ? exitProblem : 0;
  const text = message.replace(/^error: /, '');
  say(`credence: ${text}\n  See credence --help, or credence <command> --help.`);
  return problemCode;
}
