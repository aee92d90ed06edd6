import type { accessTexts } from '../../texts/access.ts';
import {
  type AreaColumn,
  barsOf,
  type Cell,
  type FoldedCell,
  isRefused,
  type OpenedCell,
  type Row,
  type ServerColumn,
} from './model.ts';

type Texts = typeof accessTexts;

/** A cell in words, for whoever hears it: `Data on Tracker: low risk all, high risk none; with conditions`. */
export function cellWords(
  row: Pick<Row, 'name'>,
  column: Pick<ServerColumn, 'name' | 'scopes'>,
  cell: Cell | undefined,
  texts: Texts,
): string {
  const where = texts.on(row.name, column.name);
  const change = cell?.changed ? [texts.changedByDraft] : [];
  if (!cell || (cell.allowed.length === 0 && cell.denied.length === 0)) {
    return [`${where}: ${texts.noRule}`, ...change].join('; ');
  }
  if (isRefused(cell)) return [`${where}: ${texts.refused}`, ...change].join('; ');
  const bars = barsOf(column, cell).map(({ level, has }) => `${texts.levels[level]} ${texts.has[has]}`);
  const more = [
    ...(cell.denied.length > 0 ? [texts.someRefused] : []),
    ...(cell.conditional.length > 0 ? [texts.conditions] : []),
    ...(cell.own ? [] : [texts.throughEveryone]),
    ...change,
  ];
  return [`${where}: ${bars.join(', ')}`, ...more].join('; ');
}

/** What somebody has on the servers of an area: `Data on Work, 12 servers: at most low risk all; something on 3`. */
export function foldedWords(
  row: Pick<Row, 'name'>,
  { area, servers }: Pick<AreaColumn, 'area' | 'servers'>,
  cell: FoldedCell | undefined,
  texts: Texts,
): string {
  const where = `${texts.on(row.name, area.name)}, ${texts.serverCount(servers)}`;
  if (!cell) return `${where}: ${texts.noRule}`;
  const bars = cell.bars.map(({ level, has }) => `${texts.levels[level]} ${texts.has[has]}`);
  const more = [
    ...(cell.allowed > 0 ? [texts.somethingOn(cell.allowed)] : []),
    ...(cell.refused > 0 ? [texts.refusedOn(cell.refused)] : []),
    ...(cell.conditional ? [texts.conditions] : []),
    ...(cell.own ? [] : [texts.throughEveryone]),
    ...(cell.changed ? [texts.changedByDraft] : []),
  ];
  return [`${where}: ${texts.atMostBars(bars.join(', '))}`, ...more].join('; ');
}

type Rule = OpenedCell['rules'][number];

/** In what circumstances a rule speaks, and what it asks for: a phrase each, none when always and for all. */
export function conditionWords(rule: Rule, clientName: (id: string) => string, texts: Texts): readonly string[] {
  const { through, needs, from, notFrom, hours, until } = rule;
  return [
    ...(through ? [texts.onlyThrough(through.map(clientName).join(', '))] : []),
    ...(needs?.acr ? [texts.needsAcr(needs.acr)] : []),
    ...(needs && needs.amr.length > 0 ? [texts.needsAmr(needs.amr.join(', '))] : []),
    ...(needs?.maxAgeSeconds != null ? [texts.needsAge(toDuration(needs.maxAgeSeconds))] : []),
    ...(from.length > 0 ? [texts.onlyFrom(from.join(', '))] : []),
    ...(notFrom.length > 0 ? [texts.notFrom(notFrom.join(', '))] : []),
    ...(hours ? [texts.onlyAt(hours)] : []),
    ...(until != null ? [texts.until(new Date(until * 1000).toISOString().slice(0, 10))] : []),
  ];
}

/** `8 h`, `15 min`, `40 s`: the largest unit that says it exactly. */
export function toDuration(seconds: number): string {
  if (seconds % 86_400 === 0) return `${seconds / 86_400} d`;
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}
