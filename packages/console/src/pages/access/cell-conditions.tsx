import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Check, Choice, Field } from '../../parts/field.tsx';
import { accessTexts as texts } from '../../texts/access.ts';
import style from './cell.module.css';
import { toDuration } from './cell-words.ts';
import { type Conditions, comingFriday, compact, daysFrom, type Needs, toDay, toWords } from './conditions.ts';
import { HoursOf } from './hours-of.tsx';

/** What is changed of the conditions; `undefined` takes one away. */
export type ConditionChange = { readonly [K in keyof Conditions]: Conditions[K] | undefined };

/** Under which conditions what the cell gives, or refuses, is so: through which clients, from where, when, after which sign-in. */
export function CellConditions({
  conditions,
  needs,
  asksSignIn,
  clients,
  networks,
  onConditions,
  onNeeds,
}: {
  readonly conditions: Conditions;
  readonly needs: Needs | undefined;
  /** Whether a sign-in can be asked for: of what is refused it makes no sense. */
  readonly asksSignIn: boolean;
  readonly clients: readonly { readonly id: string; readonly name: string }[];
  /** Names that the document has for networks. */
  readonly networks: readonly string[];
  readonly onConditions: (change: ConditionChange) => void;
  readonly onNeeds: (needs: Needs | undefined) => void;
}) {
  const { through = [], from, not_from, hours, until } = conditions;
  // A client that cannot come here (any more), and that a rule names all the same, can be taken out.
  const unknown = through.filter((id) => !clients.some((client) => client.id === id));
  return (
    <>
      <fieldset className={style.group}>
        <legend>{texts.onlyThroughTitle}</legend>
        <div className={style.clients}>
          {[...clients, ...unknown.map((id) => ({ id, name: id }))].map(({ id, name }) => (
            <Check
              key={id}
              label={name}
              checked={through.includes(id)}
              onChange={() => onConditions({ through: toggled(through, id) })}
            />
          ))}
        </div>
        <p className="remark">{through.length === 0 ? texts.anyClientLead : texts.otherClientsLead}</p>
      </fieldset>
      <fieldset className={style.group}>
        <legend>{texts.onlyIf}</legend>
        <NetworksOf
          label={texts.fromNetworks}
          value={from}
          networks={networks}
          onChange={(next) => onConditions({ from: next })}
        />
        <NetworksOf
          label={texts.notFromNetworks}
          value={not_from}
          networks={networks}
          onChange={(next) => onConditions({ not_from: next })}
        />
        <HoursOf value={hours} onChange={(next) => onConditions({ hours: next })} />
        <UntilOf value={until} onChange={(next) => onConditions({ until: next })} />
        {asksSignIn && <NeedsOf value={needs} onChange={onNeeds} />}
      </fieldset>
    </>
  );
}

function toggled(list: readonly string[], one: string): readonly string[] | undefined {
  const next = list.includes(one) ? list.filter((each) => each !== one) : [...list, one];
  return next.length > 0 ? next : undefined;
}

/** Ticked, it asks which; what is ticked and empty says nothing yet. */
function NetworksOf({
  label,
  value = [],
  networks,
  onChange,
}: {
  readonly label: string;
  readonly value: readonly string[] | undefined;
  readonly networks: readonly string[];
  readonly onChange: (value: readonly string[] | undefined) => void;
}) {
  const [isOpen, setOpen] = useState(false);
  const others = value.filter((each) => !networks.includes(each));
  const [typed, setTyped] = useState<string>();
  const isOn = isOpen || value.length > 0;
  const set = (next: readonly string[]) => onChange(next.length > 0 ? next : undefined);
  const commit = () => {
    if (typed === undefined) return;
    setTyped(undefined);
    set([...value.filter((each) => networks.includes(each)), ...toWords(typed)]);
  };
  return (
    <div>
      <Check
        label={label}
        checked={isOn}
        onChange={() => {
          setOpen(!isOn);
          if (isOn && value.length > 0) onChange(undefined);
        }}
      />
      {isOn && (
        <div className={style.more}>
          {networks.map((name) => (
            <Check
              key={name}
              label={<code>{name}</code>}
              checked={value.includes(name)}
              onChange={() => set(toggled(value, name) ?? [])}
            />
          ))}
          <Field
            label={texts.networksTyped(label)}
            hint={texts.networksHint}
            value={typed ?? others.join(' ')}
            onChange={(event) => setTyped(event.target.value)}
            onBlur={commit}
            onKeyDown={(event) => event.key === 'Enter' && !event.ctrlKey && !event.metaKey && commit()}
          />
        </div>
      )}
    </div>
  );
}

function UntilOf({
  value,
  onChange,
}: {
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
}) {
  const [isOpen, setOpen] = useState(false);
  const [typed, setTyped] = useState<string>();
  const isOn = isOpen || value !== undefined;
  const today = toDay(Date.now());
  const quick = [
    { label: texts.friday, day: comingFriday(Date.now()) },
    { label: texts.aWeek, day: daysFrom(Date.now(), 7) },
    { label: texts.aMonth, day: daysFrom(Date.now(), 30) },
  ];
  return (
    <div>
      <Check
        label={texts.untilADay}
        checked={isOn}
        onChange={() => {
          setOpen(!isOn);
          if (isOn && value !== undefined) onChange(undefined);
        }}
      />
      {isOn && (
        <div className={style.more}>
          <Field
            type="date"
            label={texts.lastDay}
            hint={value !== undefined && value.length > 10 ? value : texts.lastDayHint}
            min={today}
            value={typed ?? value?.slice(0, 10) ?? ''}
            onChange={(event) => {
              const day = event.target.value;
              setTyped(day);
              // A year is typed digit by digit: what is before today is none yet.
              if (day >= today && day !== value) onChange(day);
            }}
            onBlur={() => setTyped(undefined)}
          />
          <div className="row">
            {quick.map(({ label, day }) => (
              <Button key={label} small onClick={() => onChange(day)}>
                {label}
              </Button>
            ))}
          </div>
        </div>
      )}
    </div>
  );
}

const ages = [900, 3600, 28_800, 86_400];

function NeedsOf({
  value,
  onChange,
}: {
  readonly value: Needs | undefined;
  readonly onChange: (value: Needs | undefined) => void;
}) {
  const { acr = '', amr = [], max_age } = value ?? {};
  const [typed, setTyped] = useState<{ readonly acr?: string; readonly amr?: string }>({});
  const set = (next: {
    readonly acr?: string;
    readonly amr?: readonly string[];
    readonly max_age?: number | undefined;
  }) => {
    const all = compact({ acr, amr, max_age, ...next }) as Needs;
    onChange(Object.keys(all).length > 0 ? all : undefined);
  };
  const others = amr.filter((each) => each !== 'mfa');
  const withFactor = amr.includes('mfa') ? ['mfa'] : [];
  const options = [...new Set([...ages, ...(max_age === undefined ? [] : [max_age])])].sort((a, b) => a - b);
  return (
    <>
      <Check
        label={texts.secondFactor}
        checked={amr.includes('mfa')}
        onChange={() => set({ amr: toggled(amr, 'mfa') ?? [] })}
      />
      <div className={style.age}>
        <Choice
          label={texts.signInAge}
          value={max_age === undefined ? '' : String(max_age)}
          onChange={(next) => set({ max_age: next === '' ? undefined : Number(next) })}
          options={[
            { value: '', label: texts.anyAge },
            ...options.map((seconds) => ({ value: String(seconds), label: texts.atMost(toDuration(seconds)) })),
          ]}
        />
      </div>
      <details className={style.moreSignIn} open={acr !== '' || others.length > 0 || undefined}>
        <summary>{texts.moreSignIn}</summary>
        <div className={style.more}>
          <Field
            label={texts.signInLevel}
            hint={texts.signInLevelHint}
            value={typed.acr ?? acr}
            onChange={(event) => setTyped({ ...typed, acr: event.target.value })}
            onBlur={() => {
              if (typed.acr !== undefined) set({ acr: typed.acr.trim() });
              setTyped({});
            }}
          />
          <Field
            label={texts.signInMethods}
            hint={texts.signInMethodsHint}
            value={typed.amr ?? others.join(' ')}
            onChange={(event) => setTyped({ ...typed, amr: event.target.value })}
            onBlur={() => {
              if (typed.amr !== undefined) set({ amr: [...withFactor, ...toWords(typed.amr)] });
              setTyped({});
            }}
          />
        </div>
      </details>
    </>
  );
}
