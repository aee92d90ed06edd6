import { createHash } from 'node:crypto';
import { chmod, constants, copyFile, readFile } from 'node:fs/promises';
import { type AuditRecord, toRow } from './audit/record.ts';
import { eventId } from './call.ts';
import { asksSecondPerson } from './changes/publish.ts';
import { type Origins, toAccessIndex, toResourceIndex } from './in-force.ts';
import { changedEntries, type Json } from './policy/diff/entries.ts';
import { widenings } from './policy/diff/widened.ts';
import { loosenedBy, loosenedClients } from './policy/loosened.ts';
import { parsePolicy } from './policy/parse.ts';
import { Problem } from './problem.ts';
import { type PolicyKind, type PolicyVersion, type Store, StoreConflict } from './store/store.ts';

/** Where a first document comes from when the file is not there yet. */
export const starterDocuments: Record<PolicyKind, URL> = {
  access: new URL('./policy/starter/access.yaml', import.meta.url),
  resource: new URL('./policy/starter/resource.yaml', import.meta.url),
};

/**
 * Publishes a document file as the next version, if it says anything new: immutable, with its digest, on the record.
 * A document with mistakes is refused whole, every mistake named with its line.
 */
export async function publishDocument(
  store: Store,
  kind: PolicyKind,
  file: string,
  options: { starter: URL; nowMs: number; origins: Origins },
): Promise<{ version: number; isNew: boolean; isOlder?: true }> {
  const document = JSON.stringify(await readDocument(kind, file, options.starter));
  const digest = createHash('sha256').update(document).digest('base64url');
  const latest = await store.policies.latest(kind);
  if (latest && saysTheSame(latest.document, document)) return { version: latest.version, isNew: false };
  if (latest && latest.author !== fileAuthor) return keepPublished(store, latest, document, file);
  if (latest) refuseAlone(latest, { ...latest, document, digest }, file, options.origins);

  const version = (latest?.version ?? 0) + 1;
  // What only shows once `local` is filled in is found before anything is published.
  const candidate = {
    kind,
    version,
    document,
    digest,
    author: fileAuthor,
    publishedAt: Math.floor(options.nowMs / 1000),
  };
  const loosened =
    kind === 'access'
      ? loosenedClients(toAccessIndex(candidate, options.origins))
      : loosenedBy(toResourceIndex(candidate, options.origins));
  const record: AuditRecord = {
    v: 2,
    id: eventId('p_'),
    kind: 'policy',
    domain: kind === 'access' ? 'idp' : 'ras',
    timeMs: options.nowMs,
    outcome: 'allowed',
    policy: { kind, version },
    detail: [`published from ${file}, sha256 ${digest}`, ...loosened.map((words) => `loosened: ${words}`)].join('; '),
  };
  try {
    await store.policies.append(candidate, [toRow(record)]);
  } catch (error) {
    // Another node was first, with the same document as a rule: then there is nothing new.
    if (error instanceof StoreConflict) return publishDocument(store, kind, file, options);
    throw error;
  }
  return { version, isNew: true };
}

const fileAuthor = 'file';

/**
 * Somebody has published since the file was last read: from then on the store has the document. A file that is as it was then is
 * not read over it; one that was changed as well is somebody's work, and neither side may overwrite the other unseen.
 */
async function keepPublished(
  store: Store,
  latest: PolicyVersion,
  document: string,
  file: string,
): Promise<{ version: number; isNew: false; isOlder: true }> {
  const { kind, version, author } = latest;
  for (let at = version - 1; at >= 1; at -= 1) {
    const older = await store.policies.read(kind, at);
    if (older && saysTheSame(older.document, document)) return { version, isNew: false, isOlder: true };
    if (older?.author === fileAuthor) break;
  }
  throw new Problem(
    `${file} was changed, and version ${version} of the ${kind} policy was published since it was last read, by ${author}.`,
    `Bring the change in as a draft: credence draft begin ${kind} --name TEXT --file ${file}; put the file back as it was, and start again.`,
  );
}

/** A file is one hand: where a second person is asked for what grants more, it is published as a draft is. */
function refuseAlone(latest: PolicyVersion, next: PolicyVersion, file: string, origins: Origins): void {
  if (!asksSecondPerson(latest)) return;
  const side = (version: PolicyVersion) => ({
    document: JSON.parse(version.document) as Json,
    access: latest.kind === 'access' ? toAccessIndex(version, origins) : undefined,
  });
  const widens = widenings(latest.kind, side(latest), side(next));
  if (widens.length === 0) return;
  throw new Problem(
    `${file} grants more than version ${latest.version}, which asks for a second person: ${widens.slice(0, 5).join('; ')}.`,
    `Propose it: credence draft begin ${latest.kind} --name TEXT --file ${file}; put the file back as it was, and start again.`,
  );
}

function saysTheSame(one: string, other: string): boolean {
  return one === other || changedEntries(JSON.parse(one) as Json, JSON.parse(other) as Json).length === 0;
}

async function readDocument(kind: PolicyKind, file: string, starter: URL): Promise<unknown> {
  await createFromStarter(file, starter);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new Problem(
      `Cannot read the ${kind} document ${file}: ${(error as Error).message}`,
      'Check its permissions.',
    );
  }
  const parsed = parsePolicy(text, kind);
  if (!parsed.ok) {
    const lines = parsed.problems.map(({ line, column, path, message }) => `  ${line}:${column} ${path}: ${message}`);
    throw new Problem(
      `The ${kind} document ${file} has mistakes:\n${lines.join('\n')}`,
      `Mend them; check again with: credence policy check ${file}`,
    );
  }
  return parsed.document;
}

/** A home without the document gets one to start from; a file that is there is never touched. */
async function createFromStarter(file: string, starter: URL): Promise<void> {
  try {
    await copyFile(starter, file, constants.COPYFILE_EXCL);
    await chmod(file, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw new Problem(`Cannot write ${file}: ${(error as Error).message}`, 'Check the folder and its permissions.');
  }
}
