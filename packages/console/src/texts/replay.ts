const counted = (count: number, one: string, many: string) =>
  `${count.toLocaleString('en-GB')} ${count === 1 ? one : many}`;
const people = (count: number) => counted(count, 'person', 'people');

export const replayTexts = {
  title: (days: number) => `The last ${days} days, decided again under this draft`,
  range: 'Days',
  days: (count: number) => `${count} days`,
  remark: (total: string, from: string, to: string) => `${total} decisions, ${from} to ${to}`,
  soFar: (total: string) => `${total} decisions so far`,
  kinds: {
    gained: 'would be given more',
    lost: 'would be given less',
    again: 'would sign in again',
  },
  letIn: (count: number) => `${counted(count, 'was', 'were')} refused`,
  shutOut: (count: number) => `${count.toLocaleString('en-GB')} would be refused`,
  same: 'stay the same',
  sameRemark: 'as they were decided',
  people,
  unknown: (count: number) =>
    `${counted(count, 'more decision', 'more decisions')} cannot be told: what they rested on was erased, or the draft asks for something that was not recorded.`,
  none: 'No decision of these days would be another.',
  progress: 'Decided again so far',
  running: 'The newest first…',
  hold: 'Hold',
  held: (total: string, day: string) => `The newest ${total}, back to ${day}.`,
  goOn: 'Go on with the rest',
  other: 'The draft has another text now: this is decided again once it has been read.',
  byDay: 'By day',
  day: 'Day',
  legend: (per: number) =>
    per === 1
      ? 'Each box is one decision: filled would be given more, hollow less, dotted would sign in again.'
      : `Each box is up to ${per.toLocaleString('en-GB')} decisions: filled would be given more, hollow less, dotted would sign in again.`,
  chartWords: ({ gained, lost, again }: { gained: number; lost: number; again: number }, days: number) =>
    `${counted(days, 'day has', 'days have')} decisions that would be others: ${gained} would be given more, ${lost} less, ${again} would be asked to sign in again.`,
  asTable: 'As a table',
  asChart: 'As a chart',
  columns: { gained: 'Given more', lost: 'Given less', again: 'Sign in again' },
  byPerson: 'Person',
  byServer: 'Server',
  morePeople: (count: string) => `${count} more people`,
  moreServers: (count: string) => `${count} more servers`,
  each: (count: number) => counted(count, 'decision that would be another', 'decisions that would be others'),
  newest: (count: string) => `The newest ${count} of them.`,
  when: 'When',
  person: 'Person',
  client: 'Through',
  server: 'Server',
  before: 'Then',
  after: 'Under this draft',
  nothing: 'nothing',
  again: 'asked to sign in again',
} as const;
