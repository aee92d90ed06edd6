import { Option } from 'commander';
import { type Format, formats, headerOf, toLine } from '../exports/format.ts';
import { type InstallationFlags, withStore } from './with-store.ts';

const page = 500;

/** `--format jsonl|ocsf|cef|csv`: the record as somebody else's program reads it. */
export function formatOption(): Option {
  return new Option('--format <format>', 'as this, one record a line').choices(formats);
}

/** Writes the whole record to standard output, oldest first. */
export async function exportAs(flags: InstallationFlags, format: Format): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0); // `| head`
  });
  const header = headerOf(format);
  if (header !== undefined) await write(`${header}\n`);
  await withStore(flags, async ({ audit }) => {
    let position = 0;
    for (;;) {
      const rows = await audit.read(position, page);
      const last = rows.at(-1);
      if (!last) return;
      await write(rows.map((row) => `${toLine(format, row)}\n`).join(''));
      position = last.position;
    }
  });
}

function write(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
