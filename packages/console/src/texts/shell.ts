import type { PageGroup } from '../pages/page.ts';

export const groupNames: Readonly<Record<PageGroup, string>> = {
  now: 'Now',
  policy: 'Policy',
  registry: 'Registry',
  record: 'Record',
};

export const roleNames: Readonly<Record<string, string>> = {
  owner: 'Owner',
  policy: 'Policy administrator',
  people: 'People administrator',
  auditor: 'Auditor',
  'help-desk': 'Help desk',
};

export const shellTexts = {
  skip: 'Skip to the page',
  console: 'Console',
  pages: 'Pages',
  menu: 'Menu',
  close: 'Close',
  search: 'Search or jump to',
  demo: 'A demonstration: no second factor is asked for, and its passwords lie in a file.',
  policy: 'Policy',
  published: 'published',
  theme: 'Colours',
  themes: { light: 'Light', dark: 'Dark', auto: 'As the system' },
  account: 'Your account and settings',
  keysOn: 'Keyboard shortcuts',
  keyboard: 'Keyboard',
  noPage: 'There is no such page.',
  noPageLead: 'The address may be mistyped, or the page has another name by now.',
  toStart: 'To the first page',
  mayNot: (role: string) => `Your role, ${role}, does not see this page.`,
  mayNotLead: 'An owner can give you another role. What you can see is in the list of pages.',
  mayNotDo: (role: string) => `Your role, ${role}, may not do this.`,
} as const;

export const paletteTexts = {
  title: 'Search or jump to',
  placeholder: 'Person, server, client, page, question, or the id of a decision',
  sections: {
    open: 'Open',
    people: 'People',
    servers: 'Servers',
    clients: 'Clients',
    questions: 'Ask',
    pages: 'Pages',
    actions: 'Do',
  },
  decision: (id: string) => `Decision ${id}`,
  record: 'opens the record',
  none: 'Nothing by that name.',
  choose: 'choose',
  openIt: 'open',
  asksFirst: 'asks first',
  results: (count: number) => (count === 1 ? '1 result' : `${count} results`),
} as const;

/** Questions as the palette offers them. */
export const questionTexts = {
  how: (person: string, server: string) => `How can ${person} reach ${server}?`,
  what: (person: string) => `What can ${person} reach?`,
  who: (server: string) => `Who can reach ${server}?`,
  whoScope: (scope: string, server: string) => `Who can use ${scope} on ${server}?`,
  where: (client: string) => `Where may ${client} go?`,
} as const;

export const keyTexts = {
  title: 'Keyboard',
  lead: 'Keys work wherever nothing is being typed. They can be switched off in your settings.',
  palette: 'Search or jump to anything',
  find: 'Find on the page',
  rows: 'Next and previous row',
  open: 'Open the row',
  close: 'Close, and back to where you were',
  cells: 'Move in the matrix of access, over its first row into the heads',
  ends: 'First and last server, ten groups up and down',
  choose: 'In an open cell: allow, not given, refuse',
  keep: 'In an open cell: keep it in the draft',
  help: 'This list',
  go: (page: string) => `Go to ${page}`,
} as const;
