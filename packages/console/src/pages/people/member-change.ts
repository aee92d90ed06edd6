import { useChange } from '../../data/api.ts';
import { type Answer, toProblem } from '../../data/problem.ts';
import { groupTexts as texts } from '../../texts/people.ts';

type Group = Answer<'getGroup'>;

export interface Change {
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
}

/** Who joins and leaves a group: at once, or, where that gives somebody more and a second person is asked for, as a wish. */
export function useMemberChange(group: Group) {
  const change = useChange('changeMembers', ['getGroup', 'listGroups', 'listPeople', 'getPerson', 'reachOfPerson']);
  const propose = useChange('proposeMembers', ['listChanges']);
  return {
    run: (body: Change) => change.mutateAsync({ params: { ref: group.ref }, body }),
    propose: async (body: Change) => {
      const [joins, leaves] = [body.add?.length ?? 0, body.remove?.length ?? 0];
      const name = texts.askName(joins || leaves, joins > 0 ? 'join' : 'leave', group.name);
      await propose.mutateAsync({ body: { name, kind: group.kind, id: group.id, ...body } });
      // It is asked for: what was refused is no question any more.
      change.reset();
    },
    isBusy: change.isPending || propose.isPending,
    /** Somebody else has to approve what was just tried. */
    needsSecond: change.error !== null && toProblem(change.error).code === 'second_person_needed',
    error: propose.error ?? change.error,
  };
}
