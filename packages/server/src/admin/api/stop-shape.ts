import { z } from 'zod';
import type { Stop, StopKind } from '../../store/stop.ts';
import type { Store } from '../../store/store.ts';

/** A stop that stands, as pages about its target show it. */
export const StandingStop = z.object({
  id: z.string(),
  reason: z.string(),
  by: z.string(),
  at: z.int(),
  endsAt: z.int().nullable(),
});

export function toStanding({ id, reason, by, at, endsAt }: Stop): z.output<typeof StandingStop> {
  return { id, reason, by, at, endsAt: endsAt ?? null };
}

/** Stops that stand of one kind, by target; a stop of everything is on every target's list. */
export async function standingStops(
  { stops }: Pick<Store, 'stops'>,
  kind: StopKind,
): Promise<(target: string) => z.output<typeof StandingStop>[]> {
  const all = await stops.list({ over: false, limit: 1000 });
  return (target) =>
    all.filter((stop) => stop.kind === 'everything' || (stop.kind === kind && stop.target === target)).map(toStanding);
}
