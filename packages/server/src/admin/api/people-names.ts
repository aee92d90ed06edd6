import { z } from 'zod';
import { isHidden } from './people.ts';
import { answer, type Route, route } from './route.ts';

/** Ids asked for in one go. */
const mostIds = 100;

/** The record speaks of people by their ids (LOG-01); whoever may see people can have the names to it. */
export const peopleNameRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/people/names',
    id: 'namePeople',
    summary: 'Names of people, by their ids; of ids that are nobody’s there is nothing',
    permission: 'read:people',
    query: z.strictObject({
      ids: z
        .string()
        .max(100 * mostIds)
        .transform((text) => [...new Set(text.split(','))])
        .refine((ids) => ids.length <= mostIds, `must be ${mostIds} ids at most`)
        .describe(`Up to ${mostIds}, with commas between them.`),
    }),
    answer: z.object({ items: z.array(z.object({ id: z.string(), email: z.string(), name: z.string() })) }),
    handle: async ({ query, by }, { store }) => {
      const items = [];
      for (const id of query.ids) {
        const person = await store.people.find(id);
        if (!person || (await isHidden({ store }, by, id))) continue;
        items.push({ id, email: person.email, name: person.name });
      }
      return answer({ items });
    },
  }),
];
