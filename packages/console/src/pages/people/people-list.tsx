import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useList } from '../../data/api.ts';
import { Button } from '../../parts/button.tsx';
import { saveFile, toCsv } from '../../parts/csv.ts';
import { OutcomeMark } from '../../parts/marks.tsx';
import { Name, places } from '../../parts/name.tsx';
import { Empty, ErrorNote, Loading } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { peopleTexts as texts } from '../../texts/people.ts';
import { everyPerson, type PersonRow } from './every-page.ts';
import style from './people.module.css';

export const personColumns: readonly Column<PersonRow>[] = [
  {
    title: texts.name,
    stays: true,
    cell: ({ id, name }) => <Name to={places.person(id)}>{name}</Name>,
    text: ({ name }) => name,
  },
  { title: texts.email, stays: true, cell: ({ email }) => email, text: ({ email }) => email },
  { title: texts.groups, cell: ({ groups }) => groups.join(', '), text: ({ groups }) => groups.join(' ') },
  { title: texts.roles, cell: ({ roles }) => roles.join(', '), text: ({ roles }) => roles.join(' ') },
  { title: texts.source, cell: ({ source }) => toSource(source), text: ({ source }) => source },
  {
    title: texts.standing,
    cell: ({ active }) => (active ? texts.on : <OutcomeMark outcome="stopped">{texts.off}</OutcomeMark>),
    text: ({ active }) => (active ? texts.on : texts.off),
  },
];

/** People who are like that, by address. */
export function PeopleList({ q, active }: { readonly q: string; readonly active: 'all' | 'true' | 'false' }) {
  const filter = { ...(q !== '' && { q }), ...(active !== 'all' && { active }) };
  const people = useList('listPeople', { query: { limit: 100, ...filter } });
  const navigate = useNavigate();
  if (people.error) return <ErrorNote error={people.error} onRetry={() => void people.refetch()} />;
  if (!people.data) return <Loading rows={12} />;
  if (people.items.length === 0) {
    const isFiltered = q !== '' || active !== 'all';
    return (
      <Empty title={isFiltered ? texts.none.people : texts.empty.people}>
        {isFiltered ? texts.noneLead : texts.emptyLead}
      </Empty>
    );
  }
  return (
    <>
      <Table
        label={texts.tabs.people}
        columns={personColumns}
        rows={people.items}
        rowKey={({ id }) => id}
        onOpen={({ id }) => void navigate({ to: places.person(id) })}
        more={people}
      />
      <ExportAll filter={filter} />
    </>
  );
}

/** What is listed is a page; an export is everybody who is like that. */
function ExportAll({ filter }: { readonly filter: Parameters<typeof everyPerson>[0] }) {
  const [count, setCount] = useState<number>();
  const [error, setError] = useState<unknown>();
  const save = async () => {
    setError(undefined);
    setCount(0);
    try {
      const rows = await everyPerson(filter, setCount);
      const cells = rows.map((row) => personColumns.map(({ text }) => text(row)));
      saveFile(
        'people.csv',
        'text/csv;charset=utf-8',
        toCsv(
          personColumns.map(({ title }) => title),
          cells,
        ),
      );
    } catch (thrown) {
      setError(thrown);
    }
    setCount(undefined);
  };
  return (
    <>
      <div className={`row ${style.under}`}>
        <Button small disabled={count !== undefined} onClick={() => void save()}>
          {texts.exportAll}
        </Button>
        <span className="remark" role="status">
          {count !== undefined && texts.exporting(count)}
        </span>
      </div>
      {error !== undefined && <ErrorNote error={error} onRetry={() => void save()} />}
    </>
  );
}

/** `okta (SCIM)` of `scim:okta`. */
export function toSource(source: string): string {
  const [kind, ...name] = source.split(':');
  if (source === 'local') return texts.local;
  return name.length === 0 ? source : `${name.join(':')} (${kind === 'scim' ? 'SCIM' : kind})`;
}
