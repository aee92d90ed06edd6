import type { ExportSettings } from '../exports-config.ts';
import type { ExportPlace } from '../store/exports.ts';
import type { Store } from '../store/store.ts';

/** How an export stands, for people, `--json` and metrics alike. */
export interface ExportStatus {
  readonly name: string;
  readonly kind: ExportSettings['kind'];
  /** Everything up to this position has arrived. */
  readonly position: number;
  /** Records behind that; an export of some kinds counts the others too. */
  readonly behind: number;
  /** Age of the oldest record behind it; 0 = there is none. */
  readonly lagSeconds: number;
  readonly sent: number;
  readonly dead: number;
  /** The node that carries it on; absent: none does. */
  readonly holder: string | undefined;
  readonly failing: { readonly why: string; readonly since: string } | undefined;
}

/** Reads how all exports stand: two small reads, and one for each export that is behind. */
export async function readExportStatus(
  { exports, audit }: Pick<Store, 'exports' | 'audit'>,
  settings: readonly Pick<ExportSettings, 'name' | 'kind'>[],
  nowMs: number,
): Promise<readonly ExportStatus[]> {
  const places = new Map((await exports.all()).map((place) => [place.name, place]));
  const [last] = await audit.last(1);
  const end = last?.position ?? 0;
  return Promise.all(
    settings.map(async ({ name, kind }) => {
      const place: Pick<ExportPlace, 'position' | 'sent' | 'dead' | 'holder' | 'failing'> = places.get(name) ?? unknown;
      const { position, sent, dead, holder, failing } = place;
      const [next] = position < end ? await audit.read(position, 1) : [];
      return {
        name,
        kind,
        position,
        behind: Math.max(0, end - position),
        lagSeconds: next ? Math.max(0, Math.round((nowMs - next.timeMs) / 1000)) : 0,
        sent,
        dead,
        holder,
        failing: failing && { why: failing.why, since: new Date(failing.sinceMs).toISOString() },
      };
    }),
  );
}

/** One that has not begun yet. */
const unknown = { position: 0, sent: 0, dead: 0, holder: undefined, failing: undefined };
