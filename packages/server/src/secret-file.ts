import { readFile } from 'node:fs/promises';
import { Problem } from './problem.ts';

/**
 * A secret from its file, without the line end. Throws `Problem` when it cannot be read.
 * @param setting - where the file is named, for the message
 */
export async function readSecretFile(file: string, setting: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new Problem(
      `${setting}: cannot read ${file} (${(error as NodeJS.ErrnoException).code}).`,
      'Check the path, its owner and its mode (0600).',
    );
  }
}
