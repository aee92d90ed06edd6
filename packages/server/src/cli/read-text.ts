import { readFile } from 'node:fs/promises';
import { Problem } from '../problem.ts';

/** The text of a file that was named on the command line. */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new Problem(`Cannot read ${path}: ${(error as Error).message}`, 'Check the path and its permissions.');
  }
}
