import { Link, useNavigate } from '@tanstack/react-router';
import { useList } from '../../data/api.ts';
import type { Answer } from '../../data/problem.ts';
import { buttonClass, Segmented } from '../../parts/button.tsx';
import { OutcomeMark } from '../../parts/marks.tsx';
import { Name, places } from '../../parts/name.tsx';
import { PageHead } from '../../parts/section.tsx';
import { Empty, ErrorNote, Loading } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { Time } from '../../parts/time.tsx';
import { toExact } from '../../parts/time-words.ts';
import { useUrlState } from '../../parts/url-state.ts';
import { requestTexts as texts } from '../../texts/requests.ts';
import { marks } from './marks.ts';

type Request = Answer<'listRequests'>['items'][number];

const columns: readonly Column<Request>[] = [
  {
    title: texts.person,
    stays: true,
    cell: ({ person }) =>
      person.name === null ? <code>{person.id}</code> : <Name to={places.person(person.id)}>{person.name}</Name>,
    text: ({ person }) => person.email ?? person.id,
  },
  {
    title: texts.asksFor,
    stays: true,
    cell: ({ id, server, client }) => <Name to={places.request(id)}>{texts.what(server.name, client.name)}</Name>,
    text: ({ server, client }) => texts.what(server.name, client.name),
  },
  { title: texts.words, cell: ({ words }) => words, text: ({ words }) => words },
  {
    title: texts.asked,
    cell: ({ askedAt }) => <Time ms={askedAt * 1000} />,
    text: ({ askedAt }) => toExact(askedAt * 1000),
  },
  {
    title: texts.state,
    cell: ({ state, now }) => (
      <OutcomeMark outcome={marks[state]}>
        {state === 'open' && now === 'allowed' ? texts.allowedNow : texts.marks[state]}
      </OutcomeMark>
    ),
    text: ({ state }) => texts.marks[state],
  },
];

/** What people ask for whose agents were refused. */
export function Page() {
  const [chosen, choose] = useUrlState('state');
  const state = chosen === 'answered' ? 'answered' : 'waiting';
  const requests = useList('listRequests', { query: { state } });
  const navigate = useNavigate();
  const open = requests.data?.pages[0]?.value.open;
  return (
    <>
      <PageHead says title={open ? texts.waits(open) : texts.nobody} lead={texts.lead}>
        <Segmented
          label={texts.which}
          value={state}
          options={(['waiting', 'answered'] as const).map((value) => ({ value, label: texts.states[value] }))}
          onChange={(next) => choose(next === 'waiting' ? '' : next)}
        />
      </PageHead>
      {requests.error && <ErrorNote error={requests.error} onRetry={() => void requests.refetch()} />}
      {!requests.data && !requests.error && <Loading />}
      {requests.data && requests.items.length === 0 && <Nothing state={state} />}
      {requests.items.length > 0 && (
        <Table
          label={texts.table[state]}
          columns={columns}
          rows={requests.items}
          rowKey={({ id }) => id}
          onOpen={({ id }) => void navigate({ to: places.request(id) })}
          more={requests}
          exportName="requests"
        />
      )}
    </>
  );
}

function Nothing({ state }: { readonly state: 'waiting' | 'answered' }) {
  if (state === 'answered') return <Empty title={texts.noneAnswered} />;
  return (
    <Empty
      title={texts.none}
      action={
        <Link to="/decisions" search={{ outcome: 'refused' }} className={buttonClass()}>
          {texts.toDecisions}
        </Link>
      }
    >
      {texts.noneLead}
    </Empty>
  );
}
