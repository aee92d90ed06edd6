import type { useList } from '../../data/api.ts';
import type { Answer } from '../../data/problem.ts';
import { type Outcome, Shape } from '../../parts/marks.tsx';
import { Name, places } from '../../parts/name.tsx';
import { Empty, ErrorNote, Loading } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { groupTexts, personTexts as texts } from '../../texts/people.ts';
import { GroupName } from './group-name.tsx';
import style from './people.module.css';

type OfPerson = Answer<'reachOfPerson'>['items'][number];
type OfGroup = Answer<'getStandingOfGroup'>['items'][number];
type State = OfPerson['scopes'][number]['state'];

const shapes: Readonly<Record<State, Outcome>> = {
  allowed: 'allowed',
  conditional: 'narrowed',
  denied: 'refused',
  withheld: 'unknown',
};

/** What somebody reaches, and what rules refuse them, server by server. */
export function PersonReach({ list }: { readonly list: ReturnType<typeof useList<'reachOfPerson'>> }) {
  if (list.error) return <ErrorNote error={list.error} onRetry={() => void list.refetch()} />;
  if (!list.data) return <Loading rows={4} />;
  const isOff = list.data.pages[0]?.value.active === false;
  if (isOff) return <Empty title={texts.reachOff}>{texts.reachOffLead}</Empty>;
  if (list.items.length === 0) return <Empty title={texts.reachNone}>{texts.reachNoneLead}</Empty>;
  return (
    <Table
      label={texts.reach}
      columns={[
        serverColumn(({ server }: OfPerson) => server),
        scopesColumn(({ scopes }: OfPerson) => scopes),
        because,
      ]}
      rows={list.items}
      rowKey={({ server }) => server.id}
      more={list}
      exportName="reach"
    />
  );
}

/** What rules give a group, or refuse it. Of a group there is no because: it is that group, or everybody. */
export function GroupReach({ list }: { readonly list: ReturnType<typeof useList<'getStandingOfGroup'>> }) {
  if (list.error) return <ErrorNote error={list.error} onRetry={() => void list.refetch()} />;
  if (!list.data) return <Loading rows={4} />;
  if (list.items.length === 0) return <Empty title={groupTexts.givenNone} />;
  return (
    <Table
      label={texts.reach}
      columns={[
        serverColumn(({ server: id, name, enabled }: OfGroup) => ({ id, name, enabled })),
        scopesColumn(({ scopes }: OfGroup) => scopes),
      ]}
      rows={list.items}
      rowKey={({ server }) => server}
      more={list}
      exportName="reach"
    />
  );
}

function serverColumn<R>(serverOf: (row: R) => { id: string; name: string; enabled: boolean }): Column<R> {
  return {
    title: texts.server,
    stays: true,
    width: '32%',
    cell: (row) => {
      const { id, name, enabled } = serverOf(row);
      return (
        <>
          <Name to={places.server(id)}>{name}</Name>
          {!enabled && <span className="remark"> {texts.serverOff}</span>}
        </>
      );
    },
    text: (row) => serverOf(row).id,
  };
}

function scopesColumn<R>(scopesOf: (row: R) => readonly { name: string; state: State }[]): Column<R> {
  return {
    title: texts.scopes,
    stays: true,
    cell: (row) => (
      <ul className={style.scopes}>
        {scopesOf(row).map(({ name, state }) => (
          <li key={name}>
            <Shape outcome={shapes[state]} />
            <code>{name}</code>
            <span className={state === 'allowed' ? 'only-read-aloud' : 'remark'}>
              {texts.states[state].toLowerCase()}
            </span>
          </li>
        ))}
      </ul>
    ),
    text: (row) =>
      scopesOf(row)
        .map(({ name, state }) => `${name} (${texts.states[state].toLowerCase()})`)
        .join(' '),
  };
}

const because: Column<OfPerson> = {
  title: texts.because,
  cell: ({ by }) => (
    <ul className={style.scopes}>
      {by.map((subject) => (
        <li key={subject}>
          <Subject subject={subject} />
        </li>
      ))}
    </ul>
  ),
  text: ({ by }) => by.join(' '),
};

function Subject({ subject }: { readonly subject: string }) {
  if (subject === 'everyone') return texts.everyone;
  const at = subject.indexOf(':');
  const [kind, id] = [subject.slice(0, at), subject.slice(at + 1)];
  return kind === 'group' || kind === 'role' ? <GroupName kind={kind} id={id} /> : texts.themselves;
}
