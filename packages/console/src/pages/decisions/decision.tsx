import { Link, useSearch } from '@tanstack/react-router';
import { useRead, useReadAhead } from '../../data/api.ts';
import { useMe } from '../../data/me.ts';
import { usePeopleNames, useThings } from '../../data/names.ts';
import type { Answer } from '../../data/problem.ts';
import { buttonClass } from '../../parts/button.tsx';
import { Shape } from '../../parts/marks.tsx';
import { places } from '../../parts/name.tsx';
import { useNamed } from '../../parts/named.ts';
import { tell } from '../../parts/notes.tsx';
import { Await } from '../../parts/states.tsx';
import { useNowMs } from '../../parts/time.tsx';
import { toExact, toRelative } from '../../parts/time-words.ts';
import { useTitle } from '../../shell/shell.tsx';
import { storyTexts as texts } from '../../texts/decisions.ts';
import { partTexts } from '../../texts/parts.ts';
import { Asked, Changes, Decided } from './asked.tsx';
import { Chain } from './chain.tsx';
import style from './decision.module.css';
import { readFilters } from './filter-query.ts';
import { type Line, outcomeOf, personOf, short, toLine } from './line.ts';
import { useNeighbours } from './neighbours.ts';
import { Prove } from './prove.tsx';
import { StorySection } from './story-section.tsx';
import { toText, verdictOf } from './verdict.ts';
import { WayOut } from './way-out.tsx';
import { Why } from './why.tsx';
import { toAsked } from './why-rows.ts';

/** One line of the record as a story. */
export function Page() {
  const id = useNamed('id');
  const { permissions } = useMe();
  const explained = useRead('explainRecord', { params: { id } });
  useReadAhead('traceRecord', { params: { id } });
  useReadAhead('getOverview', {});
  useReadAhead('listNames', {}, permissions.includes('read:policy'));
  return (
    <Await query={explained} rows={8}>
      {({ value }) => <Story key={value.record.id} explained={value} />}
    </Await>
  );
}

function Story({ explained }: { readonly explained: Answer<'explainRecord'> }) {
  const { organisation } = useMe();
  const line = toLine(explained.record);
  const trace = useRead('traceRecord', { params: { id: line.id } });
  const idp = useRead('getOverview', {}).data?.value.urls.idp ?? '';
  const personId = personOf(line, idp);
  const names = usePeopleNames([personId, line.by]);
  const things = useThings();
  const called = calledOf(line, explained, { personId, names, things });
  const parts = verdictOf(line, called);
  useTitle(toText(parts));
  const outcome = outcomeOf(line, () => explained.reason?.wire === 'insufficient_user_authentication');
  return (
    <>
      <header className={style.head}>
        <Shape outcome={outcome} />
        <div>
          <h1>{parts.map((part) => (typeof part === 'string' ? part : <b key={part.strong}>{part.strong}</b>))}</h1>
          <Lead line={line} reason={explained.reason} />
        </div>
        <Neighbours line={line} />
      </header>
      <Asked
        line={line}
        person={called.person}
        personId={personId}
        byName={line.by && (names(line.by) ?? line.by)}
        things={things}
      />
      <Decided line={line} explained={explained} />
      {explained.decided && (
        <Why decided={explained.decided} asked={toAsked(line, explained.names, called)} server={called.server ?? ''} />
      )}
      {outcome !== 'allowed' && outcome !== 'look' && (
        <WayOut explained={explained} line={line} person={called.person ?? ''} />
      )}
      {(line.before || line.after) && <Changes line={line} />}
      <Await query={trace} rows={2}>
        {({ value }) => <Chain trace={value} organisation={organisation} />}
      </Await>
      <Prove id={line.id} />
      <StorySection title={texts.line}>
        <details>
          <summary>{line.id}</summary>
          <pre className={style.raw}>{JSON.stringify(line, undefined, 2)}</pre>
        </details>
      </StorySection>
    </>
  );
}

function calledOf(
  line: Line,
  { names }: Answer<'explainRecord'>,
  known: {
    readonly personId: string | undefined;
    readonly names: (id: string) => string | undefined;
    readonly things: ReturnType<typeof useThings>;
  },
) {
  const { personId, things } = known;
  const person =
    names.person?.name ?? (personId === undefined ? undefined : (known.names(personId) ?? short(personId)));
  return {
    person: line.erased ? texts.erased : person,
    client: names.client?.name ?? (line.client && (things.clientNames.get(line.client) ?? line.client)),
    server: names.server?.name ?? (line.server && (things.serverNames.get(line.server) ?? line.server)),
  };
}

function Lead({ line, reason }: { readonly line: Line; readonly reason: Answer<'explainRecord'>['reason'] }) {
  const now = useNowMs();
  const copy = () => void navigator.clipboard.writeText(location.href).then(() => tell(partTexts.copied));
  const hint = reason ? `${reason.hint.charAt(0).toUpperCase()}${reason.hint.slice(1)}. ` : '';
  return (
    <p className={style.lead}>
      {hint}
      {toExact(line.timeMs)}, {toRelative(line.timeMs, now)}. <code>{line.id}</code>{' '}
      <button type="button" className={style.copy} onClick={copy}>
        {texts.copyLink}
      </button>
    </p>
  );
}

/** To the lines before and behind it, as they are filtered. */
function Neighbours({ line }: { readonly line: Line }) {
  const search: Readonly<Record<string, unknown>> = useSearch({ strict: false });
  const { older, newer } = useNeighbours(line, readFilters(search));
  const link = (id: string | undefined, words: string, key: string) =>
    id !== undefined && (
      <Link to={places.decision(id)} search={(before: object) => before} className={buttonClass('plain', true)}>
        {words} <kbd>{key}</kbd>
      </Link>
    );
  return (
    <nav className="row" aria-label={texts.neighbours}>
      {link(older, texts.older, '[')}
      {link(newer, texts.newer, ']')}
    </nav>
  );
}
