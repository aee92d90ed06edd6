import type { EpochSeconds } from '@credence/mcp/protocol';
import { type Permission, permissionsOf } from '../directory/permissions.ts';
import type { Draft, DraftKind } from '../store/drafts.ts';
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

/** What it takes to write a change of each kind, and to ask for it. */
export const takes: Readonly<Record<DraftKind, Permission>> = {
  access: 'apply',
  resource: 'apply',
  members: 'write:groups',
  administrator: 'write:administrators',
};

type Standing = Pick<Store, 'people' | 'administrators' | 'stops'>;

/**
 * Of those who wrote something, people who still may: whoever was taken out, given a role that may not, switched off or stopped vouches for
 * nothing any more.
 * @param since - when they vouched for it: of somebody who was stopped after that nobody knows whose word it was, also when the stop is over
 */
export async function standing(
  store: Standing,
  { authors, kind }: Pick<Draft, 'authors' | 'kind'>,
  since: EpochSeconds,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const id of authors.filter(isPerson)) if (await stands(store, id, takes[kind], since)) found.push(id);
  return found;
}

async function stands(
  { people, administrators, stops }: Standing,
  id: string,
  needed: Permission,
  since: EpochSeconds,
): Promise<boolean> {
  if (!(await people.find(id))?.active || !permissionsOf(await administrators.roleOf(id)).has(needed)) return false;
  return !(await stops.ofPerson(id)).some(({ resumed }) => resumed === undefined || resumed.at >= since);
}

/** Who has proposed it: of the authors of a draft the last. */
export function withProposer(authors: readonly string[], by: string): readonly string[] {
  return [...authors.filter((author) => author !== by), by];
}

/** Who vouches for a draft that was proposed. */
export function proposerOf(authors: readonly string[]): string {
  return authors.at(-1) ?? '';
}

/** Whether this is somebody who signs in, and not a shell. Ids of people begin with `u_`. */
function isPerson(author: string): boolean {
  return !author.startsWith(shell);
}
