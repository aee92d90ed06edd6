import type { Answer } from '../../data/problem.ts';
import type { Outcome } from '../../parts/marks.tsx';
import { places } from '../../parts/name.tsx';
import { overviewTexts as texts } from '../../texts/overview.ts';

/** One thing that needs a person. */
export interface Waiting {
  readonly key: string;
  readonly words: string;
  readonly remark?: string;
  readonly to?: string;
  readonly mark: Outcome;
}

const placesOf: Readonly<Record<string, string>> = {
  first_server: '/servers',
  first_rule: '/access',
  stops: '/settings',
  one_owner: '/settings',
};

/** Approvals first, then what the installation lacks. */
export function waitingOf(
  drafts: Answer<'listDrafts'>['items'],
  changes: Answer<'listChanges'>['items'],
  toDo: Answer<'getFigures'>['toDo'],
  requests = 0,
): readonly Waiting[] {
  return [
    ...drafts.map(({ id, name }) => ({
      key: id,
      words: texts.approve(name),
      remark: texts.approveRemark,
      to: places.draft(id),
      mark: 'draft' as const,
    })),
    ...changes.map(({ id, name, widens }) => ({
      key: id,
      words: texts.approve(name),
      remark: widens[0] ?? texts.approvePeople,
      to: '/changes',
      mark: 'waiting' as const,
    })),
    ...(requests > 0
      ? [{ key: 'requests', words: texts.requests(requests), to: '/requests', mark: 'waiting' as const }]
      : []),
    ...toDo.map(({ what, words }) => ({
      key: what,
      words,
      ...(placesOf[what] !== undefined && { to: placesOf[what] }),
      mark: what === 'stops' ? ('stopped' as const) : ('look' as const),
    })),
  ];
}
