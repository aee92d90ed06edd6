import type { Answer } from '../../data/problem.ts';

export type Draft = Answer<'listDrafts'>['items'][number];
export type OpenedDraft = Answer<'getDraftHead'>;
export type PeopleChange = Answer<'listChanges'>['items'][number];
export type Version = Answer<'listVersions'>['items'][number];
export type Diff = Answer<'diffDraft'>;

/** How the page says who has to agree, and what its first button does. */
export type Approval =
  | { readonly kind: 'publish'; readonly why: 'takes' | 'alone' }
  | { readonly kind: 'propose' }
  | { readonly kind: 'waits' }
  | { readonly kind: 'approve' };

/**
 * What comes next for a draft. The server decides all of this again; here it is said before anybody tries.
 * @param me - id of who looks at it
 */
export function approvalOf(
  { state, authors }: Pick<Draft, 'state' | 'authors'>,
  { widens, secondPerson }: Pick<Diff, 'widens' | 'secondPerson'>,
  me: string,
): Approval {
  if (!secondPerson) return { kind: 'publish', why: widens.length === 0 ? 'takes' : 'alone' };
  if (state === 'open') return { kind: 'propose' };
  return { kind: authors.includes(me) ? 'waits' : 'approve' };
}

/**
 * Whether the text on the page, saved as a draft of the version in force, is the draft again. A resource document is shown without
 * what its upstreams hold, and one that starts from an older version would take back what came since.
 */
export function canBeginAgain({ kind, behind }: Pick<OpenedDraft, 'kind' | 'behind'>): boolean {
  return kind === 'access' && !behind;
}

/** An entry of a document as lines of text, for the two sides of a change. */
export function toLines(value: unknown): readonly string[] {
  return value === null || value === undefined ? [] : JSON.stringify(value, null, 2).split('\n');
}

/** One side and the other, line by line: what is in both stands once. */
export function diffLines(
  before: readonly string[],
  after: readonly string[],
): readonly { readonly sign: ' ' | '-' | '+'; readonly text: string }[] {
  const table = Array.from({ length: before.length + 1 }, () => new Array<number>(after.length + 1).fill(0));
  const at = (row: number, column: number) => table[row]?.[column] ?? 0;
  for (let row = before.length - 1; row >= 0; row -= 1) {
    for (let column = after.length - 1; column >= 0; column -= 1) {
      const longest =
        before[row] === after[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
      (table[row] as number[])[column] = longest;
    }
  }
  const lines: { sign: ' ' | '-' | '+'; text: string }[] = [];
  let [row, column] = [0, 0];
  while (row < before.length || column < after.length) {
    const [left, right] = [before[row], after[column]];
    if (left !== undefined && left === right) {
      lines.push({ sign: ' ', text: left });
      row += 1;
      column += 1;
    } else if (left !== undefined && (right === undefined || at(row + 1, column) >= at(row, column + 1))) {
      lines.push({ sign: '-', text: left });
      row += 1;
    } else {
      lines.push({ sign: '+', text: right ?? '' });
      column += 1;
    }
  }
  return lines;
}
