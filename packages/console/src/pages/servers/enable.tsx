import { useDebouncedValue } from '@mantine/hooks';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useChange, useRead } from '../../data/api.ts';
import { openDraft, useOpenDraft } from '../../data/open-draft.ts';
import { Button, Segmented } from '../../parts/button.tsx';
import { Check, Field, Find } from '../../parts/field.tsx';
import { OutcomeMark } from '../../parts/marks.tsx';
import { places } from '../../parts/name.tsx';
import { tell } from '../../parts/notes.tsx';
import { Dialog } from '../../parts/overlay.tsx';
import { ErrorNote } from '../../parts/states.tsx';
import { enableTexts as texts } from '../../texts/enable.ts';
import style from './enable.module.css';
import {
  addressOf,
  type Chosen,
  clientChoices,
  type EnableForm,
  formOf,
  isElsewhere,
  missingIn,
  type Risk,
  type Start,
  toBody,
} from './enable-form.ts';

type Change = (change: Partial<EnableForm>) => void;
const risks: readonly Risk[] = ['low', 'medium', 'high'];

/** From what is known of a server to a draft in which groups reach it: what it may, who, through what. */
export function Enable({
  start,
  taken,
  onClose,
}: {
  readonly start: Start;
  /** Ids of servers that there are. */
  readonly taken: ReadonlySet<string>;
  readonly onClose: () => void;
}) {
  const [form, setForm] = useState(() => formOf(start, taken));
  const change: Change = (more) => setForm((before) => ({ ...before, ...more }));
  const { draft } = useOpenDraft();
  const navigate = useNavigate();
  const enable = useChange('enableServer', ['listDrafts', 'getDraft', 'getDraftHead', 'diffDraft', 'draftSteps']);
  const missing = missingIn(form);
  const send = () =>
    enable.mutate(
      { body: toBody(form, draft?.value) },
      {
        onSuccess: ({ value: { id, guard } }) => {
          openDraft(id);
          if (guard) tell(texts.guardToo(guard.name));
          void navigate({ to: places.draft(id) });
        },
      },
    );
  return (
    <Dialog
      title={form.upstream === undefined ? texts.title(form.name || form.id) : texts.ownTitle}
      onClose={onClose}
      wide
    >
      <form
        className={style.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (missing === undefined && !enable.isPending) send();
        }}
      >
        <Where form={form} start={start} change={change} />
        <Scopes form={form} change={change} />
        <Groups form={form} change={change} />
        <Clients form={form} change={change} />
        {enable.error && <ErrorNote error={enable.error} />}
        <div className={style.foot}>
          <p className="remark" role="status">
            {missing === undefined
              ? draft
                ? texts.intoDraft(draft.value.name)
                : texts.nothingApplies
              : texts.missing[missing]}
          </p>
          <Button onClick={onClose}>{texts.cancel}</Button>
          <Button type="submit" kind="first" disabled={missing !== undefined || enable.isPending}>
            {draft ? texts.addToDraft : texts.makeDraft}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Where it is: folded where all of it is known. */
function Where({ form, start, change }: { readonly form: EnableForm; readonly start: Start; readonly change: Change }) {
  const isKnown = start.resource !== '' && start.ras !== '';
  if (form.upstream !== undefined) return <WhereOwn form={form} upstream={form.upstream} change={change} />;
  return (
    <>
      <details open={!isKnown} className={style.where}>
        <summary>
          {isKnown ? (
            <>
              <code>{form.resource}</code> <span className="quiet">{texts.redeemedAt}</span> <code>{form.ras}</code>
            </>
          ) : (
            texts.whereTitle
          )}
        </summary>
        <div className={style.fields}>
          <NameFields form={form} change={change} />
          <Field
            label={texts.resource}
            hint={texts.resourceHint}
            type="url"
            value={form.resource}
            onChange={(event) => change({ resource: event.target.value.trim() })}
          />
          <Field
            label={texts.ras}
            hint={texts.rasHint}
            type="url"
            value={form.ras}
            onChange={(event) => change({ ras: event.target.value.trim() })}
          />
        </div>
      </details>
      {isElsewhere(form) && <OutcomeMark outcome="look">{texts.elsewhere}</OutcomeMark>}
    </>
  );
}

/** What it is called, by people and by rules. */
function NameFields({ form, change }: { readonly form: EnableForm; readonly change: Change }) {
  return (
    <>
      <Field
        label={texts.name}
        value={form.name}
        maxLength={120}
        onChange={(event) => change({ name: event.target.value })}
      />
      <Field
        label={texts.id}
        hint={texts.idHint}
        value={form.id}
        maxLength={64}
        onChange={(event) => change({ id: event.target.value.trim() })}
      />
    </>
  );
}

/** One of our own: what it is called decides what its address is, and the gateway has to know where it runs. */
function WhereOwn({
  form,
  upstream,
  change,
}: {
  readonly form: EnableForm;
  readonly upstream: string;
  readonly change: Change;
}) {
  return (
    <fieldset className={style.part}>
      <legend>{texts.whereTitle}</legend>
      <p className="remark">{texts.ownHint}</p>
      <div className={style.fields}>
        <NameFields form={form} change={change} />
        <Field
          label={texts.upstream}
          hint={texts.upstreamHint}
          type="url"
          value={upstream}
          maxLength={2048}
          onChange={(event) => change({ upstream: event.target.value.trim() })}
        />
      </div>
      {form.id !== '' && (
        <p className="remark">
          {texts.ownAddress} <code>{addressOf(form)}</code>
        </p>
      )}
    </fieldset>
  );
}

function Scopes({ form: { scopes }, change }: { readonly form: EnableForm; readonly change: Change }) {
  const [name, setName] = useState('');
  const set = (at: number, more: Partial<EnableForm['scopes'][number]>) =>
    change({ scopes: scopes.map((scope, place) => (place === at ? { ...scope, ...more } : scope)) });
  const isFree = name.trim() !== '' && !scopes.some((scope) => scope.name === name.trim());
  const add = () => {
    if (!isFree) return;
    change({ scopes: [...scopes, { name: name.trim(), risk: 'high', given: true }] });
    setName('');
  };
  return (
    <fieldset className={style.part}>
      <legend>{texts.scopes}</legend>
      <p className="remark">{texts.scopesHint}</p>
      <ul className={style.scopes}>
        {scopes.map((scope, at) => (
          <li key={scope.name}>
            <Check
              label={<code>{scope.name}</code>}
              checked={scope.given}
              onChange={(event) => set(at, { given: event.target.checked })}
            />
            <Segmented
              label={texts.riskOf(scope.name)}
              value={scope.risk}
              options={risks.map((risk) => ({ value: risk, label: texts.risks[risk] }))}
              onChange={(risk) => set(at, { risk })}
            />
          </li>
        ))}
      </ul>
      <div className={style.add}>
        <input
          className={style.input}
          aria-label={texts.scopeName}
          placeholder={texts.scopeName}
          value={name}
          maxLength={128}
          onChange={(event) => setName(event.target.value)}
          onKeyDown={(event) => {
            // Enter adds it; it does not send the form.
            if (event.key !== 'Enter') return;
            event.preventDefault();
            add();
          }}
        />
        <Button small disabled={!isFree} onClick={add}>
          {texts.addScope}
        </Button>
      </div>
    </fieldset>
  );
}

const everyone: Chosen = { id: 'everyone', name: texts.everyone };

function Groups({ form: { to }, change }: { readonly form: EnableForm; readonly change: Change }) {
  const [q, setQ] = useState('');
  const [later] = useDebouncedValue(q.trim(), 150);
  const found = useRead('listGroups', { query: { ...(later !== '' && { q: later.slice(0, 100) }), limit: 8 } });
  const groups = (found.data?.value.items ?? []).map(({ id, name }) => ({ id: `group:${id}`, name }));
  const offered = [...groups, ...(later === '' ? [everyone] : [])].filter(
    (group) => !to.some(({ id }) => id === group.id),
  );
  return (
    <fieldset className={style.part}>
      <legend>{texts.who}</legend>
      <Picked chosen={to} onChange={(next) => change({ to: next })} />
      <Find
        isSecond
        label={texts.findGroup}
        value={q}
        maxLength={100}
        onChange={(event) => setQ(event.target.value)}
        onKeyDown={(event) => {
          // Enter takes the first that is offered; it does not send the form.
          if (event.key !== 'Enter') return;
          event.preventDefault();
          const [first] = offered;
          if (first && later !== '' && later === q.trim()) {
            change({ to: [...to, first] });
            setQ('');
          }
        }}
      />
      <Offered
        offered={offered}
        onTake={(group) => {
          change({ to: [...to, group] });
          setQ('');
        }}
      />
      <p className="remark" role="status">
        {found.data && offered.length === 0 && texts.noGroup}
      </p>
    </fieldset>
  );
}

function Clients({ form: { through }, change }: { readonly form: EnableForm; readonly change: Change }) {
  const clients = useRead('listClients', { query: { side: 'idp' } });
  const catalogue = useRead('getCatalogue', {});
  const choices = clientChoices(clients.data?.value.items ?? [], catalogue.data?.value.clients ?? []);
  return (
    <fieldset className={style.part}>
      <legend>{texts.through}</legend>
      <div className={style.clients}>
        {choices.map(({ id, name, isNew }) => (
          <Check
            key={id}
            label={name}
            remark={isNew ? texts.newClient : undefined}
            checked={through.some((client) => client.id === id)}
            onChange={(event) => {
              const others = through.filter((client) => client.id !== id);
              change({ through: event.target.checked ? [...others, { id, name }] : others });
            }}
          />
        ))}
      </div>
    </fieldset>
  );
}

function Picked({
  chosen,
  onChange,
}: {
  readonly chosen: readonly Chosen[];
  readonly onChange: (next: readonly Chosen[]) => void;
}) {
  if (chosen.length === 0) return null;
  return (
    <ul className="row" aria-label={texts.chosen}>
      {chosen.map(({ id, name }) => (
        <li key={id}>
          <Button
            small
            aria-label={texts.takeOut(name)}
            onClick={() => onChange(chosen.filter((each) => each.id !== id))}
          >
            {name} ×
          </Button>
        </li>
      ))}
    </ul>
  );
}

function Offered({
  offered,
  onTake,
}: {
  readonly offered: readonly Chosen[];
  readonly onTake: (chosen: Chosen) => void;
}) {
  return (
    <div className="row">
      {offered.map((each) => (
        <Button key={each.id} small onClick={() => onTake(each)}>
          {each.name}
        </Button>
      ))}
    </div>
  );
}
