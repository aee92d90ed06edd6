export const stopTexts = {
  title: (name: string) => `Stop ${name}?`,
  reason: 'Why',
  reasonHint: 'On the record, and in the list of what is stopped.',
  live: 'Nothing more is issued, and what was issued is refused within a second. Nothing is deleted; it can be started again.',
  do: 'Stop now',
  done: (words: string) => `Stopped: ${words}.`,
} as const;
