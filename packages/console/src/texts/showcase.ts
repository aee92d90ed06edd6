import type { outcomeWords } from './parts.ts';

/** What the page of parts shows as examples. */
export const showcaseTexts = {
  title: 'Parts and states',
  lead: 'Each state has a shape, a word and a colour; any one of them is enough.',
  standings: 'Decisions and standings',
  meanings: {
    allowed: 'All that was asked for was given',
    narrowed: 'Less was given than was asked for; the row names what was left out',
    refused: 'Nothing was given',
    again: 'A fresher or stronger sign-in would earn it',
    draft: 'Written, not in force. Always dashed, never filled',
    report: 'In force on paper: says what it would have done',
    waiting: 'For somebody, or for its time',
    unknown: 'Nobody has seen it',
    stopped: 'Switched off by a person; says by whom and since when',
    look: 'Works, but a person should decide something',
  } satisfies Record<keyof typeof outcomeWords, string>,
  confirm: 'Confirmation with consequences',
  stop: 'Stop 312 agents…',
  stopTitle: 'This stops 312 people’s agents on Linear.',
  stopLead: 'Live tokens end within a second. Rules stay as they are.',
  stopDo: 'Stop 312 agents',
  note: 'Leave a note',
  noteText: 'The rule is out of the draft.',
  empty: 'Empty',
  emptyTitle: 'No server yet. A server is what agents call: Linear, Slack, or one of your own.',
  emptyLead:
    'Enable one from the catalogue and give it to a group; its people reach it at their next call, without a consent screen.',
  emptyDo: 'Choose from the catalogue',
  loading: 'Loading',
  loadingRemark: 'after 200 ms, in the shape of what comes',
  error: 'Error',
  errorRemark: 'what, what still holds, what to do',
  table: 'Table',
  controls: 'Controls',
  draftName: 'Data writes issues on Tracker',
} as const;
