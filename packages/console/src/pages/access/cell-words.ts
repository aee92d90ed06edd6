import type { accessTexts } from '../../texts/access.ts';
import { barsOf, type Cell, type Column, isRefused, type OpenedCell, type Row } from './model.ts';

type Texts = typeof accessTexts;

/** A cell in words, for whoever hears it: `Data on Tracker: low risk all, high risk none; with conditions`. */
export function cellWords(row: Pick<Row, 'name'>, column: Column, cell: Cell | undefined, texts: Texts): string {
  const where = texts.on(row.name, column.name);
  if (!cell || (cell.allowed.length === 0 && cell.denied.length === 0)) return `${where}: ${texts.noRule}`;
  if (isRefused(cell)) return `${where}: ${texts.refused}`;
  const bars = barsOf(column, cell).map(({ level, has }) => `${texts.levels[level]} ${texts.has[has]}`);
  const more = [
    ...(cell.denied.length > 0 ? [texts.someRefused] : []),
    ...(cell.conditional.length > 0 ? [texts.conditions] : []),
    ...(cell.own ? [] : [texts.throughEveryone]),
  ];
  return [`${where}: ${bars.join(', ')}`, ...more].join('; ');
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
