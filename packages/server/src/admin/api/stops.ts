import { z } from 'zod';
import { checkMayChange } from '../../directory/administrators.ts';
import { Problem } from '../../problem.ts';
import { planStop, type StopPlace } from '../../stops/plan.ts';
import { type By, listStops, previewStop, resumeStop, stop } from '../../stops/stop.ts';
import { type Stop, stopKinds } from '../../store/stop.ts';
import { hiddenFrom } from './reach-shape.ts';
import { type ApiCall, answer, type Outcome, type Route, refuse, route } from './route.ts';
import type { AdminServices } from './services.ts';

const StopShape = z.object({
  id: z.string(),
  kind: z.enum(stopKinds),
  target: z.string(),
  reason: z.string(),
  by: z.string(),
  at: z.int(),
  endsAt: z.int().nullable(),
  resumed: z.object({ at: z.int(), by: z.string(), reason: z.string() }).nullable(),
});

/** 9999-12-31T23:59:59Z: what comes later has no date that a line of the record could say. */
const lastSecond = 253_402_300_799;

const Order = z.strictObject({
  kind: z.enum(stopKinds),
  target: z.string().max(2048).default('').describe('Who or what, as for credence stop; nothing for everything.'),
  reason: z.string().min(1).max(500),
  endsAt: z.int().min(1).max(lastSecond).optional().describe('When it ends by itself.'),
  side: z.enum(['idp', 'ras']).optional(),
  issuer: z.string().max(2048).optional().describe('Of a key: whose it is.'),
});

type Caller = Pick<ApiCall<never, never, never>, 'by' | 'now' | 'row'>;

/** The stop button: the same as `credence stop`, `resume` and `stops`. */
export const stopRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/stops',
    id: 'listStops',
    summary: 'What is stopped, by whom and why, the newest first',
    permission: 'read:overview',
    query: z.strictObject({ over: z.enum(['true', 'false']).default('false').describe('Also what is over.') }),
    answer: z.object({ items: z.array(StopShape) }),
    handle: async ({ query }, { store }) =>
      answer({ items: (await listStops({ store }, query.over === 'true')).map(toShape) }),
  }),
  route({
    method: 'POST',
    path: '/stops/preview',
    id: 'previewStop',
    summary: 'What a stop would do, in words; nothing is stopped',
    permission: 'stop',
    body: Order,
    answer: z.object({ words: z.string(), people: z.int().nullable(), endsAt: z.int().nullable() }),
    handle: (call, services) =>
      ifBelow(call, services, async (place) => {
        const { words, people, endsAt } = await previewStop(place, call.body);
        return { words, people: people ?? null, endsAt: endsAt ?? null };
      }),
  }),
  route({
    method: 'POST',
    path: '/stops',
    id: 'stop',
    summary: 'Stop it: nothing more is issued, and what was issued ends within a second',
    permission: 'stop',
    fresh: true,
    body: Order,
    status: 201,
    answer: StopShape,
    handle: (call, services) =>
      ifBelow(call, services, async (place) => toShape(await stop(place, call.body, byOf(call)))),
  }),
  route({
    method: 'POST',
    path: '/stops/{id}/resume',
    id: 'resume',
    summary: 'Let it go on; what was issued before stays dead',
    permission: 'resume',
    fresh: true,
    params: z.strictObject({ id: z.string().max(64) }),
    body: z.strictObject({ reason: z.string().min(1).max(500) }),
    answer: StopShape,
    handle: async (call, services) => {
      const { id } = call.params;
      const found = await services.store.stops.find(id);
      if (!found) return refuse('api_not_found');
      const may = await checkBelow(call, services, found.personId);
      if (!may.ok) return may;
      const order = { id, reason: call.body.reason };
      return orRefused(async () => answer(toShape(await resumeStop(placeOf(call, services), order, byOf(call)))));
    },
  }),
];

/** Somebody who administers with an equal or a higher role is stopped, and let go on, by owners only, like whatever else is done to them (T30). */
function ifBelow<T>(
  call: Caller & { readonly body: z.output<typeof Order> },
  services: AdminServices,
  act: (place: StopPlace) => Promise<T>,
): Promise<Outcome<T>> {
  return orRefused(async () => {
    const place = { ...placeOf(call, services), hidden: await hiddenFrom(call.by, services) };
    const may = await checkBelow(call, services, (await planStop(place, call.body)).ofPerson);
    return may.ok ? answer(await act(place)) : may;
  });
}

async function checkBelow(
  { by }: Caller,
  { store }: AdminServices,
  personId: string | undefined,
): Promise<Outcome<undefined>> {
  if (personId === undefined || personId === by.person.id) return answer(undefined);
  const may = checkMayChange(by.role, await store.administrators.roleOf(personId));
  return may.ok ? answer(undefined) : refuse(may.refusal);
}

function placeOf({ now }: Caller, { store, access, resource, installation }: AdminServices): StopPlace {
  const { idp, ras } = installation;
  return { store, access: access(), resource: resource(), idpIssuer: idp, rasIssuer: ras, now };
}

function byOf({ by, row }: Caller): By {
  return { name: by.person.id, toRow: (kind, detail, facts) => row(kind, { ...facts, detail }) };
}

/** What an order cannot mean is said in the words that a command would say it in. */
async function orRefused<T>(act: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof Problem) return refuse('api_conflict', error.message);
    throw error;
  }
}

function toShape({ id, kind, target, reason, by, at, endsAt, resumed }: Stop) {
  const end = resumed ? { at: resumed.at, by: resumed.by, reason: resumed.reason } : null;
  return { id, kind, target, reason, by, at, endsAt: endsAt ?? null, resumed: end };
}
