import { useState } from 'react';
import { useChange, type useList } from '../../data/api.ts';
import type { Answer } from '../../data/problem.ts';
import { MayButton } from '../../parts/may.tsx';
import { tell } from '../../parts/notes.tsx';
import { Confirm } from '../../parts/overlay.tsx';
import { Section } from '../../parts/section.tsx';
import { ErrorNote, Loading } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { Time } from '../../parts/time.tsx';
import { personTexts as texts } from '../../texts/people.ts';

type Session = Answer<'listSessions'>['items'][number];

/** Browsers in which the person is signed in; one ends, or all of them. */
export function Sessions({
  id,
  name,
  list,
}: {
  readonly id: string;
  readonly name: string;
  readonly list: ReturnType<typeof useList<'listSessions'>>;
}) {
  const [isAsking, ask] = useState(false);
  const end = useChange('endSession', ['listSessions']);
  const endAll = useChange('endSessionsOfPerson', ['listSessions']);
  const endOne = (session: string) => end.mutate({ params: { id: session } }, { onSuccess: () => tell(texts.ended) });
  const error = end.error ?? endAll.error;
  return (
    <Section
      title={texts.sessions}
      action={
        list.items.length > 1 && (
          <MayButton small permission="write:people" onClick={() => ask(true)}>
            {texts.endAll}
          </MayButton>
        )
      }
    >
      {error !== null && <ErrorNote error={error} />}
      {list.error && <ErrorNote error={list.error} onRetry={() => void list.refetch()} />}
      {!list.data && !list.error && <Loading rows={2} />}
      {list.data && list.items.length === 0 && (
        <p className="quiet">
          {texts.sessionsNone} {texts.sessionsLead}
        </p>
      )}
      {list.items.length > 0 && (
        <Table
          label={texts.sessions}
          columns={columnsFor(endOne)}
          rows={list.items}
          rowKey={({ id: session }) => session}
          more={list}
        />
      )}
      {isAsking && (
        <Confirm
          consequence={texts.endAllTitle(name)}
          action={texts.endAllDo}
          onClose={() => ask(false)}
          onDo={() => {
            ask(false);
            endAll.mutate({ params: { id } });
          }}
        >
          {texts.endAllLead}
        </Confirm>
      )}
    </Section>
  );
}

function columnsFor(end: (id: string) => void): readonly Column<Session>[] {
  return [
    {
      title: texts.since,
      stays: true,
      cell: ({ startedAt }) => (startedAt === null ? '–' : <Time ms={startedAt * 1000} />),
      text: () => '',
    },
    {
      title: texts.until,
      cell: ({ expiresAt }) => (expiresAt === null ? '–' : <Time ms={expiresAt * 1000} />),
      text: () => '',
    },
    { title: texts.how, cell: ({ amr }) => <code>{amr.join(' ')}</code>, text: () => '' },
    { title: texts.through, cell: ({ clients }) => <code>{clients.join(' ')}</code>, text: () => '' },
    {
      title: texts.end,
      stays: true,
      number: true,
      cell: ({ id }) => (
        <MayButton small permission="write:people" onClick={() => end(id)}>
          {texts.end}
        </MayButton>
      ),
      text: () => '',
    },
  ];
}
