import { z } from 'zod';
import { isHidden } from './people.ts';
import { personParams } from './people-shape.ts';
import { answer, type Route, refuse, route } from './route.ts';

const FactorShape = z.object({
  id: z.string(),
  kind: z.enum(['totp', 'passkey']),
  name: z.string().describe('What the person calls it.'),
  synced: z.boolean().describe('A passkey that is copied from device to device.'),
  createdAt: z.int(),
  lastUsedAt: z.int().nullable(),
});

/** What hangs on one person. */
export const personRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/people/{id}/factors',
    id: 'listFactors',
    summary: 'Second factors of a person, and how many recovery codes are left; never what is secret of them',
    permission: 'read:people',
    params: personParams,
    answer: z.object({ items: z.array(FactorShape), recoveryCodesLeft: z.int() }),
    handle: async ({ params: { id }, by }, services) => {
      const { people, factors } = services.store;
      if ((await isHidden(services, by, id)) || !(await people.find(id))) return refuse('api_not_found');
      const items = (await factors.of(id)).map(({ id: factor, kind, name, isSynced, createdAt, lastUsedAt }) => ({
        id: factor,
        kind,
        name,
        synced: isSynced,
        createdAt,
        lastUsedAt: lastUsedAt ?? null,
      }));
      return answer({ items, recoveryCodesLeft: await factors.recoveryCodesLeft(id) });
    },
  }),
];
