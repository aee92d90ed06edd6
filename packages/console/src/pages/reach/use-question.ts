import { useNavigate, useSearch } from '@tanstack/react-router';

/** What is asked, as it stands in the address; '' = not named. */
export interface Question {
  readonly person: string;
  readonly client: string;
  readonly server: string;
  readonly scope: string;
  /** A node or a path of the graph that is inked. */
  readonly at: string;
  readonly view: 'graph' | 'list';
  readonly refused: boolean;
  readonly draft: boolean;
  readonly unused: boolean;
}

/** The question in the address, and how to ask another: a value of '' takes its name out. */
export function useQuestion(): readonly [question: Question, ask: (change: Readonly<Record<string, string>>) => void] {
  const search: Readonly<Record<string, unknown>> = useSearch({ strict: false });
  const navigate = useNavigate();
  const textOf = (name: string) => String(search[name] ?? '');
  const question = {
    person: textOf('person'),
    client: textOf('client'),
    server: textOf('server'),
    scope: textOf('scope'),
    at: textOf('at'),
    view: textOf('view') === 'list' ? 'list' : 'graph',
    refused: textOf('refused') !== 'no',
    draft: textOf('draft') !== 'no',
    unused: textOf('unused') === 'yes',
  } as const;
  return [
    question,
    (change) =>
      void navigate({
        to: '.',
        search: (before: Record<string, unknown>) =>
          Object.fromEntries(Object.entries({ ...before, ...change }).filter(([, value]) => value !== '')),
        resetScroll: false,
      }),
  ];
}
