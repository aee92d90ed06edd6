import type { Graph, GraphEdge, GraphNode } from './graph-model.ts';

/** A node where it is drawn, in pixels. */
export interface Placed extends GraphNode {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A line from the right of one node to the left of another. */
export interface Line extends GraphEdge {
  readonly d: string;
  /** Where the ring of what ends here stands. */
  readonly end: { readonly x: number; readonly y: number };
}

export interface Layout {
  readonly nodes: readonly Placed[];
  readonly lines: readonly Line[];
  readonly lefts: readonly number[];
  readonly height: number;
}

/** Where each column begins and how wide it is, in parts of the whole; text does not grow with it. */
const starts = [0, 0.12, 0.257, 0.426, 0.565, 0.687, 0.872];
const widths = [0.086, 0.1, 0.13, 0.103, 0.087, 0.145, 0.128];

const [gap, ring] = [10, 22];
/** Letters of a stop, in 12 px. */
const letterWidth = 6.4;

/**
 * Columns stand fixed; within one, each node goes to the height of those it hangs on, as near as the others let it.
 * @param first - the first column that is drawn: without a person, that of the groups
 */
export function toLayout({ nodes, edges }: Pick<Graph, 'nodes' | 'edges'>, width: number, first = 0): Layout {
  const shift = starts[first] ?? 0;
  const scale = width / (1 - shift);
  const lefts = starts.map((start) => Math.round((start - shift) * scale));
  const boxes = new Map(
    nodes.map((node) => [node.id, { ...node, ...sizeOf(node, scale), left: lefts[node.column] ?? 0, top: 0 }]),
  );
  const all = [...boxes.values()];
  const beside = neighbours(edges);
  const byColumn = starts.map((_, column) => all.filter((box) => box.column === column));
  for (const column of byColumn) stack(column, (box) => box.top);
  // There and back, so that both ends pull; the last sweep goes by all that hangs on a node.
  for (let sweep = 0; sweep < 6; sweep += 1) {
    const order = sweep % 2 === 0 ? byColumn : byColumn.toReversed();
    for (const column of order) {
      stack(column, (box) => {
        const near = (beside.get(box.id) ?? []).flatMap((id) => boxes.get(id) ?? []);
        const side =
          sweep === 5
            ? near
            : near.filter((one) => (sweep % 2 === 0 ? one.column < box.column : one.column > box.column));
        const hung = side.length > 0 ? side : near;
        const middle = hung.reduce((sum, one) => sum + one.top + one.height / 2, 0) / Math.max(hung.length, 1);
        return hung.length > 0 ? middle - box.height / 2 : box.top;
      });
    }
  }
  const highest = Math.min(...all.map(({ top }) => top), Number.POSITIVE_INFINITY);
  for (const box of all) box.top = Math.round(box.top - (Number.isFinite(highest) ? highest : 0));
  const lines = edges.flatMap((edge) => {
    const [from, to] = [boxes.get(edge.from), boxes.get(edge.to)];
    return from && to ? [{ ...edge, ...curve(from, to) }] : [];
  });
  return { nodes: all, lines, lefts, height: Math.max(0, ...all.map(({ top, height }) => top + height)) };
}

function sizeOf({ kind, title, remark, column }: GraphNode, scale: number): Pick<Placed, 'width' | 'height'> {
  const width = Math.round((widths[column] ?? 0) * scale);
  if (kind !== 'stop') return { width, height: remark === '' ? 28 : 40 };
  const room = Math.round(width * 1.3);
  return { width: room, height: 4 + 16 * Math.ceil((title.length * letterWidth) / Math.max(40, room - ring)) };
}

/** Puts the nodes of a column under each other, none over another, as near to where they are wanted as that goes. */
function stack<B extends { top: number; readonly height: number }>(
  column: readonly B[],
  wantedOf: (box: B) => number,
): void {
  const wanted = column
    .map((box, at) => ({ box, at, top: wantedOf(box) }))
    .sort((a, b) => a.top - b.top || a.at - b.at);
  let bottom = Number.NEGATIVE_INFINITY;
  let pushed = 0;
  for (const one of wanted) {
    one.box.top = Math.max(one.top, bottom + gap);
    pushed += one.box.top - one.top;
    bottom = one.box.top + one.box.height;
  }
  const back = wanted.length > 0 ? pushed / wanted.length : 0;
  for (const { box } of wanted) box.top -= back;
}

function neighbours(edges: readonly GraphEdge[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  const add = (one: string, other: string) => found.set(one, [...(found.get(one) ?? []), other]);
  for (const { from, to } of edges) {
    add(from, to);
    add(to, from);
  }
  return found;
}

function curve(from: Placed, to: Placed): Pick<Line, 'd' | 'end'> {
  const [x, y] = [from.left + from.width, from.top + from.height / 2];
  const end = { x: to.left, y: to.top + (to.kind === 'stop' ? 10 : to.height / 2) };
  const middle = (x + end.x) / 2;
  return { d: `M${x} ${y}C${middle} ${y} ${middle} ${end.y} ${end.x} ${end.y}`, end };
}
