import { z } from 'zod';
import type { SeenCell } from '../../policy/lens.ts';
import type { AccessServer } from '../../policy/model.ts';
import type { Column as MatrixColumn, FoldedCell as MatrixFolded } from '../matrix-window.ts';
import { RuleShape } from './rule-shape.ts';
import { risk, ScopeShape, toScopeShapes } from './scope-shape.ts';
import type { SubjectHead } from './subject-heads.ts';

export const Row = z.object({
  subject: z.string().describe('As rules name it: everyone, group:ID, role:ID or user:ID.'),
  kind: z.enum(['everyone', 'group', 'role', 'user']),
  id: z.string(),
  name: z.string(),
  source: z.string().nullable().describe('null = rules name it, and the directory does not know it.'),
  people: z.int(),
});

const Area = z.object({
  id: z.string(),
  name: z.string().describe('By the first word of ids that several servers share; the others by the alphabet.'),
});

const Server = z.object({
  id: z.string(),
  name: z.string(),
  ras: z.string(),
  enabled: z.boolean(),
  scopes: z.array(ScopeShape),
});

const Column = z.union([
  Server.extend({ kind: z.literal('server'), area: Area }),
  z.object({ kind: z.literal('area'), area: Area, servers: z.int() }).describe('All servers of an area in one.'),
]);

const Cell = z.object({
  subject: z.string(),
  server: z.string(),
  allowed: z.array(z.string()),
  conditional: z.array(z.string()).describe('Of those allowed: through some clients, in some circumstances, ... only.'),
  denied: z.array(z.string()),
  own: z.boolean().describe('false: it comes from rules about everyone.'),
  changed: z.boolean().describe('The draft that is looked at says something else of it than what is in force.'),
});

const FoldedCell = z.object({
  subject: z.string(),
  area: z.string(),
  bars: z.array(z.object({ level: risk, has: z.enum(['all', 'some', 'none']) })).describe('The highest of each level.'),
  allowed: z.int().describe('Servers on which something is allowed.'),
  refused: z.int().describe('Servers on which a rule refuses and nothing is left.'),
  conditional: z.boolean(),
  own: z.boolean(),
  changed: z.boolean(),
});

/** Which rows and columns are shown, before anything is looked for. */
export const rowChoice = z.enum(['auto', 'all', 'ruled', 'used']);

/** A window of the matrix. */
export const Matrix = z.object({
  version: z.int(),
  only: rowChoice.exclude(['auto']).describe('What auto came to, where that was asked for.'),
  rows: z.array(Row),
  columns: z.array(Column),
  cells: z.array(Cell).describe('Of these rows and columns; where no rule speaks there is none.'),
  folded: z.array(FoldedCell),
  areas: z.array(Area.extend({ servers: z.int(), folded: z.boolean() })).describe('Of all columns, in their order.'),
  totals: z.object({ rows: z.int(), columns: z.int(), groups: z.int(), servers: z.int(), rules: z.int() }),
});

const scopeState = z.enum(['allowed', 'conditional', 'denied', 'not_given']);
/** A cell taken apart. */
export const OpenedCell = z.object({
  version: z.int(),
  row: Row,
  column: Server,
  clients: z.array(z.object({ id: z.string(), name: z.string() })).describe('Clients that can come to that server.'),
  scopes: z.array(ScopeShape.extend({ state: scopeState, rules: z.array(z.string()) })),
  rules: z.array(RuleShape),
});

export function toRows(heads: readonly SubjectHead[], sizes: ReadonlyMap<string, number>): z.output<typeof Row>[] {
  return heads.map(({ source, ...head }) => ({
    ...head,
    source: source ?? null,
    people: sizes.get(head.subject) ?? 0,
  }));
}

export function toServer(server: AccessServer): z.output<typeof Server> {
  const { id, name, ras, isOff } = server;
  return { id, name, ras, enabled: !isOff, scopes: toScopeShapes(server) };
}

export function toColumn(column: MatrixColumn): z.output<typeof Column> {
  const { kind, area } = column;
  if (kind === 'area') return { kind, area: { ...area }, servers: column.servers.length };
  return { kind, area: { ...area }, ...toServer(column.server) };
}

export function toCell(cell: SeenCell): z.output<typeof Cell> {
  const { subject, server, allowed, conditional, denied, isOwn, isChanged } = cell;
  return {
    subject,
    server,
    allowed: [...allowed],
    conditional: [...conditional],
    denied: [...denied],
    own: isOwn,
    changed: isChanged,
  };
}

export function toFoldedCell({
  isConditional,
  isOwn,
  isChanged,
  bars,
  ...cell
}: MatrixFolded): z.output<typeof FoldedCell> {
  return { ...cell, bars: [...bars], conditional: isConditional, own: isOwn, changed: isChanged };
}
