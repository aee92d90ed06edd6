import type { Store } from '../store/store.ts';

/** Who wrote a version, and who approved it. */
export interface Authorship {
  readonly authors: readonly string[];
  readonly approver: string | undefined;
}

const approved = '; approved by ';
const shell = 'cli:';

/** Both in the one text that a version says its author in: it is covered, and nodes of before read it as it is. */
export function toAuthor({ authors, approver }: Authorship): string {
  return `${authors.join(' ')}${approver === undefined ? '' : `${approved}${approver}`}`;
}

export function readAuthor(author: string): Authorship {
  const [written = '', approver] = author.split(approved);
  return { authors: written.split(' '), approver };
}

/** How somebody with a shell on the machine is called, of whom nobody knows who they are when they sign in. */
export function toShell(user: string): string {
  return `${shell}${user}`;
}

/** Of those who wrote something, people who still may: whoever was taken out vouches for nothing any more. */
export async function standing(
  { people, administrators }: Pick<Store, 'people' | 'administrators'>,
  authors: readonly string[],
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const id of authors.filter(isPerson)) {
    if ((await people.find(id))?.active && (await administrators.roleOf(id)) !== undefined) found.push(id);
  }
  return found;
}

/** Whether this is somebody who signs in, and not a shell. Ids of people begin with `u_`. */
function isPerson(author: string): boolean {
  return !author.startsWith(shell);
}
