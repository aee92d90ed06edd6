import type { Store } from '../store/store.ts';

/** The position behind which the first line from this time on stands; times of the record hardly ever go back. */
export async function positionBefore({ audit }: Pick<Store, 'audit'>, timeMs: number): Promise<number> {
  const [last] = await audit.last(1);
  let [low, high] = [0, last?.position ?? 0];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [row] = await audit.read(middle, 1);
    if (row && row.timeMs < timeMs) low = row.position;
    else high = middle;
  }
  return low;
}
