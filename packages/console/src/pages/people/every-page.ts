import { call } from '../../data/api.ts';
import { type Answer, ApiProblem } from '../../data/problem.ts';

type People = Answer<'listPeople'>;
export type PersonRow = People['items'][number];

/** Everybody who is like that, page by page. Where the server asks to go slower, it goes slower. */
export async function everyPerson(
  query: { readonly q?: string; readonly active?: 'true' | 'false' },
  onSome: (count: number) => void,
): Promise<readonly PersonRow[]> {
  const all: PersonRow[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: People = await readPage({ ...query, limit: 200, ...(cursor && { cursor }) });
    all.push(...page.items);
    cursor = page.next;
    onSome(all.length);
  }
  return all;
}

async function readPage(query: { readonly limit: number }): Promise<People> {
  for (;;) {
    try {
      return (await call('listPeople', { query })).value;
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.problem.code !== 'admin_too_fast') throw error;
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
}
