import { accessPage } from './access/page.ts';
import { auditPage } from './audit/page.ts';
import { changesPage, draftPage, versionPage } from './changes/page.ts';
import { clientPage, clientsPage } from './clients/page.ts';
import { decisionPage, decisionsPage } from './decisions/page.ts';
import { overviewPage } from './overview/page.ts';
import type { Page } from './page.ts';
import { partsPage } from './parts/page.ts';
import { peoplePages } from './people/page.ts';
import { reachPage } from './reach/page.ts';
import { requestPage, requestsPage } from './requests/page.ts';
import { cataloguePage, serverPage, serversPage } from './servers/page.ts';
import { settingsPage } from './settings/page.ts';

/** Every page of the console, in the order of the navigation. A new one is a line here. */
export const pages: readonly Page[] = [
  overviewPage,
  decisionsPage,
  decisionPage,
  requestsPage,
  requestPage,
  accessPage,
  reachPage,
  changesPage,
  draftPage,
  versionPage,
  serversPage,
  serverPage,
  cataloguePage,
  clientsPage,
  clientPage,
  ...peoplePages,
  auditPage,
  settingsPage,
  partsPage,
];

/** The page that shows this address. */
export function pageAt(pathname: string): Page | undefined {
  const wanted = pathname.split('/');
  return pages.find(({ path }) => {
    const parts = path.split('/');
    return parts.length === wanted.length && parts.every((part, at) => part.startsWith('$') || part === wanted[at]);
  });
}
