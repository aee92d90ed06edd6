import { z } from 'zod';
import type { Outcome as Changed } from '../../changes/outcome.ts';
import { areasOf } from '../../policy/areas.ts';
import { clientsAt } from '../../policy/audience.ts';
import type { AccessIndex } from '../../policy/compile.ts';
import { splitSubject } from '../../policy/compile-rules.ts';
import { createLens } from '../../policy/lens.ts';
import { openCell, subjectsOf } from '../../policy/matrix.ts';
import type { AccessServer } from '../../policy/model.ts';
import { countReach } from '../audience.ts';
import { inUse } from '../in-use.ts';
import { isInUse, placesOf, readCells, serversIn, toColumns } from '../matrix-window.ts';
import {
  Matrix,
  OpenedCell,
  type Row,
  rowChoice,
  toCell,
  toColumn,
  toFoldedCell,
  toRows,
  toServer,
} from './access-shape.ts';
import { findAccess } from './draft-texts.ts';
import { isHidden } from './people.ts';
import { answer, type Route, refuse, route } from './route.ts';
import { toRuleShape } from './rule-shape.ts';
import { risk, toScopeShapes } from './scope-shape.ts';
import type { AdminServices } from './services.ts';
import { findHead, type SubjectHead, sizesOf, subjectHeads } from './subject-heads.ts';
import { sinceOf } from './use-shape.ts';

/** Groups and servers that are shown whole, whether they are in use or not. */
const few = 60;
const unusedDays = 90;
const mostCounted = 50;
/** Where people change all the time, a page full of servers is not counted again for each look. */
const mayLagSeconds = 60;
const count = (most: number) => z.coerce.number().int().min(0).max(most);
const text = z.string().min(1).max(300);
const client = text.optional().describe('As far as this client goes; without, through any.');
const draft = z.string().max(64).optional().describe('As this draft would have it, beside what is in force.');

/** What the policy in force gives to whom: groups and roles down, servers across. */
export const accessRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/access',
    id: 'getMatrix',
    summary: 'Who may do what where: a window of the matrix of groups and servers',
    permission: 'read:policy',
    query: z.strictObject({
      row: count(1_000_000).default(0).describe('The first row.'),
      rows: count(200).default(50),
      column: count(1_000_000).default(0).describe('The first column.'),
      columns: count(200).default(50),
      q: z.string().min(1).max(100).optional().describe('Part of the name or id of rows.'),
      server: z.string().min(1).max(100).optional().describe('Part of the name or id of columns.'),
      only: rowChoice
        .default('all')
        .describe(
          'ruled: rows that some rule speaks of. used: groups and servers with use in the last 30 days, which takes read:reach. auto: all where they are few, else used.',
        ),
      cells: z
        .enum(['all', 'high', 'unused', 'changed'])
        .default('all')
        .describe(
          'Draw cells of this kind only, and leave out rows and columns without. high: a rule for that row allows a scope of high risk. unused: it allows something, and nobody of the group used the server in 90 days, which takes read:reach. changed: by the draft.',
        ),
      risk: risk.optional().describe('Columns with a scope of this risk only.'),
      fold: z.string().max(4000).optional().describe('Areas to show as one column: their ids, with commas between.'),
      client,
      draft,
    }),
    answer: Matrix,
    handle: async ({ query, by, now, nowMs }, services) => {
      const looked = await lookAt(services, query.draft);
      if (!looked.ok) return looked;
      const { store } = services;
      const { index, before } = looked.value;
      const mayKnowUse = by.permissions.has('read:reach');
      if (!mayKnowUse && (query.cells === 'unused' || query.only === 'used')) return refuse('admin_scope_lacks');

      const lens = createLens(index, before, { now, client: query.client });
      const ruled = new Set([...subjectsOf(index), ...(before ? subjectsOf(before) : [])]);
      const heads = await subjectHeads(store, ruled);
      const servers = serversIn(index, before);
      const areas = areasOf(servers);
      const places = await placesOf(lens, query.cells, new Map(servers.map((server) => [server.id, server])));
      const groups = heads.flatMap(({ kind, id }) => (kind === 'group' || kind === 'role' ? [{ kind, id }] : []));
      const isLarge = heads.length > few || servers.length > few;
      const isNarrowed = query.q !== undefined || query.server !== undefined || places !== undefined;
      const asksUse = query.only === 'used' || (query.only === 'auto' && isLarge && mayKnowUse && !isNarrowed);
      const use = asksUse ? await inUse(store, groups, { sinceMs: sinceOf(30, nowMs), nowMs }) : undefined;
      // Where nothing was used yet there would be nothing to see.
      const used = query.only === 'auto' && use?.servers.size === 0 ? undefined : use;
      const isRow = ({ subject, name, id }: SubjectHead) =>
        (query.only !== 'ruled' || ruled.has(subject)) &&
        (places?.subjects.has(subject) ?? true) &&
        (!used || isInUse(used, subject)) &&
        hasText(query.q, name, id);
      const isColumn = ({ id, name, scopes }: AccessServer) =>
        (places?.servers.has(id) ?? true) &&
        (used?.servers.has(id) ?? true) &&
        hasText(query.server, name, id) &&
        (query.risk === undefined || [...scopes.values()].includes(query.risk));
      const foldedAreas = new Set(query.fold?.split(','));
      const [rows, some] = [heads.filter(isRow), servers.filter(isColumn)];
      const columns = toColumns(some, areas, (area) => foldedAreas.has(area));
      const shownRows = rows.slice(query.row, query.row + query.rows);
      const shown = columns.slice(query.column, query.column + query.columns);
      const subjects = shownRows.map(({ subject }) => subject);
      const times = { sinceMs: sinceOf(unusedDays, nowMs), nowMs };
      const { cells, folded } = await readCells({ store, lens }, subjects, shown, query.cells, times);
      return answer({
        version: index.version,
        only: query.only === 'auto' ? (used ? 'used' : 'all') : query.only,
        rows: toRows(shownRows, await sizesOf(store, shownRows)),
        columns: shown.map((column) => toColumn(column)),
        cells: cells.map(toCell),
        folded: folded.map(toFoldedCell),
        areas: [...Map.groupBy(some, ({ id }) => areas.get(id)?.id ?? '')].map(([id, all]) => ({
          id,
          name: areas.get(all[0]?.id ?? '')?.name ?? id,
          servers: all.length,
          folded: foldedAreas.has(id),
        })),
        totals: {
          rows: rows.length,
          columns: columns.length,
          groups: heads.filter(({ kind }) => kind === 'group').length,
          servers: index.servers.size,
          rules: countRules(index),
        },
      });
    },
  }),
  route({
    method: 'GET',
    path: '/access/counts',
    id: 'countReach',
    summary:
      'How many people reach each of some servers by the policy in force, each counted once; of people it may be a minute old',
    permission: 'read:reach',
    query: z.strictObject({
      servers: z.string().min(1).max(20_000).describe('Their ids, with commas between; 50 at most.'),
    }),
    answer: z.object({ items: z.array(z.object({ server: z.string(), people: z.int() })) }),
    handle: async ({ query, now }, { store, access }) => {
      const index = access();
      const ids = [...new Set(query.servers.split(','))];
      if (ids.length > mostCounted) return refuse('api_value_invalid', `At most ${mostCounted} servers at once.`);
      const items = [];
      for (const id of ids) {
        const server = index?.servers.get(id);
        if (!index || !server) continue;
        items.push({ server: id, people: await countReach(store, index, server, { now, mayLagSeconds }) });
      }
      return answer({ items });
    },
  }),
  route({
    method: 'GET',
    path: '/access/cell',
    id: 'getCell',
    summary: 'One cell of the matrix, taken apart: each scope, and every rule that speaks',
    permission: 'read:policy',
    query: z.strictObject({
      subject: z
        .string()
        .max(600)
        .regex(/^(?:everyone|(?:group|role|user):\S+)$/, 'must be everyone, group:ID, role:ID or user:ID'),
      server: text,
      client,
      draft,
    }),
    answer: OpenedCell,
    handle: async ({ query, by, now }, services) => {
      const looked = await lookAt(services, query.draft);
      if (!looked.ok) return looked;
      const { store } = services;
      const { index } = looked.value;
      const server = index.servers.get(query.server);
      const [kind, id] = splitSubject(query.subject);
      const isShown = by.permissions.has('read:people') && !(kind === 'user' && (await isHidden({ store }, by, id)));
      const head = await findHead(store, query.subject, isShown);
      if (!server) return refuse('api_not_found', 'There is no such server.');
      const opened = openCell(index, query.subject, server.id, { now, client: query.client });
      const states = new Map(opened?.scopes.map(({ scope, ...rest }) => [scope, rest]));
      const [row] = toRows([head], await sizesOf(store, [head]));
      return answer({
        version: index.version,
        row: row as z.output<typeof Row>,
        column: toServer(server),
        clients: clientsAt(index, server).map(({ id, name }) => ({ id, name })),
        scopes: toScopeShapes(server).map((scope) => {
          const { state = 'not_given', rules = [] } = states.get(scope.name) ?? {};
          return { ...scope, state, rules: [...rules] };
        }),
        rules: (opened?.rules ?? []).map(toRuleShape),
      });
    },
  }),
];

function hasText(part: string | undefined, ...texts: readonly string[]): boolean {
  const wanted = part?.toLowerCase();
  return wanted === undefined || texts.some((each) => each.toLowerCase().includes(wanted));
}

/** What is in force, or a draft with what it is compared with. */
async function lookAt(
  services: AdminServices,
  draftId: string | undefined,
): Promise<Changed<{ readonly index: AccessIndex; readonly before: AccessIndex | undefined }>> {
  const inForce = services.access();
  if (!inForce) return refuse('api_not_found', 'This installation serves no identity provider.');
  if (draftId === undefined) return { ok: true, value: { index: inForce, before: undefined } };
  const found = await findAccess(services, draftId);
  return found.ok ? { ok: true, value: { index: found.value.after, before: found.value.before ?? inForce } } : found;
}

/** Of a rule on several servers there is one in each of them. */
function countRules({ rules }: AccessIndex): number {
  return new Set([...rules.values()].flatMap(({ all }) => all.map(({ id }) => id))).size;
}
