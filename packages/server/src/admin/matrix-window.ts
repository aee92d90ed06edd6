import { setImmediate } from 'node:timers/promises';
import { type Area, areasOf, inAreas } from '../policy/areas.ts';
import type { AccessIndex } from '../policy/compile.ts';
import { type Bar, barsOf, highestBars, type Lens, type SeenCell } from '../policy/lens.ts';
import type { AccessServer, Risk } from '../policy/model.ts';
import type { Store } from '../store/store.ts';
import { type InUse, usesOf } from './in-use.ts';

/** Which cells are drawn; rows and columns that could have none of them are left out. */
export type CellChoice = 'all' | 'high' | 'unused' | 'changed';

/** A server, or all of an area in one. */
export type Column =
  | { readonly kind: 'server'; readonly area: Area; readonly server: AccessServer }
  | { readonly kind: 'area'; readonly area: Area; readonly servers: readonly AccessServer[] };

/** What somebody has on the servers of an area: of each level of risk the most. */
export interface FoldedCell {
  readonly subject: string;
  readonly area: string;
  readonly bars: readonly Bar[];
  /** On how many servers something is allowed, and on how many everything that rules speak of is refused. */
  readonly allowed: number;
  readonly refused: number;
  readonly isConditional: boolean;
  readonly isOwn: boolean;
  readonly isChanged: boolean;
}

/** Servers in the order of their areas; those that were in force and that a draft takes out are among them. */
export function serversIn(index: AccessIndex, before: AccessIndex | undefined): readonly AccessServer[] {
  const gone = [...(before?.servers.values() ?? [])].filter(({ id }) => !index.servers.has(id));
  const all = [...index.servers.values(), ...gone];
  return inAreas(all, areasOf(all));
}

/** A column for each server, or one for an area that is folded. */
export function toColumns(
  servers: readonly AccessServer[],
  areas: ReadonlyMap<string, Area>,
  isFolded: (area: string) => boolean,
): readonly Column[] {
  const columns: Column[] = [];
  for (const [id, some] of Map.groupBy(servers, (server) => areas.get(server.id)?.id)) {
    const area = areas.get(some[0]?.id ?? '');
    if (id === undefined || !area) continue;
    if (isFolded(id)) columns.push({ kind: 'area', area, servers: some });
    else columns.push(...some.map((server) => ({ kind: 'server', area, server }) as const));
  }
  return columns;
}

/** Says when whoever works has done so for long enough, and others should have a turn. */
function createTurn(mostMs = 20) {
  let since = performance.now();
  return {
    isOver: () => performance.now() - since >= mostMs,
    async pass() {
      await setImmediate();
      since = performance.now();
    },
  };
}

/** Rows and columns that have a cell of this kind; `undefined` = all do. */
export async function placesOf(
  lens: Lens,
  choice: CellChoice,
  servers: ReadonlyMap<string, AccessServer>,
): Promise<{ readonly subjects: ReadonlySet<string>; readonly servers: ReadonlySet<string> } | undefined> {
  if (choice === 'all') return undefined;
  const turn = createTurn();
  const found = { subjects: new Set<string>(), servers: new Set<string>() };
  for (const [subject, id, rules] of lens.named()) {
    const server = servers.get(id);
    // What no rule allows is not looked at any closer: of ten thousand rules that is quick.
    if (!server || (choice !== 'changed' && !rules.some(({ effect }) => effect === 'allow'))) continue;
    if (choice === 'high' && !rules.some(({ scopes }) => hasHigh(server, scopes))) continue;
    if (turn.isOver()) await turn.pass();
    if (choice !== 'unused' && !isChosen(lens.cell(subject, id), choice, server)) continue;
    found.subjects.add(subject);
    found.servers.add(id);
  }
  return found;
}

/** Rows and columns in use, and everybody. */
export function isInUse({ subjects }: InUse, subject: string): boolean {
  return !/^(?:group|role):/.test(subject) || subjects.has(subject);
}

/** The cells of these rows and columns, a few rows at a time: each that is one of those chosen. */
export async function readCells(
  { store, lens }: { readonly store: Pick<Store, 'uses'>; readonly lens: Lens },
  subjects: readonly string[],
  columns: readonly Column[],
  choice: CellChoice,
  times: { readonly sinceMs: number; readonly nowMs: number },
): Promise<{ readonly cells: readonly SeenCell[]; readonly folded: readonly FoldedCell[] }> {
  const cells: SeenCell[] = [];
  const folded: FoldedCell[] = [];
  const turn = createTurn();
  for (const column of columns) {
    const servers = column.kind === 'server' ? [column.server] : column.servers;
    const shown = new Map<string, SeenCell[]>();
    for (const server of servers) {
      const isUsed = choice === 'unused' ? await usesOf(store, server.id, subjects, times) : () => false;
      for (const subject of subjects) {
        // What reads much lets others in between.
        if (turn.isOver()) await turn.pass();
        const cell = lens.cell(subject, server.id);
        if (!cell || !isChosen(cell, choice, server) || isUsed(subject)) continue;
        const some = shown.get(subject);
        if (some) some.push(cell);
        else shown.set(subject, [cell]);
      }
    }
    for (const some of shown.values()) {
      if (column.kind === 'server') cells.push(...some);
      else folded.push(fold(column, some));
    }
  }
  return { cells, folded };
}

function isChosen(cell: SeenCell | undefined, choice: CellChoice, server: AccessServer): boolean {
  if (!cell || choice === 'all') return cell !== undefined;
  if (choice === 'changed') return cell.isChanged;
  // What everybody has is shown where everybody is.
  return cell.isOwn && (choice === 'unused' ? cell.allowed.length > 0 : hasHigh(server, cell.allowed));
}

function hasHigh({ scopes }: AccessServer, names: Iterable<string>): boolean {
  return [...names].some((name) => scopes.get(name) === ('high' satisfies Risk));
}

function fold({ area, servers }: Extract<Column, { kind: 'area' }>, cells: readonly SeenCell[]): FoldedCell {
  const byId = new Map(servers.map((server) => [server.id, server]));
  const bars = cells.map((cell) => barsOf(byId.get(cell.server) as AccessServer, cell));
  return {
    subject: cells[0]?.subject ?? '',
    area: area.id,
    bars: highestBars(bars),
    allowed: cells.filter(({ allowed }) => allowed.length > 0).length,
    refused: cells.filter(({ allowed, denied }) => denied.length > 0 && allowed.length === 0).length,
    isConditional: cells.some(({ conditional }) => conditional.length > 0),
    isOwn: cells.some(({ isOwn }) => isOwn),
    isChanged: cells.some(({ isChanged }) => isChanged),
  };
}
