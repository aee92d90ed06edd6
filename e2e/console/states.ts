import type { Page } from 'playwright-core';

/** A state of a page, as looks.test.ts looks at it. */
interface State {
  /** Names its pictures. */
  readonly name: string;
  /** First name of the administrator; dana, the owner, unless it says so. */
  readonly as?: string;
  readonly path: string;
  /** A link on that page that leads to the one that is meant: ids are not known beforehand. */
  readonly open?: string;
  /** The `h1` that says it is there. */
  readonly heading: string | RegExp;
  /** From the page as it opens to the state. */
  readonly act?: (page: Page) => Promise<unknown>;
}

export const states: readonly State[] = [
  { name: 'overview', path: '/', heading: /^Nothing is in trouble\./ },
  {
    name: 'access',
    path: '/access',
    heading: 'Access',
    act: (page) =>
      page
        .getByRole('button', { name: /on Company documents/ })
        .first()
        .waitFor(),
  },
  {
    name: 'access-open',
    path: '/access',
    heading: 'Access',
    act: async (page) => {
      await page.getByRole('button', { name: /^engineering on Everything/ }).click();
      await page.getByRole('heading', { name: 'Rules that speak' }).waitFor();
    },
  },
  {
    name: 'reach',
    path: '/reach',
    heading: 'Reach',
    act: (page) => page.getByRole('table', { name: 'Given and not used' }).waitFor(),
  },
  {
    name: 'reach-server',
    path: '/reach?server=files',
    heading: 'Reach',
    act: async (page) => {
      await page.getByText('2 people can reach Company documents').waitFor();
      await page.getByRole('table', { name: 'Who can reach it' }).waitFor();
    },
  },
  {
    name: 'reach-client',
    path: '/reach?client=claude-code',
    heading: 'Reach',
    act: (page) => page.getByRole('table', { name: 'Where it may go' }).waitFor(),
  },
  {
    name: 'reach-person',
    path: '/people',
    open: 'Alice',
    heading: 'Alice',
    act: async (page) => {
      await page.getByRole('link', { name: 'See every path' }).click();
      await page.getByRole('table', { name: 'What they can reach' }).waitFor();
    },
  },
  {
    name: 'reach-paths',
    path: '/people',
    open: 'Carol',
    heading: 'Carol',
    act: async (page) => {
      await page.getByRole('link', { name: 'See every path' }).click();
      await page.getByRole('combobox', { name: 'Server', exact: true }).fill('Company');
      await page.getByRole('option', { name: 'Company documents (files)' }).click();
      await page.getByText('Carol cannot reach Company documents.').waitFor();
    },
  },
  {
    name: 'reach-review',
    path: '/reach?server=files',
    heading: 'Reach',
    act: async (page) => {
      await page.getByRole('button', { name: 'Export for review…' }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'requests-none',
    path: '/requests',
    heading: 'Nobody waits for an answer.',
    act: (page) => page.getByText('No request waits.').waitFor(),
  },
  { name: 'changes', path: '/changes', heading: 'Nothing waits for approval.' },
  {
    name: 'version',
    path: '/changes/access/1',
    heading: 'Version 1: Access',
    act: (page) => page.getByText('"rules"').first().waitFor(),
  },
  {
    name: 'servers',
    path: '/servers',
    heading: 'Servers',
    act: (page) => page.getByRole('link', { name: 'Company documents' }).waitFor(),
  },
  {
    name: 'server',
    path: '/servers/files',
    heading: 'Company documents',
    act: (page) => page.getByRole('table', { name: 'Clients that reach it' }).waitFor(),
  },
  {
    name: 'server-stop',
    path: '/servers/files',
    heading: 'Company documents',
    act: async (page) => {
      await page.getByRole('button', { name: 'Stop…' }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'catalogue',
    path: '/catalogue',
    heading: 'Catalogue and probe',
    act: (page) => page.getByRole('button', { name: 'Probe Linear' }).waitFor(),
  },
  {
    name: 'enable',
    path: '/catalogue',
    heading: 'Catalogue and probe',
    act: async (page) => {
      await page.getByRole('button', { name: 'Enable Supabase' }).click();
      await page.getByRole('dialog').getByText('Its authorization server is missing.').waitFor();
      await page.getByRole('dialog').getByRole('button', { name: 'engineering' }).waitFor();
    },
  },
  {
    name: 'clients',
    path: '/clients',
    heading: 'Clients',
    act: (page) => page.getByRole('link', { name: 'Claude Code' }).waitFor(),
  },
  {
    name: 'client',
    path: '/clients/claude-code',
    heading: 'Claude Code',
    act: (page) =>
      page
        .getByRole('button', { name: /^Copy: / })
        .first()
        .waitFor(),
  },
  { name: 'parts', path: '/parts', heading: 'Parts and states' },
  {
    name: 'confirm',
    path: '/parts',
    heading: 'Parts and states',
    act: async (page) => {
      await page.getByRole('button', { name: 'Stop 312 agents…' }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'palette',
    path: '/parts',
    heading: 'Parts and states',
    act: async (page) => {
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox').fill('al');
      await page.getByRole('option', { name: 'alice@acme.example' }).waitFor();
    },
  },
  {
    name: 'keys',
    path: '/',
    heading: /^Nothing is in trouble\./,
    act: async (page) => {
      await page.keyboard.press('?');
      await page.getByRole('dialog').waitFor();
    },
  },
  { name: 'people', path: '/people', heading: 'People', act: (page) => page.getByText('carol@acme.example').waitFor() },
  {
    name: 'people-none',
    path: '/people?q=nobody-like-that',
    heading: 'People',
    act: (page) => page.getByText('Nobody is like that.').waitFor(),
  },
  {
    name: 'people-groups',
    path: '/people?tab=groups',
    heading: 'People',
    act: (page) => page.getByRole('link', { name: 'engineering' }).waitFor(),
  },
  {
    name: 'people-add',
    path: '/people',
    heading: 'People',
    act: (page) => page.getByRole('button', { name: 'Add a person…' }).click(),
  },
  { name: 'people-import', path: '/people/import', heading: 'Import people' },
  {
    name: 'people-import-preview',
    path: '/people/import',
    heading: 'Import people',
    act: async (page) => {
      const rows = [
        'email,name,groups',
        'erin@acme.example,Erin,engineering',
        'bob@acme.example,Robert,',
        'no,Nobody,',
      ];
      await page.getByLabel('Or its text').fill(rows.join('\n'));
      await page.getByRole('button', { name: 'Preview' }).click();
      await page.getByText('This is no e-mail address.').waitFor();
    },
  },
  {
    name: 'person',
    path: '/people',
    heading: 'Alice',
    act: (page) => page.getByText('engineering').first().waitFor(),
    open: 'Alice',
  },
  {
    name: 'person-stop',
    path: '/people',
    heading: 'Carol',
    open: 'Carol',
    act: async (page) => {
      await page.getByRole('button', { name: 'Stop…' }).click();
      await page.getByText('stops the agents of carol@acme.example').waitFor();
    },
  },
  {
    name: 'group',
    path: '/people?tab=groups',
    heading: 'engineering',
    open: 'engineering',
    act: (page) => page.getByRole('link', { name: 'Alice' }).waitFor(),
  },
  {
    name: 'group-add',
    path: '/people?tab=groups',
    heading: 'engineering',
    open: 'engineering',
    act: async (page) => {
      await page.getByRole('button', { name: 'Add people…' }).click();
      await page.getByRole('button', { name: 'Bob bob@acme.example' }).click();
      await page.getByRole('button', { name: 'Add 1 person' }).waitFor();
    },
  },
  {
    name: 'settings',
    path: '/settings',
    heading: 'Settings',
    act: (page) => page.getByText('Nothing is stopped.').waitFor(),
  },
  {
    name: 'settings-stop',
    path: '/settings',
    heading: 'Settings',
    act: async (page) => {
      await page.getByRole('button', { name: 'Stop everything…' }).click();
      await page.getByLabel('Type everything to go on').waitFor();
    },
  },
  {
    name: 'settings-administrators',
    path: '/settings?part=administrators',
    heading: 'Settings',
    act: (page) => page.getByRole('cell', { name: 'Dana' }).waitFor(),
  },
  {
    name: 'settings-administrators-add',
    path: '/settings?part=administrators',
    heading: 'Settings',
    act: async (page) => {
      await page.getByRole('button', { name: 'Add an administrator…' }).click();
      await page.getByRole('button', { name: /^Alice/ }).waitFor();
    },
  },
  {
    name: 'settings-tokens',
    path: '/settings?part=tokens',
    heading: 'Settings',
    act: (page) => page.getByText('No token.').waitFor(),
  },
  {
    name: 'settings-tokens-make',
    path: '/settings?part=tokens',
    heading: 'Settings',
    act: (page) => page.getByRole('button', { name: 'Make a token…' }).click(),
  },
  {
    name: 'settings-sources',
    path: '/settings?part=sources',
    heading: 'Settings',
    act: async (page) => {
      await page.getByText('No provisioning client.').waitFor();
      await page.getByText('At this identity provider').waitFor();
    },
  },
  {
    name: 'settings-keys',
    path: '/settings?part=keys',
    heading: 'Settings',
    act: (page) => page.getByText('Access tokens').waitFor(),
  },
  {
    name: 'settings-trust',
    path: '/settings?part=trust',
    heading: 'Settings',
    act: (page) => page.getByRole('columnheader', { name: 'Issuer' }).waitFor(),
  },
  {
    name: 'settings-exports',
    path: '/settings?part=exports',
    heading: 'Settings',
    act: (page) => page.getByText('The record goes nowhere else.').waitFor(),
  },
  {
    name: 'audit',
    path: '/audit',
    heading: /^The record is/,
    act: (page) => page.getByRole('table', { name: 'What administrators did' }).waitFor(),
  },
  {
    name: 'audit-none',
    path: '/audit?about=people&outcome=refused&since=h1',
    heading: /^The record is/,
    act: (page) => page.getByText('Nothing of this kind is on the record.').waitFor(),
  },
  {
    name: 'audit-checkpoints',
    path: '/audit?part=checkpoints',
    heading: /^The record is/,
    act: (page) => page.getByRole('table', { name: 'Chains' }).waitFor(),
  },
  {
    name: 'audit-verify',
    path: '/audit?part=verify',
    heading: /^The record is/,
    act: (page) => page.getByText(/^SHA256:/).waitFor(),
  },
  { name: 'no-page', path: '/nothing/here', heading: 'There is no such page.' },
];
