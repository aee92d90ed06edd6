import { useList, useRead, useReadAhead } from '../../data/api.ts';
import { useOpenDraft } from '../../data/open-draft.ts';
import { Segmented } from '../../parts/button.tsx';
import { Check } from '../../parts/field.tsx';
import { useIsNarrow } from '../../parts/narrow.ts';
import { PageHead, Section, Verdict } from '../../parts/section.tsx';
import { Await, Empty } from '../../parts/states.tsx';
import { reachTexts as texts } from '../../texts/reach.ts';
import { CurrentDraft } from '../changes/current-draft.tsx';
import { AskNext } from './ask-next.tsx';
import { ClientServers, clientAsked } from './client-servers.tsx';
import { Graph } from './graph.tsx';
import { toGraph } from './graph-model.ts';
import { PathTable } from './path-table.tsx';
import { isOpen, type Paths } from './path-words.ts';
import { PersonServers, personAsked } from './person-servers.tsx';
import { Question } from './question.tsx';
import style from './reach.module.css';
import { ReviewButton } from './review.tsx';
import { ServerPeople, serverAsked } from './server-people.tsx';
import { Unused } from './unused.tsx';
import { type Question as Asked, useQuestion } from './use-question.ts';
import { useVerdict } from './use-verdict.ts';
import { notesOf } from './verdict.ts';

type Ask = ReturnType<typeof useQuestion>[1];

/** How somebody reaches something: as a question, its answer, the paths as a graph and in words, and who or what else there is. */
export function Page() {
  const [asked, ask] = useQuestion();
  const { draft } = useOpenDraft();
  const isAsked = asked.person !== '' || asked.server !== '' || asked.client !== '';
  const draftId = asked.draft ? draft?.value.id : undefined;
  const paths = useRead('listPaths', { query: toQuery(asked, draftId) }, { enabled: isAsked });
  useBeside(asked);
  const scopes = paths.data?.value.servers.find(({ id }) => id === asked.server)?.scopes ?? [];
  return (
    <>
      <PageHead title={texts.title} lead={texts.lead}>
        {asked.server !== '' && asked.person === '' && <ReviewButton asked={asked} />}
      </PageHead>
      <CurrentDraft />
      <Question asked={asked} ask={ask} scopes={scopes.map(({ name }) => name)} />
      {isAsked ? (
        <Await query={paths} rows={8}>
          {({ value }) => <Answered all={value} asked={asked} ask={ask} hasDraft={draft !== undefined} />}
        </Await>
      ) : (
        <div className="stack">
          <Empty title={texts.nothingAsked}>{texts.nothingAskedLead}</Empty>
          <Unused />
        </div>
      )}
    </>
  );
}

/** What stands below the paths does not wait for them. */
function useBeside(asked: Asked): void {
  const { person, server, client } = asked;
  useList('reachOfPerson', personAsked(asked), person !== '' && server === '');
  useList('listReaching', serverAsked(asked), person === '' && server !== '');
  useList('reachOfClient', clientAsked(asked), person === '' && server === '' && client !== '');
  useReadAhead('reachOfServer', { params: { id: server } }, person === '' && server !== '');
}

function Answered({
  all,
  asked,
  ask,
  hasDraft,
}: {
  readonly all: Paths;
  readonly asked: Asked;
  readonly ask: Ask;
  readonly hasDraft: boolean;
}) {
  const isNarrow = useIsNarrow();
  const verdict = useVerdict(all, asked);
  const hasRefused = all.paths.some((path) => !isOpen(path));
  const shown = all.paths.filter((path) => isOpen(path) || asked.refused);
  const graph = toGraph(all, shown);
  const choose = (at: string) => ask({ at });
  const left = graph.left;
  return (
    <>
      <div className={style.verdict} aria-live="polite">
        <Verdict>{verdict}</Verdict>
      </div>
      {notesOf(all, asked).map((note) => (
        <p key={note} className="prose quiet">
          {note}
        </p>
      ))}
      <div className={style.tools}>
        {!isNarrow && (
          <Segmented
            label={texts.view}
            value={asked.view}
            options={(['graph', 'list'] as const).map((value) => ({ value, label: texts.views[value] }))}
            onChange={(view) => ask({ view: view === 'graph' ? '' : view })}
          />
        )}
        {hasRefused && (
          <Check
            label={texts.withRefused}
            checked={asked.refused}
            onChange={({ target }) => ask({ refused: target.checked ? '' : 'no' })}
          />
        )}
        {hasDraft && (
          <Check
            label={texts.withDraft}
            checked={asked.draft}
            onChange={({ target }) => ask({ draft: target.checked ? '' : 'no' })}
          />
        )}
      </div>
      {!isNarrow && asked.view === 'graph' && graph.nodes.length > 0 && (
        <>
          <Graph graph={graph} label={verdict} at={asked.at} onChoose={choose} />
          {(left > 0 || all.moreServers > 0) && (
            <p className={`remark ${style.notes}`}>
              {[left > 0 && texts.morePaths(left), all.moreServers > 0 && texts.moreServers(all.moreServers)]
                .filter(Boolean)
                .join(' ')}
            </p>
          )}
        </>
      )}
      <div className="columns">
        <div className="stack">
          {shown.length > 0 && <PathTable key={keyOf(asked)} all={all} paths={shown} at={asked.at} onChoose={choose} />}
          {asked.person !== '' && asked.server === '' && <PersonServers asked={asked} ask={ask} />}
          {asked.person === '' && asked.server !== '' && <ServerPeople all={all} asked={asked} ask={ask} />}
          {asked.person === '' && asked.server === '' && <ClientServers asked={asked} ask={ask} />}
        </div>
        <Section title={texts.next}>
          <AskNext all={all} asked={asked} />
        </Section>
      </div>
    </>
  );
}

/** Another question begins anew, and what was unfolded of the last is folded. */
function keyOf({ person, client, server, scope }: Asked): string {
  return JSON.stringify([person, client, server, scope]);
}

function toQuery({ person, client, server, scope }: Asked, draft: string | undefined) {
  return {
    ...(person !== '' && { person }),
    ...(client !== '' && { client }),
    ...(server !== '' && { server }),
    ...(scope !== '' && server !== '' && { scope }),
    ...(draft !== undefined && { draft }),
  };
}
