import { type CounterName, type FamilyName, familyOf, type GaugeName, type HistogramName } from './families.ts';

/**
 * Counts in plain numbers of this process, and is asked for them when somebody wants to know: adding one costs a look-up for
 * each label and nothing else (ADR 0036).
 */
export interface Meter {
  /** @param labels - in the order of the family */
  add(name: CounterName, ...labels: readonly string[]): void;
  addMany(name: CounterName, count: number, ...labels: readonly string[]): void;
  observe(name: HistogramName, value: number, ...labels: readonly string[]): void;
  /** Has a gauge, or a counter that is kept elsewhere, read whenever somebody asks. What throws is left out. */
  read(name: GaugeName | CounterName, take: Reading): void;
  snapshot(): Promise<Snapshot>;
}

/** Values by labels, just now. */
export type Reading = () => Iterable<Series<number>> | Promise<Iterable<Series<number>>>;

export type Series<T> = readonly [labels: readonly string[], value: T];

/** A histogram: how many fell into each bucket, the last one being all above, and their sum. */
export interface Buckets {
  readonly counts: readonly number[];
  readonly sum: number;
}

/** What was counted, as plain data: workers send it to the primary. */
export type Snapshot = { readonly [Name in FamilyName]?: readonly Series<number | Buckets>[] };

interface Cell {
  value: number;
  readonly counts: number[] | undefined;
}

/** Cells by the first label, the second, and so on. */
type Tree = Map<string, Tree | Cell>;

export function createMeter(): Meter {
  const roots = new Map<FamilyName, Tree>();
  const readings: (readonly [GaugeName | CounterName, Reading])[] = [];

  const cellOf = (name: FamilyName, labels: readonly string[]): Cell => {
    const tree = roots.get(name) ?? new Map();
    if (tree.size === 0) roots.set(name, tree);
    let at: Tree | Cell | undefined = tree;
    for (const label of labels) {
      const next: Tree | Cell | undefined = (at as Tree).get(label);
      if (!next) return makeCell(name, tree, labels);
      at = next;
    }
    return at === tree ? ((tree.get('') as Cell | undefined) ?? makeCell(name, tree, [''])) : (at as Cell);
  };

  return {
    add(name, ...labels) {
      cellOf(name, labels).value += 1;
    },
    addMany(name, count, ...labels) {
      cellOf(name, labels).value += count;
    },
    observe(name, value, ...labels) {
      const cell = cellOf(name, labels);
      const ends = familyOf(name).buckets as readonly number[];
      let at = 0;
      while (value > (ends[at] ?? Number.POSITIVE_INFINITY)) at += 1;
      const counts = cell.counts as number[];
      counts[at] = (counts[at] as number) + 1;
      cell.value += value;
    },
    read(name, take) {
      readings.push([name, take]);
    },
    async snapshot() {
      const taken: { [Name in FamilyName]?: Series<number | Buckets>[] } = {};
      for (const [name, tree] of roots) taken[name] = seriesOf(name, tree);
      for (const [name, take] of readings) {
        try {
          const read = [...(await take())];
          taken[name] = [...(taken[name] ?? []), ...read];
        } catch {
          // What cannot be said now is not said; everything else still is.
        }
      }
      return taken;
    },
  };
}

function makeCell(name: FamilyName, root: Tree, labels: readonly string[]): Cell {
  const { buckets } = familyOf(name);
  const cell: Cell = { value: 0, counts: buckets && Array<number>(buckets.length + 1).fill(0) };
  let tree = root;
  for (const label of labels.slice(0, -1)) {
    const next = (tree.get(label) as Tree | undefined) ?? new Map();
    tree.set(label, next);
    tree = next;
  }
  tree.set(labels.at(-1) ?? '', cell);
  return cell;
}

function seriesOf(name: FamilyName, tree: Tree): Series<number | Buckets>[] {
  const hasLabels = familyOf(name).labels.length > 0;
  const walk = (at: Tree | Cell, labels: readonly string[]): Series<number | Buckets>[] => {
    if (at instanceof Map) return [...at].flatMap(([label, next]) => walk(next, [...labels, label]));
    const value = at.counts ? { counts: [...at.counts], sum: at.value } : at.value;
    return [[hasLabels ? labels : [], value]];
  };
  return walk(tree, []);
}

/** What several processes have counted together; of gauges each family says whether that is a sum or the largest. */
export function mergeSnapshots(snapshots: readonly Snapshot[]): Snapshot {
  const merged = new Map<FamilyName, Map<string, Series<number | Buckets>>>();
  for (const snapshot of snapshots) {
    for (const [name, series] of Object.entries(snapshot) as [FamilyName, readonly Series<number | Buckets>[]][]) {
      const known = merged.get(name) ?? new Map<string, Series<number | Buckets>>();
      merged.set(name, known);
      for (const [labels, value] of series) {
        const key = JSON.stringify(labels);
        const before = known.get(key);
        known.set(key, [labels, before === undefined ? value : together(name, before[1], value)]);
      }
    }
  }
  return Object.fromEntries([...merged].map(([name, series]) => [name, [...series.values()]]));
}

function together(name: FamilyName, one: number | Buckets, other: number | Buckets): number | Buckets {
  if (typeof one === 'number') {
    const value = other as number; // of one family, so of one kind
    return familyOf(name).merge === 'max' ? Math.max(one, value) : one + value;
  }
  const [a, b] = [one, other as Buckets];
  return { counts: a.counts.map((count, at) => count + (b.counts[at] ?? 0)), sum: a.sum + b.sum };
}

/** Only what is counted: what a process that has ended leaves behind, so that no total ever falls. */
export function countedIn(snapshot: Snapshot): Snapshot {
  const isCounted = ([name]: [string, unknown]) => familyOf(name as FamilyName).type !== 'gauge';
  return Object.fromEntries(Object.entries(snapshot).filter(isCounted));
}
