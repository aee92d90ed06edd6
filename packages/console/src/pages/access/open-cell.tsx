import { useRead } from '../../data/api.ts';
import { Button } from '../../parts/button.tsx';
import { OutcomeMark, RiskMeter } from '../../parts/marks.tsx';
import { Name, places } from '../../parts/name.tsx';
import { Verdict } from '../../parts/section.tsx';
import { Await } from '../../parts/states.tsx';
import { Table, type Column as TableColumn } from '../../parts/table.tsx';
import { accessTexts as texts } from '../../texts/access.ts';
import { conditionWords } from './cell-words.ts';
import style from './matrix.module.css';
import type { OpenedCell } from './model.ts';

type Scope = OpenedCell['scopes'][number];

const columns: readonly TableColumn<Scope>[] = [
  { title: texts.scope, stays: true, cell: ({ name }) => <code>{name}</code>, text: ({ name }) => name },
  { title: texts.riskHead, cell: ({ risk }) => <RiskMeter risk={risk} />, text: ({ risk }) => risk },
  {
    title: texts.now,
    stays: true,
    cell: (scope) => <State scope={scope} />,
    text: ({ state }) => texts.states[state],
  },
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

/** A cell taken apart: what of each scope, which rules, and the whole in a sentence. */
export function OpenCell({
  subject,
  server,
  client,
  clientName,
  onClose,
}: {
  readonly subject: string;
  readonly server: string;
  readonly client: string;
  readonly clientName: (id: string) => string;
  readonly onClose: () => void;
}) {
  const query = useRead('getCell', { query: { subject, server, ...(client !== '' && { client }) } });
  return (
    <Await query={query} rows={4}>
      {({ value: { row, column, scopes, rules } }) => {
        const group = row.kind === 'everyone' ? texts.everyone : row.name;
        return (
          <div className={style.open}>
            <section aria-label={texts.on(group, column.name)}>
              <h2>
                {texts.on(group, column.name)} <span className="remark">{texts.count(row.people)}</span>
              </h2>
              <Table label={texts.on(group, column.name)} columns={columns} rows={scopes} rowKey={({ name }) => name} />
            </section>
            <section aria-label={texts.rulesTitle}>
              <h2>{texts.rulesTitle}</h2>
              {rules.length === 0 && <p className="quiet">{texts.nothingSpeaks}</p>}
              <ul className={style.rules}>
                {rules.map((rule) => (
                  <li key={rule.id}>
                    <code>{rule.id}</code>
                    <p className="remark">
                      {texts.effects[rule.effect]} <code>{rule.scopes.join(' ')}</code>{' '}
                      {texts.toWhom(rule.to.join(', '))};{' '}
                      {conditionWords(rule, clientName, texts).join('; ') || texts.always}
                    </p>
                  </li>
                ))}
              </ul>
            </section>
            <div className={style.verdict}>
              <Verdict>{verdict(row.people, group, column.name, scopes)}</Verdict>
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
      }}
    </Await>
  );
}

function verdict(people: number, group: string, server: string, scopes: readonly Scope[]): string {
  const given = scopes.filter(({ state }) => state === 'allowed' || state === 'conditional').map(({ name }) => name);
  const who = texts.count(people);
  if (given.length === 0) return texts.verdictNone(who, group, server);
  if (given.length === scopes.length) return texts.verdictAll(who, group, server);
  return texts.verdictSome(who, group, given.join(', '), server);
}
