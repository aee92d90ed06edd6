import { Command } from 'commander';
import { toUpstreams } from '../directory/upstream/settings.ts';
import { Problem } from '../problem.ts';
import { StoreConflict } from '../store/store.ts';
import { toPrintable } from './audit.ts';
import { findPerson } from './find-person.ts';
import { configOption, homeOption } from './home-option.ts';
import { readInstallation, toActRow, withStore } from './with-store.ts';

interface Options {
  readonly home: string;
  readonly config?: string;
}

/** `credence identity link|list|unlink`: who at an upstream is which person here, where another source owns the record. */
export function identityCommand(): Command {
  const identity = new Command('identity').description(
    'link identities at upstream providers to people whose records belong to another source',
  );
  const configured = (command: Command) => command.addOption(homeOption()).addOption(configOption());
  configured(
    identity
      .command('link')
      .description('let an identity sign in as this person; what its claims say changes nothing in the record')
      .argument('<email>')
      .argument('<upstream>', 'its name under sign_in.upstream')
      .argument('<subject>', 'sub of its ID Tokens, character for character; a refused sign-in has it on the record'),
  )
    .addHelpText('after', '\nExample:\n  credence identity link erin@acme.example okta 00u1a2b3c4')
    .action((email: string, upstream: string, subject: string, options: Options) =>
      link(email, upstream, subject, options),
    );
  identity
    .command('list')
    .description('list the identities that sign in as this person')
    .argument('<email>')
    .addOption(homeOption())
    .action((email: string, options: Options) => list(email, options));
  configured(
    identity
      .command('unlink')
      .description('take the links to an upstream away; sessions end only with: credence session end')
      .argument('<email>')
      .argument('<upstream>'),
  ).action((email: string, upstream: string, options: Options) => unlink(email, upstream, options));
  return identity;
}

async function link(email: string, name: string, subject: string, options: Options): Promise<void> {
  const issuer = await issuerOf(name, options);
  await withStore(options, async (store) => {
    const person = await findPerson(store, email);
    if (person.source.startsWith('upstream:')) {
      throw new Problem(
        `${toPrintable(email)} belongs to ${person.source} and signs in there.`,
        'Only people of other sources, local or SCIM, are linked by hand.',
      );
    }
    const linkedAt = Math.floor(Date.now() / 1000);
    const facts = { person: person.id, issuer, subject, upstream: name };
    try {
      const row = toActRow('directory', 'identity linked', facts);
      await store.upstream.link({ issuer, subject, upstream: name, personId: person.id, linkedAt }, [row]);
    } catch (fault) {
      if (!(fault instanceof StoreConflict)) throw fault;
      throw new Problem('This identity is linked to a person already.', 'Take that link away first.');
    }
  });
}

async function list(email: string, options: Options): Promise<void> {
  await withStore(options, async (store) => {
    const { id } = await findPerson(store, email);
    for (const { upstream, issuer, subject } of await store.upstream.linksOf(id)) {
      process.stdout.write(`${toPrintable(`${upstream}  ${issuer}  ${subject}`)}\n`);
    }
  });
}

async function unlink(email: string, name: string, options: Options): Promise<void> {
  const issuer = await issuerOf(name, options);
  await withStore(options, async (store) => {
    const { id } = await findPerson(store, email);
    const links = (await store.upstream.linksOf(id)).filter((each) => each.issuer === issuer);
    if (links.length === 0) {
      throw new Problem(`${toPrintable(email)} has no link to ${name}.`, 'See: credence identity list EMAIL');
    }
    for (const { subject } of links) {
      const facts = { person: id, issuer, subject, upstream: name };
      await store.upstream.unlink(issuer, subject, [toActRow('directory', 'identity unlinked', facts)]);
    }
  });
}

async function issuerOf(name: string, options: Options): Promise<string> {
  const { config } = await readInstallation(options);
  const upstreams = toUpstreams(config.signIn);
  const found = upstreams.find((upstream) => upstream.name === name);
  if (found) return found.issuer;
  const names = upstreams.map((upstream) => upstream.name).join(', ') || 'none';
  throw new Problem(`No upstream is called ${toPrintable(name)}.`, `Configured under sign_in.upstream: ${names}.`);
}
