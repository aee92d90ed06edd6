import { spawn } from 'node:child_process';
import type { JsonObject } from '@credence/mcp/protocol';

/** What is started: worked out beforehand, so that nothing is looked up while starting. */
export interface ChildPlan {
  /** Full path of a program; never a shell. */
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** OS user and group, or `undefined` for our own. */
  readonly user: number | undefined;
}

/** A running process that speaks one JSON message a line. */
export interface Child {
  write(body: JsonObject): void;
  /** Lines in order, each dealt with before the next; a process that says more than is taken has to wait. */
  onLine(handle: (line: string) => Promise<void>): void;
  /** Resolves when it has ended or could not be started. */
  readonly exited: Promise<void>;
  /** Resolves soon after, when what it said last has been dealt with. */
  readonly finished: Promise<void>;
  /** Ends it with everything it started: a request first, force soon after. */
  stop(): Promise<void>;
}

/** A line longer than this, or this much unread by the process, ends it: it does not get to fill our memory. */
const maxLength = 16 * 1024 * 1024;
const pauseAtLength = 1024 * 1024;
/** What a line that waits takes beside its letters, about: a million lines of one letter are a thousand times a million letters. */
const lineLength = 1024;
const graceMs = 1000;

/**
 * The one place where a process is started. It gets the environment its entry lists and nothing else, its own folder, two
 * pipes, its own process group and, where we may switch, its own user and no other groups (T36, T40). What it writes to
 * standard error is thrown away: it may hold anything.
 */
export function startChild({ command, args, env, cwd, user }: ChildPlan): Child {
  const child = spawn(command, args, {
    cwd,
    env,
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true, // a group of its own, so that what it starts ends with it
    shell: false,
    ...(user !== undefined && { uid: user, gid: user }),
  });
  const signal = (name: 'SIGTERM' | 'SIGKILL') => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // the group is gone
    }
  };
  let hasExited = false;
  const exited = new Promise<void>((resolve) => {
    const onEnd = () => {
      hasExited = true;
      signal('SIGKILL'); // what it left behind in its group
      resolve();
    };
    child.once('exit', onEnd);
    child.once('error', onEnd);
  });
  const closed = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  let queue = Promise.resolve();
  const finished = exited.then(() => within(graceMs, closed)).then(() => within(graceMs, queue));
  child.stdin.on('error', () => undefined); // one that went away is told of by its exit
  child.stdout.on('error', () => undefined);

  const stop = async () => {
    if (hasExited) return;
    child.stdin.end();
    signal('SIGTERM');
    const force = setTimeout(() => signal('SIGKILL'), graceMs);
    await exited;
    clearTimeout(force);
  };

  return {
    exited,
    finished,
    stop,
    write(body) {
      if (!child.stdin.writable) return;
      child.stdin.write(`${JSON.stringify(body)}\n`);
      if (child.stdin.writableLength > maxLength) void stop();
    },
    onLine(handle) {
      const decoder = new TextDecoder();
      const unfinished: string[] = []; // joined once, so that tiny pieces cost no more than large ones
      let length = 0;
      let waiting = 0;
      child.stdout.on('data', (chunk: Buffer) => {
        const [first = '', ...more] = decoder.decode(chunk, { stream: true }).split('\n');
        unfinished.push(first);
        length += first.length;
        if (length > maxLength) {
          child.stdout.destroy(); // it may go on until it is ended by force
          return void stop();
        }
        for (const part of more) {
          const line = unfinished.splice(0).join('');
          unfinished.push(part);
          length = part.length;
          if (line === '') continue;
          waiting += line.length + lineLength;
          queue = queue
            .then(() => handle(line))
            .catch(() => undefined)
            .then(() => {
              waiting -= line.length + lineLength;
              if (waiting <= pauseAtLength) child.stdout.resume();
            });
        }
        if (waiting > pauseAtLength) child.stdout.pause();
      });
    },
  };
}

/** Waits, but not for ever: what a process started may have taken its pipes along, and a client may have stopped reading. */
function within(milliseconds: number, done: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    done.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
