import { z } from 'zod';
import { grantedTo, tellingSubjects } from '../../policy/audience.ts';
import type { AccessIndex } from '../../policy/compile.ts';
import type { AccessServer } from '../../policy/model.ts';
import type { Person, Store } from '../../store/store.ts';
import { toCsvLine } from '../csv.ts';
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
    handle: async ({ params: { id }, by, now, mayStill }, { store, access, live }) => {
      const index = access();
      const server = index?.servers.get(id);
      if (!index || !server) return refuse('api_not_found');
      const stream = live.open(by.person.id, (signal) =>
        toLines({
          store,
          index,
          server,
          now,
          withoutBreakGlass: by.role !== 'owner',
          goesOn: async () => !signal.aborted && (await mayStill()),
        }),
      );
      return stream ? answer(stream) : refuse('admin_too_fast', 'You have five exports and live streams: close one.');
    },
  }),
];

interface Review {
  readonly store: Pick<Store, 'peopleAdmin' | 'uses'>;
  readonly index: AccessIndex;
  readonly server: AccessServer;
  readonly now: number;
  /** It is for owners to see (T30). */
  readonly withoutBreakGlass: boolean;
  /** Whether whoever asked still reads, and still may. */
  readonly goesOn: () => Promise<boolean>;
}

const head = ['person', 'email', 'name', 'source', 'server', 'client', 'scopes', 'by', 'last used'];

async function* toLines({ store, index, server, now, withoutBreakGlass, goesOn }: Review): AsyncGenerator<string> {
  yield toCsvLine(head);
  const telling = new Set(tellingSubjects(index, server.id));
  for (let after: string | undefined = ''; after !== undefined; ) {
    // A list that breaks off must not look like a whole one.
    if (!(await goesOn())) throw new Error('the export was cut short');
    const people: readonly Person[] = await store.peopleAdmin.find(
      { active: true, withoutBreakGlass },
      { after, limit: readLength },
    );
    const reaching = people.flatMap((person) => {
      const granted = grantedTo(index, { person, server, now });
      return granted.length > 0 ? [{ person, granted }] : [];
    });
    const uses = await store.uses.lastUses(
      server.id,
      reaching.map(({ person }) => person.id),
    );
    const lastUse = new Map(uses.map((use) => [`${use.person}\n${use.client}`, use.lastMs]));
    const lines = reaching.flatMap(({ person, granted }) =>
      granted.map(({ client, scopes }) =>
        toCsvLine([
          ...[person.id, person.email, person.name, person.source, server.id, client, scopes.join(' ')],
          subjectsOf(person, telling).join(' '),
          toTime(lastUse.get(`${person.id}\n${client}`)),
        ]),
      ),
    );
    if (lines.length > 0) yield lines.join('');
    after = people.length < readLength ? undefined : people.at(-1)?.email.toLowerCase();
  }
}

/** Of what somebody is, that which rules on the server speak of. */
function subjectsOf({ id, groups, roles }: Person, telling: ReadonlySet<string>): string[] {
  const all = [...groups.map((group) => `group:${group}`), ...roles.map((role) => `role:${role}`), `user:${id}`];
  const named = all.filter((subject) => telling.has(subject));
  return named.length > 0 ? named : ['everyone'];
}

function toTime(ms: number | undefined): string {
  return ms === undefined ? '' : new Date(ms).toISOString();
}
