import { createContext, useContext } from 'react';
import type { Permission } from '../pages/page.ts';
import { roleNames, shellTexts } from '../texts/shell.ts';
import type { Answer } from './problem.ts';

export type Me = Answer<'getMe'>;

/** Who is signed in; the shell provides it before any page is drawn. */
export const MeContext = createContext<Me | undefined>(undefined);

export function useMe(): Me {
  const me = useContext(MeContext);
  if (!me) throw new Error('this is drawn outside the shell');
  return me;
}

/**
 * Why this administrator may not do it, in words for its place; `undefined` when they may. The server decides: this only saves
 * a click.
 */
export function useMayNot(permission: Permission | undefined): string | undefined {
  const { permissions, role } = useMe();
  const may = permission === undefined || permissions.includes(permission);
  return may ? undefined : shellTexts.mayNotDo(roleNames[role] ?? role);
}
