import type { Page } from 'playwright-core';
import { askWell } from '../e2e/console/api.ts';

/** A page of the console as it is opened to be measured. */
export interface Place {
  readonly name: string;
  readonly path: string;
  /** What has to stand there, as a CSS selector: then the page can be worked with. */
  readonly ready: string;
}

const rowsOf = (table: string) => `main table[aria-label="${table}"] tbody tr[aria-rowindex]`;

/** Every page, about things that the organisation has: the largest group, a server in the middle, a decision, a draft. */
export async function findPlaces(page: Page): Promise<readonly Place[]> {
  const first = async (path: string) => (await askWell<Items>(page, 'GET', path)).items[0];
  const refused = await first('/records?outcome=refused&kind=decision&limit=1');
  const issued = await first('/records?outcome=allowed&kind=issuance&limit=1');
  const person = (await first('/people?q=person50000%40&limit=1'))?.id ?? '';
  const group = await first('/groups?q=group-7&limit=1');
  const version = await first('/policies/access/versions?limit=1');
  const server = (await askWell<Items>(page, 'GET', '/use/servers')).items.at(500)?.id ?? '';
  const draft = await draftOf(page, server);
  return [
    { name: 'Overview', path: '/', ready: rowsOf('Latest decisions') },
    { name: 'Overview, 30 days', path: '/?range=d30', ready: rowsOf('Latest decisions') },
    { name: 'Decisions', path: '/decisions', ready: 'main table tbody tr[aria-rowindex]' },
    { name: 'Decisions of one person', path: `/decisions?person=${person}`, ready: 'main h1' },
    { name: 'A decision: refused', path: `/decisions/${refused?.id}`, ready: 'main section table tbody tr' },
    { name: 'A decision: allowed', path: `/decisions/${issued?.id}`, ready: 'main section table tbody tr' },
    { name: 'Requests', path: '/requests', ready: 'main h1' },
    { name: 'Access', path: '/access', ready: 'main [role=grid] tbody button' },
    {
      name: 'Access, an open cell',
      path: `/access?server=${server}&only=ruled`,
      ready: 'main [role=grid] tbody button',
    },
    { name: 'Reach, nothing asked', path: '/reach', ready: rowsOf('Given and not used') },
    { name: 'Reach: who a server', path: `/reach?server=${server}`, ready: rowsOf('Who can reach it') },
    { name: 'Reach: what a person', path: `/reach?person=${person}`, ready: rowsOf('What they can reach') },
    {
      name: 'Reach: a person, a server',
      path: `/reach?person=${person}&server=${server}`,
      ready: rowsOf('The same, in words'),
    },
    { name: 'Reach: where a client', path: '/reach?client=claude-code', ready: rowsOf('Where it may go') },
    { name: 'Changes', path: '/changes', ready: rowsOf('Versions: Access') },
    { name: 'A draft', path: `/changes/${draft}`, ready: 'main .columns' },
    { name: 'A version', path: `/changes/access/${version?.version}`, ready: 'main pre' },
    { name: 'Servers', path: '/servers', ready: rowsOf('Servers') },
    { name: 'A server', path: `/servers/${server}`, ready: rowsOf('Clients that reach it') },
    { name: 'Catalogue', path: '/catalogue', ready: 'main table tbody tr' },
    { name: 'Clients', path: '/clients', ready: rowsOf('Clients') },
    { name: 'A client', path: '/clients/claude-code', ready: 'main pre' },
    { name: 'People', path: '/people', ready: 'main table tbody tr[aria-rowindex]' },
    { name: 'People, found by name', path: '/people?q=person%2099999', ready: 'main table tbody tr[aria-rowindex]' },
    { name: 'Groups', path: '/people?tab=groups', ready: 'main table tbody tr[aria-rowindex]' },
    { name: 'A person', path: `/people/${person}`, ready: 'main table tbody tr[aria-rowindex]' },
    { name: 'A group', path: `/groups/${group?.ref}`, ready: 'main table tbody tr[aria-rowindex]' },
    { name: 'Import people', path: '/people/import', ready: 'main textarea' },
    { name: 'Audit', path: '/audit', ready: rowsOf('What administrators did') },
    { name: 'Audit: checkpoints', path: '/audit?part=checkpoints', ready: rowsOf('Checkpoints') },
    { name: 'Settings', path: '/settings', ready: 'main section' },
    ...['administrators', 'tokens', 'sources', 'keys', 'trust'].map((part) => ({
      name: `Settings: ${part}`,
      path: `/settings?part=${part}`,
      ready: 'main section',
    })),
  ];
}

interface Items {
  readonly items: readonly {
    readonly id: string;
    readonly ref: string;
    readonly name: string;
    readonly version: number;
  }[];
}

const draftName = 'Measured';

/** A draft that gives one group one more server, as somebody would have it open. */
async function draftOf(page: Page, server: string): Promise<string> {
  const { items } = await askWell<Items>(page, 'GET', '/drafts');
  const known = items.find(({ name }) => name === draftName);
  if (known) return known.id;
  const begun = { kind: 'access', name: draftName };
  const { id, etag } = await askWell<{ readonly id: string }>(page, 'POST', '/drafts', { body: begun });
  const value = { id: 'measured', allow: 'all', on: server, to: ['group:group-7'] };
  const body = { edits: [{ section: 'rules', id: value.id, value }] };
  await askWell(page, 'PATCH', `/drafts/${id}`, { body, ifMatch: etag });
  return id;
}
