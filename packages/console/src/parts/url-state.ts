import { useNavigate, useSearch } from '@tanstack/react-router';

/** A value that lives in the address (`?name=`), so that it can be linked to and Back undoes it; '' is not there. */
export function useUrlState(name: string): readonly [value: string, set: (value: string, replace?: boolean) => void] {
  const search: Readonly<Record<string, unknown>> = useSearch({ strict: false });
  const navigate = useNavigate();
  const value = search[name];
  return [
    typeof value === 'string' ? value : value === undefined ? '' : String(value),
    (next, replace = false) =>
      void navigate({
        to: '.',
        search: (before: Record<string, unknown>) => ({ ...before, [name]: next === '' ? undefined : next }),
        replace,
        resetScroll: false,
      }),
  ];
}
