import type { useList } from '../../data/api.ts';
import type { Answer } from '../../data/problem.ts';
import { type Outcome, Shape } from '../../parts/marks.tsx';
import { Name, places } from '../../parts/name.tsx';
import { Empty, ErrorNote, Loading } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { personTexts as texts } from '../../texts/people.ts';
import { GroupName } from './group-name.tsx';
import style from './people.module.css';

type Reached = Answer<'getStanding'>['items'][number];
type State = Reached['scopes'][number]['state'];

const shapes: Readonly<Record<State, Outcome>> = { allowed: 'allowed', conditional: 'narrowed', denied: 'refused' };

const server: Column<Reached> = {
  title: texts.server,
  stays: true,
  width: '32%',
  cell: ({ server: id, name, enabled }) => (
    <>
      <Name to={places.server(id)}>{name}</Name>
      {!enabled && <span className="remark"> {texts.serverOff}</span>}
    </>
  ),
  text: ({ server: id }) => id,
};

const scopes: Column<Reached> = {
  title: texts.scopes,
  stays: true,
  cell: ({ scopes: all }) => (
    <ul className={style.scopes}>
      {all.map(({ name, state }) => (
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
  text: ({ scopes: all }) => all.map(({ name, state }) => `${name} (${texts.states[state].toLowerCase()})`).join(' '),
};

const because: Column<Reached> = {
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

/** What somebody is given or refused, server by server. Of a group there is no because: it is that group, or everybody. */
export function Reach({
  list,
  of,
  none,
  noneLead,
}: {
  readonly list: ReturnType<typeof useList<'getStanding'>> | ReturnType<typeof useList<'getStandingOfGroup'>>;
  readonly of: 'person' | 'group';
  readonly none: string;
  readonly noneLead?: string;
}) {
  if (list.error) return <ErrorNote error={list.error} onRetry={() => void list.refetch()} />;
  if (!list.data) return <Loading rows={4} />;
  if (list.items.length === 0) return <Empty title={none}>{noneLead}</Empty>;
  return (
    <Table
      label={texts.reach}
      columns={of === 'person' ? [server, scopes, because] : [server, scopes]}
      rows={list.items}
      rowKey={({ server: id }) => id}
      more={list}
      exportName="reach"
    />
  );
}

function Subject({ subject }: { readonly subject: string }) {
  if (subject === 'everyone') return texts.everyone;
  const at = subject.indexOf(':');
  const [kind, id] = [subject.slice(0, at), subject.slice(at + 1)];
  return kind === 'group' || kind === 'role' ? <GroupName kind={kind} id={id} /> : texts.themselves;
}
