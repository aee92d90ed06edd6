import { useRead } from '../../data/api.ts';
import { useMe } from '../../data/me.ts';
import type { Answer } from '../../data/problem.ts';
import { PersonName } from '../../parts/person-name.tsx';
import { groupTexts as texts } from '../../texts/people.ts';
import { roleNames } from '../../texts/shell.ts';
import { GroupName } from './group-name.tsx';

/**
 * What a change of people would do, from the change itself: who asks for it chooses its name, so the name says nothing to
 * whoever approves.
 */
export function Asked({
  change: { members, administrator },
}: {
  readonly change: Pick<Answer<'listChanges'>['items'][number], 'members' | 'administrator'>;
}) {
  const given = administrator && (roleNames[administrator.role] ?? administrator.role);
  return (
    <>
      {administrator && (
        <p>
          <Everybody ids={[administrator.person]} /> {texts.administersAs} <b>{given}</b>
        </p>
      )}
      {members && members.add.length > 0 && (
        <p>
          {texts.joins} <GroupName kind={members.kind} id={members.id} /> <code>{members.id}</code>:{' '}
          <Everybody ids={members.add} />
        </p>
      )}
      {members && members.remove.length > 0 && (
        <p>
          {texts.leaves} <GroupName kind={members.kind} id={members.id} /> <code>{members.id}</code>:{' '}
          <Everybody ids={members.remove} />
        </p>
      )}
    </>
  );
}

function Everybody({ ids }: { readonly ids: readonly string[] }) {
  return ids.map((id, at) => (
    <span key={id}>
      {at > 0 && ', '}
      <PersonName id={id} /> <Address id={id} />
    </span>
  ));
}

/** Two people can have one name. */
function Address({ id }: { readonly id: string }) {
  const enabled = useMe().permissions.includes('read:people');
  const { data } = useRead('getPerson', { params: { id } }, { enabled });
  return <span className="remark">{data?.value.email}</span>;
}
