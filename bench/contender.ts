import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Asked, Ports, Told, Usage } from './contenders/control.ts';
import type { Side } from './fixture.ts';

export const contenderNames = ['peer', 'credence', 'floor'] as const;
export type ContenderName = (typeof contenderNames)[number];

/** A server under test, in a process of its own that does nothing else. */
export interface Contender {
  readonly name: ContenderName;
  url(side: Side): string;
  usage(): Promise<Usage>;
  stop(): Promise<void>;
}

/**
 * @param flags - for its Node, such as `--cpu-prof`
 * @param workers - processes that answer, of Credence
 */
export async function startContender(
  name: ContenderName,
  fixtureFile: string,
  { flags = [], workers = 1 }: { readonly flags?: readonly string[]; readonly workers?: number } = {},
): Promise<Contender> {
  const program = fileURLToPath(new URL(`./contenders/${name}.ts`, import.meta.url));
  const child = fork(program, [fixtureFile, String(workers)], {
    env: { ...process.env, NODE_ENV: 'production' },
    execArgv: [...flags],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const { ready } = await told<{ ready: Ports }>(child);
  return {
    name,
    url: (side) => `http://127.0.0.1:${ready[side]}/token`,
    async usage() {
      const answer = told<{ usage: Usage }>(child);
      child.send('usage' satisfies Asked);
      return (await answer).usage;
    },
    async stop() {
      const gone = once(child, 'exit');
      child.send('stop' satisfies Asked);
      await gone;
    },
  };
}

async function told<T extends Told>(child: ChildProcess): Promise<T> {
  const ended = new AbortController();
  try {
    const [message] = await Promise.race([
      once(child, 'message', { signal: ended.signal }),
      once(child, 'exit', { signal: ended.signal }).then(() => {
        throw new Error('a contender ended before it was told to');
      }),
    ]);
    return message as T;
  } finally {
    ended.abort();
  }
}
