import { useNavigate } from '@tanstack/react-router';
import { useList } from '../../data/api.ts';
import type { Answer } from '../../data/problem.ts';
import { Name, places } from '../../parts/name.tsx';
import { Empty, ErrorNote, Loading } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { Time } from '../../parts/time.tsx';
import { toNumber } from '../../parts/time-words.ts';
import { peopleTexts as texts } from '../../texts/people.ts';
import { toSource } from './people-list.tsx';

type Group = Answer<'getGroup'>;

const columns: readonly Column<Group>[] = [
  {
    title: texts.name,
    stays: true,
    cell: ({ ref, name }) => <Name to={places.group(ref)}>{name}</Name>,
    text: ({ name }) => name,
  },
  { title: texts.id, cell: ({ id }) => <code>{id}</code>, text: ({ id }) => id },
  { title: texts.source, cell: ({ source }) => toSource(source), text: ({ source }) => source },
  {
    title: texts.changed,
    cell: ({ modifiedMs }) => <Time ms={modifiedMs} />,
    text: ({ modifiedMs }) => new Date(modifiedMs).toISOString(),
  },
  {
    title: texts.members,
    stays: true,
    number: true,
    cell: ({ people }) => toNumber(people),
    text: ({ people }) => String(people),
  },
];

/** Groups or roles of every source, by id. */
export function GroupList({ kind, q }: { readonly kind: 'group' | 'role'; readonly q: string }) {
  const groups = useList('listGroups', { query: { kind, limit: 100, ...(q !== '' && { q }) } });
  const navigate = useNavigate();
  const tab = kind === 'group' ? 'groups' : 'roles';
  if (groups.error) return <ErrorNote error={groups.error} onRetry={() => void groups.refetch()} />;
  if (!groups.data) return <Loading rows={12} />;
  if (groups.items.length === 0) {
    return <Empty title={q === '' ? texts.empty[tab] : texts.none[tab]}>{q === '' ? undefined : texts.noneLead}</Empty>;
  }
  return (
    <Table
      label={texts.tabs[tab]}
      columns={columns}
      rows={groups.items}
      rowKey={({ ref }) => ref}
      onOpen={({ ref }) => void navigate({ to: places.group(ref) })}
      more={groups}
      exportName={tab}
    />
  );
}
