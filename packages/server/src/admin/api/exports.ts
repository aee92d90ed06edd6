import { z } from 'zod';
import { readExportStatus } from '../../exports/status.ts';
import { placeOf } from '../../exports-config.ts';
import { answer, type Route, route } from './route.ts';

const Export = z.object({
  name: z.string(),
  kind: z.enum(['file', 'stdout', 'syslog', 'webhook']),
  format: z.string(),
  to: z.string().describe('A file, a host and port, or the host of a webhook.'),
  records: z.array(z.string()).nullable().describe('Kinds of record; null = all.'),
  position: z.int().describe('Everything up to this line has arrived.'),
  behind: z.int(),
  lagSeconds: z.int().describe('Age of the oldest line that has not arrived.'),
  sent: z.int(),
  dead: z.int().describe('Lines that the receiver would not take.'),
  holder: z.string().nullable().describe('The node that carries it on.'),
  failing: z.object({ why: z.string(), since: z.string() }).nullable(),
});

/** Where the record goes besides the store, and how far it has come: what `credence exports status` prints. */
export const exportRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/exports',
    id: 'listExports',
    summary: 'Exports of the record: where each goes, how far it has come, and what keeps it',
    permission: 'read:audit',
    answer: z.object({ items: z.array(Export) }),
    handle: async ({ nowMs }, { store, record: { exports } }) => {
      const settings = new Map(exports.map((each) => [each.name, each]));
      const items = (await readExportStatus(store, exports, nowMs)).flatMap(({ holder, failing, ...rest }) => {
        const its = settings.get(rest.name);
        if (!its) return [];
        const { format, records } = its;
        const shown = { format, to: placeOf(its), records: records ? [...records] : null };
        return [{ ...rest, ...shown, holder: holder ?? null, failing: failing ?? null }];
      });
      return answer({ items });
    },
  }),
];
