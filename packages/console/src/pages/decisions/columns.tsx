import type { useReasons, useThings } from '../../data/names.ts';
import { OutcomeMark } from '../../parts/marks.tsx';
import { Name, places } from '../../parts/name.tsx';
import type { Column } from '../../parts/table.tsx';
import { toDayOrTime, toExact } from '../../parts/time-words.ts';
import { decisionsTexts, kindWords } from '../../texts/decisions.ts';
import { outcomeWords } from '../../texts/parts.ts';
import style from './decisions.module.css';
import { isQuestion, type Line, outcomeOf, personOf, short, whyOf, withheldOf } from './line.ts';

const { columns: titles, done } = decisionsTexts;

/** What ids and reasons are called. */
export interface Words {
  readonly idp: string;
  readonly people: (id: string) => string | undefined;
  readonly things: Pick<ReturnType<typeof useThings>, 'clientNames' | 'serverNames'>;
  readonly reasons: ReturnType<typeof useReasons>;
}

/** The columns of a list of lines. Names lead to what they name. */
export function columnsOf({ idp, people, things, reasons }: Words): readonly Column<Line>[] {
  const needsSignIn = (reason: string) => reasons.get(reason)?.wire === 'insufficient_user_authentication';
  const personText = (line: Line) => {
    const id = personOf(line, idp);
    return id === undefined ? '' : (people(id) ?? id);
  };
  const why = (line: Line) => whyOf(line, (reason) => reasons.get(reason)?.hint);
  return [
    {
      title: titles.time,
      stays: false,
      cell: ({ timeMs }) => <LineTime ms={timeMs} />,
      text: ({ timeMs }) => new Date(timeMs).toISOString(),
    },
    {
      title: titles.decision,
      stays: true,
      cell: (line) => <LineMark line={line} needsSignIn={needsSignIn} />,
      text: (line) => `${kindWords[line.kind] ?? line.kind}: ${outcomeWords[outcomeOf(line, needsSignIn)]}`,
    },
    {
      title: titles.person,
      stays: true,
      cell: (line) => {
        const id = personOf(line, idp);
        const name = id === undefined ? undefined : people(id);
        if (id === undefined) return null;
        return name === undefined ? <code title={id}>{short(id)}</code> : <Name to={places.person(id)}>{name}</Name>;
      },
      text: personText,
    },
    {
      title: titles.client,
      cell: ({ client }) =>
        client === undefined ? null : (
          <One title={client}>
            <Name to={places.client(client)}>{things.clientNames.get(client) ?? client}</Name>
          </One>
        ),
      text: ({ client }) => client ?? '',
    },
    {
      title: titles.server,
      cell: ({ server, resource, audience }) =>
        server === undefined ? (
          <One>{resource ?? audience ?? ''}</One>
        ) : (
          <One title={server}>
            <Name to={places.server(server)}>{things.serverNames.get(server) ?? server}</Name>
          </One>
        ),
      text: ({ server, resource, audience }) => server ?? resource ?? audience ?? '',
    },
    {
      title: titles.scopes,
      cell: (line) => <Scopes line={line} />,
      text: (line) => [...(line.scopesGranted ?? []), ...withheldOf(line).map((each) => `-${each}`)].join(' '),
    },
    { title: titles.why, cell: (line) => <One className="quiet">{why(line)}</One>, text: why },
  ];
}

/** The time of day; of another day, the day. The whole of it is in reach. */
export function LineTime({ ms }: { readonly ms: number }) {
  return (
    <time dateTime={new Date(ms).toISOString()} title={toExact(ms)} className="quiet nowrap">
      {toDayOrTime(ms, Date.now())}
    </time>
  );
}

export function LineMark({
  line,
  needsSignIn,
}: {
  readonly line: Line;
  readonly needsSignIn?: (reason: string) => boolean;
}) {
  const outcome = outcomeOf(line, needsSignIn);
  const word = outcome === 'allowed' && !isQuestion(line) ? done : undefined;
  const kind = line.kind === 'issuance' || line.kind === 'decision' ? undefined : kindWords[line.kind];
  return (
    <Name to={places.decision(line.id)}>
      <OutcomeMark outcome={outcome}>{word}</OutcomeMark>
      {kind !== undefined && <span className={`remark ${style.kind}`}>{kind}</span>}
    </Name>
  );
}

/** What was given, and what was not, struck through. */
export function Scopes({ line }: { readonly line: Line }) {
  const withheld = withheldOf(line);
  return (
    <span className={style.scopes}>
      {line.outcome === 'allowed' && line.scopesGranted?.map((scope) => <code key={scope}>{scope}</code>)}
      {withheld.map((scope) => (
        <del key={scope}>
          <code>{scope}</code>
        </del>
      ))}
      {line.tool !== undefined && <code>{line.tool}</code>}
    </span>
  );
}

/** On one line, as much of it as there is room for; the whole of it in reach. */
function One({
  title,
  className = '',
  children,
}: {
  readonly title?: string;
  readonly className?: string;
  readonly children: React.ReactNode;
}) {
  const whole = title ?? (typeof children === 'string' ? children : undefined);
  return (
    <span className={`${style.one} ${className}`} title={whole}>
      {children}
    </span>
  );
}
