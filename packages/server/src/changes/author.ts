/** Who wrote a version, and who approved it. */
export interface Authorship {
  readonly authors: readonly string[];
  readonly approver: string | undefined;
}

const approved = '; approved by ';

/** Both in the one text that a version says its author in: it is covered, and nodes of before read it as it is. */
export function toAuthor({ authors, approver }: Authorship): string {
  return `${authors.join(' ')}${approver === undefined ? '' : `${approved}${approver}`}`;
}

export function readAuthor(author: string): Authorship {
  const [written = '', approver] = author.split(approved);
  return { authors: written.split(' '), approver };
}
