import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What one run of wrk saw; latencies in microseconds. */
export interface Load {
  readonly requests: number;
  readonly micros: number;
  /** Answers that were not 2xx. */
  readonly refused: number;
  /** Requests without an answer. */
  readonly failed: number;
  readonly p50: number;
  readonly p99: number;
}

export interface Walk {
  readonly url: string;
  readonly host: string;
  /** File of bodies, one a line. */
  readonly bodies: string;
  /** Whether a body may be sent more than once. */
  readonly again: boolean;
  readonly connections: number;
  readonly seconds: number;
}

const script = fileURLToPath(new URL('./walk.lua', import.meta.url));

/** Loads one server, over kept-alive connections that each send their next request when the last was answered. */
export async function runWrk({ url, host, bodies, again, connections, seconds }: Walk): Promise<Load> {
  const load = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script, url];
  const output = await run([...load, '--', bodies, host, again ? 'again' : 'once']);
  const [, result] = /^RESULT (.*)$/m.exec(output) ?? [];
  if (!result) throw new Error(`wrk said nothing that is understood here:\n${output}`);
  return JSON.parse(result) as Load;
}

function run(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('wrk', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new Error('there is no wrk here: apt-get install wrk, or the like') : error),
    );
    child.on('close', (code) => (code === 0 ? resolve(output) : reject(new Error(`wrk failed:\n${output}`))));
  });
}
