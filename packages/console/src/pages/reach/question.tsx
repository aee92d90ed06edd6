import { Select } from '@mantine/core';
import { useChoices } from '../../data/names.ts';
import { PersonChoice } from '../../parts/person-choice.tsx';
import { partTexts } from '../../texts/parts.ts';
import { reachTexts as texts } from '../../texts/reach.ts';
import style from './reach.module.css';
import type { Question as Asked } from './use-question.ts';

/** The question as a sentence with blanks to fill in. */
export function Question({
  asked,
  scopes,
  ask,
}: {
  readonly asked: Asked;
  /** Of the server that is named. */
  readonly scopes: readonly string[];
  readonly ask: (change: Readonly<Record<string, string>>) => void;
}) {
  const things = useChoices('granted');
  // What was inked belongs to the question before.
  const change = (next: Readonly<Record<string, string>>) => ask({ at: '', ...next });
  return (
    <search className={style.question} aria-label={texts.question}>
      <span className={style.says}>{texts.how}</span>
      <PersonChoice
        label={texts.person}
        placeholder={texts.anybody}
        hidesLabel
        value={asked.person}
        onChange={(person) => change({ person })}
      />
      <span className={style.says}>{texts.reach}</span>
      <Blank
        label={texts.server}
        placeholder={texts.anything}
        value={asked.server}
        data={things.servers}
        onChange={(server) => change({ server, scope: '' })}
      />
      <span className={style.says}>{texts.through}</span>
      <Blank
        label={texts.client}
        placeholder={texts.anyClient}
        value={asked.client}
        data={things.clients}
        onChange={(client) => change({ client })}
      />
      {asked.server !== '' && (
        <>
          <span className={style.says}>{texts.with}</span>
          <Blank
            label={texts.scope}
            placeholder={texts.anyScope}
            value={asked.scope}
            data={scopes.map((scope) => ({ value: scope, label: scope }))}
            onChange={(scope) => change({ scope })}
          />
        </>
      )}
      <span className={style.says} aria-hidden="true">
        {texts.mark}
      </span>
    </search>
  );
}

function Blank({
  label,
  placeholder,
  value,
  data,
  onChange,
}: {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly data: readonly { readonly value: string; readonly label: string }[];
  readonly onChange: (value: string) => void;
}) {
  const isKnown = value === '' || data.some((each) => each.value === value);
  return (
    <Select
      aria-label={label}
      placeholder={placeholder}
      data={isKnown ? data : [{ value, label: value }, ...data]}
      value={value === '' ? null : value}
      onChange={(next) => onChange(next ?? '')}
      nothingFoundMessage={texts.nothing}
      limit={100}
      searchable
      clearable
      clearButtonProps={{ 'aria-label': `${partTexts.clear}: ${label}` }}
    />
  );
}
