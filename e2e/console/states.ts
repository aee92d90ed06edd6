import type { Page } from 'playwright-core';

/** A state of a page, as looks.test.ts looks at it. */
interface State {
  /** Names its pictures. */
  readonly name: string;
  /** First name of the administrator; dana, the owner, unless it says so. */
  readonly as?: string;
  readonly path: string;
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
  { name: 'no-page', path: '/nothing/here', heading: 'There is no such page.' },
];
