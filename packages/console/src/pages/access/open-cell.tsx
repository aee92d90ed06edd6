import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { useRead } from '../../data/api.ts';
import { openDraftId, useOpenDraft } from '../../data/open-draft.ts';
import { Button } from '../../parts/button.tsx';
import { Choice as ChoiceOf } from '../../parts/field.tsx';
import { Name, places } from '../../parts/name.tsx';
import { Verdict } from '../../parts/section.tsx';
import { Await, ErrorNote } from '../../parts/states.tsx';
import { accessTexts as texts } from '../../texts/access.ts';
import style from './cell.module.css';
import { CellConditions } from './cell-conditions.tsx';
import { type CellOfRules, type Document, ownRuleIds, type ScopeSays, saysOf } from './cell-rules.ts';
import { CellScopes } from './cell-scopes.tsx';
import { changed, toTarget } from './cell-target.ts';
import { conditionWords } from './cell-words.ts';
import { compact } from './conditions.ts';
import { DraftSays } from './draft-says.tsx';
import type { OpenedCell } from './model.ts';
import { useCellEdit } from './use-cell-edit.ts';

interface Asked {
  readonly subject: string;
  readonly server: string;
  readonly client: string;
  readonly clientName: (id: string) => string;
  /** Opened by a key: the focus goes along. */
  readonly takesFocus: boolean;
  readonly onClose: () => void;
}

/** A cell taken apart: what of each scope, which rules, and the whole in a sentence; changed into a draft by who may. */
export function OpenCell(asked: Asked) {
  const { subject, server, client } = asked;
  const { draft } = useOpenDraft();
  const query = { subject, server, ...(client !== '' && { client }) };
  const inForce = useRead('getCell', { query });
  const drafted = useRead('getCell', { query: { ...query, draft: openDraftId() } }, { enabled: draft !== undefined });
  // A server that is new in the draft is not in force: then there is nothing now but what the draft says.
  const isNew = draft !== undefined && inForce.error !== null;
  return (
    <Await query={isNew ? drafted : inForce} rows={4}>
      {({ value }) => (
        <Opened opened={isNew ? asNothing(value) : value} drafted={draft && drafted.data?.value} {...asked} />
      )}
    </Await>
  );
}

function asNothing(opened: OpenedCell): OpenedCell {
  return { ...opened, scopes: opened.scopes.map((scope) => ({ ...scope, state: 'not_given' as const, rules: [] })) };
}

function Opened({
  opened: { version, row, column, scopes, clients, rules },
  drafted,
  subject,
  server,
  client,
  clientName,
  takesFocus,
  onClose,
}: Asked & { readonly opened: OpenedCell; readonly drafted: OpenedCell | undefined }) {
  const group = row.kind === 'everyone' ? texts.everyone : row.name;
  const cell: CellOfRules = { subject, server, scopes };
  const edit = useCellEdit(cell, version, texts.draftOf(group, column.name));
  const { may, document, draft } = edit;
  const inForce = useRead(
    'getVersion',
    { params: { kind: 'access', version } },
    { enabled: may && draft !== undefined },
  );
  const before = draft ? inForce.data?.value.document : document;
  const says = may && document ? saysOf(document, cell) : undefined;
  const title = texts.on(group, column.name);
  const own = says && document ? ownRuleIds(document, cell) : new Set<string>();
  const others = (drafted?.rules ?? rules).filter(({ id }) => !own.has(id));

  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (takesFocus) box.current?.querySelector<HTMLElement>('tr[data-scope]')?.focus();
  }, [takesFocus]);

  function onKeyDown(event: KeyboardEvent): void {
    const keeps = event.key === 'Enter' && (event.ctrlKey || event.metaKey);
    if (!keeps && event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    onClose();
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys of all that is in it, each of which is reached by itself
    <div ref={box} className={style.open} data-draft={draft ? '' : undefined} onKeyDown={onKeyDown}>
      <section aria-label={title}>
        <h2>
          {title} <span className="remark">{texts.count(row.people)}</span>
        </h2>
        <CellScopes
          label={title}
          scopes={scopes}
          says={says}
          inForce={before && saysOf(before, cell)}
          onChoose={(name, choice) => says && edit.touch(changed(says, [name], (from) => ({ ...from, choice })))}
        />
        {may && <p className="remark">{texts.byOthers}</p>}
      </section>
      <section aria-label={texts.conditionsTitle}>
        {says && document && (
          <ConditionsOf key={`${subject} ${server}`} says={says} document={document} clients={clients} edit={edit} />
        )}
        <h2>{texts.rulesTitle}</h2>
        {others.length === 0 && <p className="quiet">{own.size > 0 ? texts.noOthers : texts.nothingSpeaks}</p>}
        <ul className={style.rules}>
          {others.map((rule) => (
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
          <DraftSays id={draft.value.id} server={server} isSaving={edit.isSaving} />
        ) : (
          <Verdict>{verdict(row.people, group, column.name, scopes)}</Verdict>
        )}
        {client !== '' && <p className="remark">{texts.throughOnly(clientName(client))}</p>}
        {edit.error !== undefined && <ErrorNote error={edit.error} />}
        <div className="row">
          {edit.undo ? (
            <>
              <Button kind="first" onClick={onClose}>
                {texts.keep}
              </Button>
              <Button onClick={edit.undo}>{texts.undo}</Button>
            </>
          ) : (
            <Button small onClick={onClose}>
              {texts.close}
            </Button>
          )}
          <Name to={places.server(column.id)}>{column.name}</Name>
        </div>
      </div>
    </div>
  );
}

/** Conditions of one scope of the cell, or of all at once. */
function ConditionsOf({
  says,
  document,
  clients,
  edit,
}: {
  readonly says: ReadonlyMap<string, ScopeSays>;
  readonly document: Document;
  readonly clients: OpenedCell['clients'];
  readonly edit: ReturnType<typeof useCellEdit>;
}) {
  const [chosen, setChosen] = useState<string>();
  const { value, scopes, shown, differ } = toTarget(says, chosen);
  const given = [...says].filter(([, { choice }]) => choice !== 'none');
  if (!shown) return <p className={`quiet ${style.nothing}`}>{texts.allowFirst}</p>;
  const change = (toNext: (from: ScopeSays) => ScopeSays) => edit.touch(changed(says, scopes, toNext));
  return (
    <div className={style.conditions}>
      {given.length > 1 && (
        <ChoiceOf
          label={texts.conditionsFor}
          value={value}
          onChange={setChosen}
          options={[
            { value: '', label: texts.allGiven(given.length) },
            ...given.map(([name]) => ({ value: name, label: name })),
          ]}
        />
      )}
      {differ && <p className="remark">{texts.theyDiffer}</p>}
      <CellConditions
        key={value}
        conditions={shown.conditions}
        needs={shown.needs}
        asksSignIn={shown.choice === 'allow'}
        clients={clients}
        networks={Object.keys((document.networks ?? {}) as object)}
        onConditions={(next) => change((from) => ({ ...from, conditions: compact({ ...from.conditions, ...next }) }))}
        onNeeds={(needs) => change((from) => ({ ...from, needs }))}
      />
    </div>
  );
}

function verdict(people: number, group: string, server: string, scopes: OpenedCell['scopes']): string {
  const given = scopes.filter(({ state }) => state === 'allowed' || state === 'conditional').map(({ name }) => name);
  const who = texts.count(people);
  if (given.length === 0) return texts.verdictNone(who, group, server);
  if (given.length === scopes.length) return texts.verdictAll(who, group, server);
  return texts.verdictSome(who, group, given.join(', '), server);
}
