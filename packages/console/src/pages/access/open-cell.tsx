import { useRead } from '../../data/api.ts';
import { Button, Segmented } from '../../parts/button.tsx';
import { OutcomeMark, RiskMeter } from '../../parts/marks.tsx';
import { Name, places } from '../../parts/name.tsx';
import { Verdict } from '../../parts/section.tsx';
import { Await, ErrorNote } from '../../parts/states.tsx';
import { Table, type Column as TableColumn } from '../../parts/table.tsx';
import { accessTexts as texts } from '../../texts/access.ts';
import { conditionWords } from './cell-words.ts';
import style from './matrix.module.css';
import type { OpenedCell } from './model.ts';
import { type Choice, choiceOf } from './own-rules.ts';
import { useCellEdit } from './use-cell-edit.ts';

type Scope = OpenedCell['scopes'][number];

const scopeColumn: TableColumn<Scope> = {
  title: texts.scope,
  stays: true,
  cell: ({ name }) => <code>{name}</code>,
  text: ({ name }) => name,
};
const riskColumn: TableColumn<Scope> = {
  title: texts.riskHead,
  cell: ({ risk }) => <RiskMeter risk={risk} />,
  text: ({ risk }) => risk,
};
const nowColumn: TableColumn<Scope> = {
  title: texts.now,
  stays: true,
  cell: (scope) => <State scope={scope} />,
  text: ({ state }) => texts.states[state],
};
const columns: readonly TableColumn<Scope>[] = [
  scopeColumn,
  riskColumn,
  nowColumn,
  {
    title: texts.by,
    cell: ({ rules }) => (rules.length > 0 ? <code>{rules.join(' ')}</code> : null),
    text: ({ rules }) => rules.join(' '),
  },
];

function State({ scope: { state } }: { readonly scope: Scope }) {
  if (state === 'not_given') return <span className="quiet">{texts.states.not_given}</span>;
  const outcome = state === 'denied' ? 'refused' : state === 'conditional' ? 'narrowed' : 'allowed';
  return <OutcomeMark outcome={outcome}>{texts.states[state]}</OutcomeMark>;
}

const choices = (['allow', 'none', 'refuse'] as const).map((value) => ({ value, label: texts.choices[value] }));

/** A cell taken apart: what of each scope, which rules, and the whole in a sentence; changed into a draft by who may. */
export function OpenCell(asked: {
  readonly subject: string;
  readonly server: string;
  readonly client: string;
  readonly clientName: (id: string) => string;
  readonly onClose: () => void;
}) {
  const { subject, server, client } = asked;
  const query = useRead('getCell', { query: { subject, server, ...(client !== '' && { client }) } });
  return (
    <Await query={query} rows={4}>
      {({ value }) => <Opened opened={value} {...asked} />}
    </Await>
  );
}

function Opened({
  opened: { version, row, column, scopes, rules },
  subject,
  server,
  clientName,
  onClose,
}: {
  readonly opened: OpenedCell;
  readonly subject: string;
  readonly server: string;
  readonly clientName: (id: string) => string;
  readonly onClose: () => void;
}) {
  const group = row.kind === 'everyone' ? texts.everyone : row.name;
  const { may, document, draft, touch } = useCellEdit({ subject, server }, version, texts.draftOf(group, column.name));
  const draftColumn: TableColumn<Scope> = {
    title: texts.inDraft,
    stays: true,
    text: ({ name }) => (document ? texts.choices[choiceOf(document, subject, server, name)] : ''),
    cell: ({ name }) =>
      document && (
        <Segmented<Choice>
          label={texts.choiceOf(name)}
          value={choiceOf(document, subject, server, name)}
          disabled={touch.isPending}
          onChange={(choice) => touch.mutate({ scope: name, choice })}
          options={choices}
        />
      ),
  };
  return (
    <div className={style.open} data-draft={draft ? '' : undefined}>
      <section aria-label={texts.on(group, column.name)}>
        <h2>
          {texts.on(group, column.name)} <span className="remark">{texts.count(row.people)}</span>
        </h2>
        <Table
          label={texts.on(group, column.name)}
          columns={may ? [scopeColumn, riskColumn, { ...nowColumn, stays: false }, draftColumn] : columns}
          rows={scopes}
          rowKey={({ name }) => name}
        />
        {may && <p className="remark">{texts.byOthers}</p>}
      </section>
      <section aria-label={texts.rulesTitle}>
        <h2>{texts.rulesTitle}</h2>
        {rules.length === 0 && <p className="quiet">{texts.nothingSpeaks}</p>}
        <ul className={style.rules}>
          {rules.map((rule) => (
            <li key={rule.id}>
              <code>{rule.id}</code>
              <p className="remark">
                {texts.effects[rule.effect]} <code>{rule.scopes.join(' ')}</code> {texts.toWhom(rule.to.join(', '))};{' '}
                {conditionWords(rule, clientName, texts).join('; ') || texts.always}
              </p>
            </li>
          ))}
        </ul>
      </section>
      <div className={style.verdict}>
        {draft ? (
          <DraftSays id={draft.value.id} isSaving={touch.isPending} />
        ) : (
          <Verdict>{verdict(row.people, group, column.name, scopes)}</Verdict>
        )}
        {touch.error && <ErrorNote error={touch.error} />}
        <p>
          <Name to={places.server(column.id)}>{column.name}</Name>
        </p>
        <div className="row">
          <Button small onClick={onClose}>
            {texts.close}
          </Button>
        </div>
      </div>
    </div>
  );
}

/** What the draft would do, recounted after each touch. */
function DraftSays({ id, isSaving }: { readonly id: string; readonly isSaving: boolean }) {
  const { data } = useRead('diffDraft', { params: { id } });
  const diff = data?.value;
  return (
    <div role="status">
      <Verdict>{isSaving ? texts.saving : (diff?.summary ?? texts.counting)}</Verdict>
      <ul className={style.rules}>
        {diff?.effects.slice(0, 6).map(({ sign, words }) => (
          <li key={sign + words}>{words}</li>
        ))}
      </ul>
    </div>
  );
}

function verdict(people: number, group: string, server: string, scopes: readonly Scope[]): string {
  const given = scopes.filter(({ state }) => state === 'allowed' || state === 'conditional').map(({ name }) => name);
  const who = texts.count(people);
  if (given.length === 0) return texts.verdictNone(who, group, server);
  if (given.length === scopes.length) return texts.verdictAll(who, group, server);
  return texts.verdictSome(who, group, given.join(', '), server);
}
