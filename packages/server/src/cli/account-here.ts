import { userInfo } from 'node:os';

/**
 * Who acts here, for the record: the account of the machine, as one word. A container has a number, and often no name for it.
 */
export function accountHere(): string {
  try {
    return userInfo().username.replaceAll(/\s+/g, '_');
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
