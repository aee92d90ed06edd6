import { z } from 'zod';
import { toCsvLine } from '../csv.ts';
import { firstPlace, type Reaching, reachingFrom } from '../reaching.ts';
import { reviewQuery, toReaching } from './reach-people.ts';
import { answer, type Route, refuse, route } from './route.ts';

/** People read in one go. */
const readLength = 500;

/** Access reviews: who may have what at a server, one line for each person and client. */
export const reachExportRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/reach/servers/{id}/people.csv',
    id: 'exportReach',
    summary:
      'Everybody who reaches a server, through which client, with which scopes, by which groups, and when they last did',
    permission: 'read:reach',
    stream: 'text/csv',
    params: z.strictObject({ id: z.string().max(300) }),
    query: z.strictObject(reviewQuery),
    handle: async (call, services) => {
      const asked = await toReaching(call, services);
      if (!asked) return refuse('api_not_found');
      const { by, mayStill } = call;
      const stream = services.live.open(by.person.id, (signal) =>
        toLines(asked, async () => !signal.aborted && (await mayStill())),
      );
      return stream ? answer(stream) : refuse('admin_too_fast', 'You have five exports and live streams: close one.');
    },
  }),
];

const head = ['person', 'email', 'name', 'source', 'server', 'client', 'scopes', 'by', 'last used'];

/** @param goesOn - whether whoever asked still reads, and still may */
async function* toLines(asked: Reaching, goesOn: () => Promise<boolean>): AsyncGenerator<string> {
  yield toCsvLine(head);
  for (let place = firstPlace(asked); place; ) {
    // A list that breaks off must not look like a whole one.
    if (!(await goesOn())) throw new Error('the export was cut short');
    const { found, next } = await reachingFrom(asked, place, readLength);
    const lines = found.flatMap(({ person, by, granted }) =>
      granted.map(({ client, scopes, lastMs }) =>
        toCsvLine([
          ...[person.id, person.email, person.name, person.source, asked.server.id, client, scopes.join(' ')],
          by.join(' '),
          lastMs === undefined ? '' : new Date(lastMs).toISOString(),
        ]),
      ),
    );
    if (lines.length > 0) yield lines.join('');
    place = next;
  }
}
