import { Command } from 'commander';
import { toVisibleJson } from '../audit/export-line.ts';
import { Problem } from '../problem.ts';
import type { SignInSession, Store } from '../store/store.ts';
import { toPrintable } from './audit.ts';
import { findPerson } from './find-person.ts';
import { homeOption } from './home-option.ts';
import { toActRow, withStore } from './with-store.ts';
import { writeOut } from './write-out.ts';

const page = 200;

/** `credence session list|end`: who is signed in, and ending that. */
export function sessionCommand(): Command {
  const session = new Command('session').description('list and end sign-ins that stand');
  session
    .command('list')
    .description('list sessions: one for each browser in which somebody is signed in')
    .addOption(homeOption())
    .option('--person <email>', 'only those of this person')
    .option('--json', 'one JSON object a line')
    .action((options: ListOptions) => withStore(options, (store) => list(store, options)));
  session
    .command('end')
    .description('end sessions, with the refresh tokens that hang on them: nothing more is issued in them')
    .argument('[id]', 'the session, as shown by list')
    .allowUnknownOption() // an id may begin with a dash
    .addOption(homeOption())
    .option('--person <email>', 'every session of this person')
    .option('--all', 'every session of everybody')
    .addHelpText('after', '\nExample:\n  credence session end --person erin@acme.example')
    .action((id: string | undefined, options: EndOptions) => withStore(options, (store) => end(store, id, options)));
  return session;
}

interface ListOptions {
  readonly home: string;
  readonly person?: string;
  readonly json?: boolean;
}

interface EndOptions {
  readonly home: string;
  readonly person?: string;
  readonly all?: boolean;
}

async function list(store: Store, options: ListOptions): Promise<void> {
  const personId = options.person === undefined ? undefined : (await findPerson(store, options.person)).id;
  for await (const session of sessionsOf(store, personId)) {
    if (!(await writeOut(`${options.json ? toVisibleJson(session) : await toLine(store, session)}\n`))) return;
  }
}

async function end(store: Store, id: string | undefined, options: EndOptions): Promise<void> {
  const given = [id, options.person, options.all].filter((each) => each !== undefined && each !== false);
  if (given.length !== 1) {
    throw new Problem(
      'It is not clear which sessions to end.',
      'Give an id, or --person EMAIL, or --all: one of them.',
    );
  }
  if (id !== undefined) {
    const session = await store.sessions.find(id, now());
    if (!session || !(await endOne(store, session))) {
      throw new Problem(`There is no session ${toPrintable(id)}.`, 'See: credence session list');
    }
    process.stdout.write('1 session ended\n');
    return;
  }
  const person = options.person === undefined ? undefined : await findPerson(store, options.person);
  let ended = 0;
  for await (const session of sessionsOf(store, person?.id)) if (await endOne(store, session)) ended += 1;
  // What was just being issued to them hangs on no session yet.
  if (person) await store.artifacts.endSessionsOf(person.id);
  process.stdout.write(`${ended} ${ended === 1 ? 'session' : 'sessions'} ended\n`);
}

function endOne(store: Store, { uid, personId }: SignInSession): Promise<boolean> {
  return store.sessions.end(uid, [toActRow('sign_out', 'session ended', { person: personId })]);
}

async function* sessionsOf(store: Store, personId: string | undefined): AsyncGenerator<SignInSession> {
  let after = '';
  for (;;) {
    const sessions = await store.sessions.list({ after, limit: page, personId, now: now() });
    yield* sessions;
    const last = sessions.at(-1);
    if (!last) return;
    after = last.uid;
  }
}

async function toLine(store: Store, { uid, personId, startedAt, expiresAt, clients, upstream }: SignInSession) {
  const person = await store.people.find(personId);
  const names = clients.map(({ client }) => client).join(', ');
  const by = upstream === undefined ? 'password' : upstream;
  return toPrintable(
    `${uid}  ${(person?.email ?? personId).padEnd(32)}  ${toTime(startedAt)} to ${toTime(expiresAt)}  ${by.padEnd(10)}  ${names}`,
  );
}

function toTime(seconds: number | undefined): string {
  return seconds === undefined ? '-' : new Date(seconds * 1000).toISOString().slice(0, 16);
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}
