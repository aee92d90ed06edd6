import { useDebouncedValue } from '@mantine/hooks';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useList } from '../../data/api.ts';
import { useMe } from '../../data/me.ts';
import type { Answer } from '../../data/problem.ts';
import { Button } from '../../parts/button.tsx';
import { Find } from '../../parts/field.tsx';
import { places } from '../../parts/name.tsx';
import { tell } from '../../parts/notes.tsx';
import { Empty, ErrorNote, Loading } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { peopleTexts, groupTexts as texts } from '../../texts/people.ts';
import type { PersonRow } from './every-page.ts';
import { type Change, useMemberChange } from './member-change.ts';
import { personColumns } from './people-list.tsx';

const shown = new Set<string>([peopleTexts.name, peopleTexts.email, peopleTexts.standing]);

/** Who is in a group, by address; of a local one, people can be taken out. */
export function Members({ group }: { readonly group: Answer<'getGroup'> }) {
  const [q, setQ] = useState('');
  const [later] = useDebouncedValue(q.trim(), 200);
  const within = group.kind === 'group' ? { group: group.id } : { role: group.id };
  const people = useList('listPeople', { query: { limit: 100, ...within, ...(later !== '' && { q: later }) } });
  const may = useMe().permissions.includes('write:groups') && group.source === 'local';
  const navigate = useNavigate();
  const change = useMemberChange(group);
  /** What was tried last, which may need a second person: to take somebody out, or to put them back. */
  const [tried, setTried] = useState<Change>();
  const run = (body: Change) => {
    setTried(body);
    return change.run(body);
  };
  const remove = ({ id, name }: PersonRow) => {
    run({ remove: [id] })
      .then(() => tell(texts.removed(name, group.name), () => run({ add: [id] })))
      .catch(() => undefined);
  };
  const columns = personColumns.filter(({ title }) => shown.has(title));
  if (people.error) return <ErrorNote error={people.error} onRetry={() => void people.refetch()} />;
  if (!people.data) return <Loading rows={6} />;
  return (
    <>
      {change.error !== null && <ErrorNote error={change.error} />}
      {change.needsSecond && tried !== undefined && (
        <div className="row">
          <Button
            onClick={() =>
              void change
                .propose(tried)
                .then(() => tell(texts.asked))
                .catch(() => undefined)
            }
          >
            {texts.ask}
          </Button>
        </div>
      )}
      {(later !== '' || people.hasNextPage) && (
        <div className="row">
          <Find
            label={peopleTexts.find.people}
            value={q}
            maxLength={100}
            onChange={(event) => setQ(event.target.value)}
          />
        </div>
      )}
      {people.items.length === 0 ? (
        later === '' ? (
          <Empty title={texts.nobody[group.kind]}>{texts.nobodyLead}</Empty>
        ) : (
          <Empty title={peopleTexts.none.people} />
        )
      ) : (
        <Table
          label={texts.members[group.kind]}
          columns={may ? [...columns, removal(remove, change.isBusy)] : columns}
          rows={people.items}
          rowKey={({ id }) => id}
          onOpen={({ id }) => void navigate({ to: places.person(id) })}
          more={people}
          exportName="members"
        />
      )}
    </>
  );
}

function removal(remove: (person: PersonRow) => void, isBusy: boolean): Column<PersonRow> {
  return {
    title: texts.remove,
    number: true,
    cell: (person) => (
      <Button small disabled={isBusy} onClick={() => remove(person)}>
        {texts.remove}
      </Button>
    ),
    text: () => '',
  };
}
