export const outcomeWords = {
  allowed: 'Allowed',
  narrowed: 'Narrowed',
  refused: 'Refused',
  again: 'Sign in again',
  draft: 'Draft',
  report: 'Report only',
  waiting: 'Waiting',
  unknown: 'Unknown',
  stopped: 'Stopped',
  look: 'Look at this',
} as const;

export const riskWords = { low: 'Low', medium: 'Medium', high: 'High' } as const;

export const partTexts = {
  loading: 'Loading…',
  tryAgain: 'Try again',
  reference: 'Reference',
  export: 'Export',
  more: 'More',
  less: 'Less',
  showMore: 'Show more',
  rows: (shown: number, more: boolean) => (more ? `The first ${shown} rows` : shown === 1 ? '1 row' : `${shown} rows`),
  cancel: 'Cancel',
  clear: 'Clear',
  typeName: 'Type a name or an address.',
  nobodyFound: 'Nobody by that name.',
  typeIt: (word: string) => `Type ${word} to go on`,
  undo: 'Undo',
  notUndone: (why: string) => `Not undone. ${why}`,
  live: 'Live',
  held: (count: number) => `${count} new`,
  draft: 'Draft',
  nothingApplies: 'Nothing is in force.',
  leave: 'Leave draft',
  review: (count: number | undefined) =>
    count === undefined ? 'Review' : count === 1 ? 'Review 1 change' : `Review ${count} changes`,
  changes: (count: number) => (count === 1 ? '1 change' : `${count} changes`),
  saved: 'saved',
  never: 'never',
  lines: (count: string) => `${count} lines`,
  saveText: 'Save as a file',
  copied: 'Copied',
  copy: 'Copy',
} as const;

/** What still holds while something is the matter, and what to do, by the code of the problem; else the problem's own words. */
export const problemWords: Readonly<Record<string, { readonly title: string; readonly still: string }>> = {
  no_answer: {
    title: 'The server did not answer.',
    still: 'What is in force stays in force. Look at whether it runs, or try again in a moment.',
  },
  admin_role_lacks: {
    title: 'Your role may not do this.',
    still: 'Nothing has changed. An owner can give you another role.',
  },
  api_version_differs: {
    title: 'Somebody changed it while you were looking.',
    still: 'Nothing of theirs was overwritten. Load it again and look at what they did.',
  },
  admin_too_fast: {
    title: 'That was too much at once.',
    still: 'Nothing has changed. Wait ten seconds and try again.',
  },
};
