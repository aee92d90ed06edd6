import { z } from 'zod';
import type { AccessIndex } from '../../policy/compile.ts';
import { splitSubject } from '../../policy/compile-rules.ts';
import { cellOf, openCell, subjectsOf } from '../../policy/matrix.ts';
import type { AccessServer } from '../../policy/model.ts';
import { isHidden } from './people.ts';
import { answer, type Route, refuse, route } from './route.ts';
import { RuleShape, toRuleShape } from './rule-shape.ts';
import { risk, ScopeShape, toScopeShapes } from './scope-shape.ts';
import { findHead, type SubjectHead, sizesOf, subjectHeads } from './subject-heads.ts';

const count = (most: number) => z.coerce.number().int().min(0).max(most);
const text = z.string().min(1).max(300);
const client = text.optional().describe('As far as this client goes; without, through any.');

const Row = z.object({
  subject: z.string().describe('As rules name it: everyone, group:ID, role:ID or user:ID.'),
  kind: z.enum(['everyone', 'group', 'role', 'user']),
  id: z.string(),
  name: z.string(),
  source: z.string().nullable().describe('null = rules name it, and the directory does not know it.'),
  people: z.int(),
});

const Column = z.object({
  id: z.string(),
  name: z.string(),
  ras: z.string(),
  enabled: z.boolean(),
  scopes: z.array(ScopeShape),
});

const Cell = z.object({
  subject: z.string(),
  server: z.string(),
  allowed: z.array(z.string()),
  conditional: z.array(z.string()).describe('Of those allowed: through some clients, in some circumstances, ... only.'),
  denied: z.array(z.string()),
  own: z.boolean().describe('false: it comes from rules about everyone.'),
});

const Matrix = z.object({
  version: z.int(),
  rows: z.array(Row),
  columns: z.array(Column),
  cells: z.array(Cell).describe('Of these rows and columns; where no rule speaks there is none.'),
  totals: z.object({ rows: z.int(), columns: z.int(), groups: z.int(), servers: z.int(), rules: z.int() }),
});

const scopeState = z.enum(['allowed', 'conditional', 'denied', 'not_given']);
const OpenedCell = z.object({
  version: z.int(),
  row: Row,
  column: Column,
  scopes: z.array(ScopeShape.extend({ state: scopeState, rules: z.array(z.string()) })),
  rules: z.array(RuleShape),
});

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
      only: z.enum(['all', 'ruled']).default('all').describe('ruled: rows that some rule speaks of.'),
      risk: risk.optional().describe('Columns with a scope of this risk only.'),
      client,
    }),
    answer: Matrix,
    handle: async ({ query, now }, { store, access }) => {
      const index = access();
      if (!index) return refuse('api_not_found', 'This installation serves no identity provider.');
      const { q, server, only, risk: ofRisk, client: through } = query;
      const ruled = subjectsOf(index);
      const heads = (await subjectHeads(store, ruled)).filter(
        ({ subject, name, id }) => (only === 'all' || ruled.has(subject)) && hasText(q, name, id),
      );
      const servers = [...index.servers.values()].filter(
        ({ id, name, scopes }) =>
          hasText(server, name, id) && (ofRisk === undefined || [...scopes.values()].includes(ofRisk)),
      );
      const shownHeads = heads.slice(query.row, query.row + query.rows);
      const shown = servers.slice(query.column, query.column + query.columns);
      const view = { now, client: through };
      const cells = shownHeads.flatMap(({ subject }) =>
        shown.flatMap(({ id }) => {
          const cell = cellOf(index, subject, id, view);
          return cell ? [toCell(cell)] : [];
        }),
      );
      return answer({
        version: index.version,
        rows: toRows(shownHeads, await sizesOf(store, shownHeads)),
        columns: shown.map(toColumn),
        cells,
        totals: {
          rows: heads.length,
          columns: servers.length,
          groups: heads.filter(({ kind }) => kind === 'group').length,
          servers: index.servers.size,
          rules: countRules(index),
        },
      });
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
    }),
    answer: OpenedCell,
    handle: async ({ query, by, now }, { store, access }) => {
      const index = access();
      const server = index?.servers.get(query.server);
      const [kind, id] = splitSubject(query.subject);
      const isShown = by.permissions.has('read:people') && !(kind === 'user' && (await isHidden({ store }, by, id)));
      const head = await findHead(store, query.subject, isShown);
      if (!index || !server) return refuse('api_not_found', 'There is no such server.');
      const opened = openCell(index, query.subject, server.id, { now, client: query.client });
      const states = new Map(opened?.scopes.map(({ scope, ...rest }) => [scope, rest]));
      const [row] = toRows([head], await sizesOf(store, [head]));
      return answer({
        version: index.version,
        row: row as z.output<typeof Row>,
        column: toColumn(server),
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

function toRows(heads: readonly SubjectHead[], sizes: ReadonlyMap<string, number>): z.output<typeof Row>[] {
  return heads.map(({ source, ...head }) => ({
    ...head,
    source: source ?? null,
    people: sizes.get(head.subject) ?? 0,
  }));
}

function toColumn(server: AccessServer): z.output<typeof Column> {
  const { id, name, ras, isOff } = server;
  return { id, name, ras, enabled: !isOff, scopes: toScopeShapes(server) };
}

function toCell(cell: NonNullable<ReturnType<typeof cellOf>>): z.output<typeof Cell> {
  const { subject, server, allowed, conditional, denied, isOwn } = cell;
  return {
    subject,
    server,
    allowed: [...allowed],
    conditional: [...conditional],
    denied: [...denied],
    own: isOwn,
  };
}

/** Of a rule on several servers there is one in each of them. */
function countRules({ rules }: AccessIndex): number {
  return new Set([...rules.values()].flatMap(({ all }) => all.map(({ id }) => id))).size;
}
