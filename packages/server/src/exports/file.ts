import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import type { FileSettings } from '../exports-config.ts';
import { away, type Destination } from './destination.ts';

const most = { lines: 200, bytes: 1024 * 1024 };
/** No line is longer; so much of the end of a file is searched for where the last one began. */
const tailBytes = 4 * 1024 * 1024;

/**
 * A file that lines are added to; when it is full it is put aside as `<path>.1`, and what was `.1` as `.2`. A batch counts as
 * there when it is on the disk. A line that a crash left half written is taken back: it is written again, whole.
 * @param isAlone - false for whoever writes beside a server: a half line may be one that is being written
 */
export function openFileDestination(
  { path, maxBytes, keep }: Pick<FileSettings, 'path' | 'maxBytes' | 'keep'>,
  { isAlone = true }: { readonly isAlone?: boolean } = {},
): Destination {
  let file: FileHandle | undefined;

  /** The file by this name, which somebody may have moved away meanwhile. */
  async function current(): Promise<FileHandle> {
    if (file) {
      const [ours, there] = [await file.stat(), await stat(path).catch(() => undefined)];
      if (there && there.ino === ours.ino && there.dev === ours.dev) return file;
      await close();
    }
    const there = await stat(path).catch(ignoreMissing);
    if (there && !there.isFile()) throw new NotAFile();
    file = await open(path, 'a+', 0o600);
    const half = await findHalfLine(file);
    if (half !== undefined && !isAlone) throw new HalfLine();
    if (half !== undefined) await file.truncate(half);
    return file;
  }

  async function close(): Promise<void> {
    const closing = file;
    file = undefined;
    await closing?.close();
  }

  async function rotate(): Promise<void> {
    await close();
    await rm(`${path}.${keep}`, { force: true });
    for (let number = keep - 1; number >= 0; number--) {
      const from = number === 0 ? path : `${path}.${number}`;
      await rename(from, `${path}.${number + 1}`).catch(ignoreMissing);
    }
  }

  return {
    most,
    async send(batch) {
      try {
        const bytes = Buffer.from(batch.map(({ text }) => `${text}\n`).join(''));
        let handle = await current();
        const { size } = await handle.stat();
        if (size > 0 && size + bytes.length > maxBytes) {
          await rotate();
          handle = await current();
        }
        await handle.appendFile(bytes);
        await handle.datasync();
        return { outcome: 'delivered' };
      } catch (error) {
        // What of the batch is in the file by now is taken back, or doubled, the next time.
        await close().catch(() => undefined);
        return away(error);
      }
    },
    close,
  };
}

/** The file ends in the middle of a line. */
class HalfLine extends Error {
  override readonly name = 'HalfLine';
}

/** What is there keeps nothing, and may never take what is written: a pipe, a device, a folder. */
class NotAFile extends Error {
  override readonly name = 'NotAFile';
}

/** Where a line begins that does not end. */
async function findHalfLine(file: FileHandle): Promise<number | undefined> {
  const { size } = await file.stat();
  if (size === 0) return undefined;
  const from = Math.max(0, size - tailBytes);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
  const end = buffer.subarray(0, bytesRead).lastIndexOf(0x0a) + 1;
  return from + end < size && (end > 0 || from === 0) ? from + end : undefined;
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** Standard output of the server: for a container whose log is collected. Takes as long as the reader does. */
export function stdoutDestination(stream: NodeJS.WritableStream = process.stdout): Destination {
  // A reader that goes away is told of by the callback below, and must not end the server.
  stream.on('error', () => undefined);
  return {
    most: { lines: 200, bytes: 256 * 1024 },
    send: (batch) =>
      new Promise((resolve) => {
        stream.write(batch.map(({ text }) => `${text}\n`).join(''), (error) =>
          resolve(error ? away(error) : { outcome: 'delivered' }),
        );
      }),
    close: async () => undefined,
  };
}
