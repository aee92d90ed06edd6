import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The last checkpoint of the record, as an operator has accepted it although its key is not here: noted where the key of the record is,
 * and not in the store, whose writers could accept for themselves (T23).
 */
export async function acceptCheckpoint(auditKeysDir: string, statement: string): Promise<void> {
  await writeFile(fileOf(auditKeysDir), `${digestOf(statement)}\n`, { mode: 0o600 });
}

/** Whether it is that one. */
export async function isAcceptedCheckpoint(auditKeysDir: string, statement: string): Promise<boolean> {
  try {
    return (await readFile(fileOf(auditKeysDir), 'utf8')).trim() === digestOf(statement);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

function fileOf(auditKeysDir: string): string {
  return join(auditKeysDir, 'audit-checkpoint.accepted');
}

function digestOf(statement: string): string {
  return createHash('sha256').update(statement).digest('base64url');
}
