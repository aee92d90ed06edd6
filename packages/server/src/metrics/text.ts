import { type Family, type FamilyName, families, familyOf } from './families.ts';
import type { Buckets, Series, Snapshot } from './meter.ts';

export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8';

/** The text that Prometheus reads. @see https://prometheus.io/docs/instrumenting/exposition_formats/ */
export function toMetricsText(snapshot: Snapshot): string {
  return (Object.keys(families) as FamilyName[])
    .flatMap((name) => {
      const series = snapshot[name] ?? [];
      if (series.length === 0) return [];
      const family = familyOf(name);
      const head = [`# HELP ${name} ${family.help}`, `# TYPE ${name} ${family.type}`];
      return [...head, ...[...series].sort(byLabels).flatMap((one) => toLines(name, family, one))];
    })
    .concat('')
    .join('\n');
}

function byLabels([one]: Series<unknown>, [other]: Series<unknown>): number {
  return JSON.stringify(one).localeCompare(JSON.stringify(other), 'en');
}

function toLines(name: string, family: Family, [labels, value]: Series<number | Buckets>): string[] {
  const pairs = family.labels.map((label, at) => [label, labels[at] ?? ''] as const);
  if (typeof value === 'number') return [`${name}${toLabels(pairs)} ${value}`];
  let below = 0;
  const buckets = value.counts.map((count, at) => {
    below += count;
    return `${name}_bucket${toLabels([...pairs, ['le', String(family.buckets?.[at] ?? '+Inf')]])} ${below}`;
  });
  return [...buckets, `${name}_sum${toLabels(pairs)} ${value.sum}`, `${name}_count${toLabels(pairs)} ${below}`];
}

function toLabels(pairs: readonly (readonly [string, string])[]): string {
  if (pairs.length === 0) return '';
  return `{${pairs.map(([label, value]) => `${label}="${escaped(value)}"`).join(',')}}`;
}

/** Ids of servers are an administrator's words: none of them ends its label, or the line. */
function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));
}
