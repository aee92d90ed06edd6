import type { Placed } from './graph-layout.ts';

type Spot = Pick<Placed, 'id' | 'column' | 'top' | 'height'>;

/** Where an arrow leads from a node: along its column, or to the nearest of the next column that has any. */
export function nextNode(nodes: readonly Spot[], from: string, key: string): string | undefined {
  const here = nodes.find(({ id }) => id === from);
  if (!here) return undefined;
  const middle = (spot: Spot) => spot.top + spot.height / 2;
  const nearest = (some: readonly Spot[]) =>
    some.toSorted((a, b) => Math.abs(middle(a) - middle(here)) - Math.abs(middle(b) - middle(here)))[0]?.id;
  const inColumn = nodes.filter(({ column }) => column === here.column).toSorted((a, b) => a.top - b.top);
  const at = inColumn.indexOf(here);
  if (key === 'ArrowDown') return inColumn[at + 1]?.id;
  if (key === 'ArrowUp') return inColumn[at - 1]?.id;
  if (key === 'Home') return inColumn[0]?.id;
  if (key === 'End') return inColumn.at(-1)?.id;
  const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
  if (step === undefined) return undefined;
  const beyond = nodes.filter(({ column }) => Math.sign(column - here.column) === step);
  const column = step > 0 ? Math.min(...beyond.map((one) => one.column)) : Math.max(...beyond.map((one) => one.column));
  return nearest(beyond.filter((one) => one.column === column));
}
