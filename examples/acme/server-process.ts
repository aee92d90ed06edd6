import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../packages/server/src/main.ts', import.meta.url));

/** How a process ended, and what it said. */
export interface Ended {
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ServerProcess {
  readonly pid: number;
  /** Milliseconds from start to the ready line. */
  readonly readyMs: number;
  /** What it printed so far, both streams. */
  output(): string;
  /** Sends the signal, and resolves when the process is gone. */
  stop(signal?: NodeJS.Signals): Promise<Ended>;
}

interface Child extends Pick<ServerProcess, 'pid' | 'output'> {
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts `credence serve` with these flags and waits for its ready line. */
export async function startServer(
  flags: readonly string[],
  { timeoutMs = 60_000, env = process.env }: { timeoutMs?: number; env?: NodeJS.ProcessEnv } = {},
): Promise<ServerProcess> {
  const startedAt = performance.now();
  const child = spawnCredence(['serve', ...flags], env);
  const isGone = child.ended.then(() => true);
  while (!/\bready\b/i.test(child.output())) {
    const tick = new Promise<false>((resolve) => setTimeout(resolve, 5, false));
    if (await Promise.race([isGone, tick])) {
      throw new Error(`The server ended before it was ready. It said:\n${child.output()}`);
    }
    if (performance.now() - startedAt > timeoutMs) {
      child.kill('SIGKILL');
      throw new Error(`The server was not ready after ${timeoutMs} ms. It said:\n${child.output()}`);
    }
  }
  return {
    pid: child.pid,
    readyMs: performance.now() - startedAt,
    output: child.output,
    stop: (signal = 'SIGTERM') => {
      child.kill(signal);
      return child.ended;
    },
  };
}

/** Runs any other `credence` command to its end. */
export function runCredence(
  args: readonly string[],
  options: { timeoutMs?: number; input?: string; interruptAfterMs?: number } = {},
): Promise<Ended> {
  const { timeoutMs = 20_000, input = '', interruptAfterMs } = options;
  const child = spawnCredence(args, process.env, input);
  const tooLate = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const interrupt =
    interruptAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGINT'), interruptAfterMs);
  return child.ended.finally(() => {
    clearTimeout(tooLate);
    clearTimeout(interrupt);
  });
}

function spawnCredence(args: readonly string[], env: NodeJS.ProcessEnv, input = ''): Child {
  const child = spawn(process.execPath, [main, ...args], { stdio: 'pipe', env });
  child.stdin.end(input);
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  child.once('close', () => process.off('exit', killWithUs));
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  return {
    pid: child.pid ?? -1,
    output: () => stdout + stderr,
    ended: once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr })),
    // A process that is gone is not signalled: its number may belong to another by now.
    kill: (signal) => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    },
  };
}
