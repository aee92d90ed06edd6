import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Store } from '../store.ts';

/** A process that calls {@link writeBursts} on a store of its own. */
export function startWriterProcess(file: string, args: readonly string[]): ChildProcessByStdio<null, Readable, null> {
  return spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
}

export interface Line {
  readonly id: string;
  readonly outcome: string;
  readonly mark: string;
}

/** Everything the writer reports until it ends. `enough` is called once there are `count` lines. */
export async function readLines(writer: { stdout: Readable }, count = 0, enough?: () => void): Promise<Line[]> {
  let text = '';
  const lines = () => text.split('\n').slice(1, -1);
  let called = enough === undefined;
  for await (const chunk of writer.stdout) {
    text += chunk;
    if (called || lines().length < count) continue;
    called = true;
    enough?.();
  }
  return lines().map((line) => {
    const [id = '', outcome = '', mark = ''] = line.split(' ');
    return { id, outcome, mark };
  });
}

/** Commits in bursts until it is killed, or has written `count`, and prints an id only once it is durable. */
export async function writeBursts(store: Store, node: string, count: string): Promise<void> {
  const limit = count === 'forever' ? Number.POSITIVE_INFINITY : Number(count);
  process.stdout.write('ready\n');
  for (let burst = 0; burst * 10 < limit; burst++) {
    await Promise.all(
      Array.from({ length: 10 }, async (_, index) => {
        const number = burst * 10 + index;
        const id = `${node}-${number}`;
        const record = { id, kind: 'issuance', timeMs: number, body: JSON.stringify({ id }) };
        // Two writers meet at each of these marks; the one that wins says so.
        const mark = { kind: 'id_jag', id: `shared-${number}`, until: 4_000_000_000 } as const;
        const { won } = await store.commit({ marks: [mark], records: [record] });
        if (!won) await store.commit({ marks: [], records: [record] });
        process.stdout.write(`${id} ${won ? 'won' : 'lost'} ${mark.id}\n`);
      }),
    );
  }
  await store.close();
}
