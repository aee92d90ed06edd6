import { QueryClient } from '@tanstack/react-query';
import { isSomebodyThere } from '../session/idle.ts';
import { ApiProblem, noAnswer } from './problem.ts';

/** Answers are kept for the page's life and read again when it is looked at anew; a refusal is never asked for twice. */
export function createQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        gcTime: 300_000,
        retry: (count, error) => !isRefusal(error) && count < 2,
        refetchOnWindowFocus: true,
        refetchOnReconnect: () => isSomebodyThere(Date.now()),
      },
      mutations: { retry: false },
    },
  });
}

function isRefusal(error: unknown): boolean {
  return error instanceof ApiProblem && error.problem.code !== noAnswer.code;
}
