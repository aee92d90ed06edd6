import { createHash } from 'node:crypto';
import { chmod, constants, copyFile, readFile } from 'node:fs/promises';
import { type AuditRecord, toRow } from './audit/record.ts';
import { eventId } from './call.ts';
import { type Origins, toAccessIndex, toResourceIndex } from './in-force.ts';
import { loosenedBy, loosenedClients } from './policy/loosened.ts';
import { parsePolicy } from './policy/parse.ts';
import { Problem } from './problem.ts';
import { type PolicyKind, type Store, StoreConflict } from './store/store.ts';

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
): Promise<{ version: number; isNew: boolean }> {
  const document = JSON.stringify(await readDocument(kind, file, options.starter));
  const digest = createHash('sha256').update(document).digest('base64url');
  const latest = await store.policies.latest(kind);
  if (latest?.digest === digest) return { version: latest.version, isNew: false };

  const version = (latest?.version ?? 0) + 1;
  // What only shows once `local` is filled in is found before anything is published.
  const candidate = { kind, version, document, digest, author: 'file', publishedAt: Math.floor(options.nowMs / 1000) };
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
