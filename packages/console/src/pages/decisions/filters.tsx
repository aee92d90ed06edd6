import { Select } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useChoices, type useReasons } from '../../data/names.ts';
import { Button, Segmented } from '../../parts/button.tsx';
import { Field, Find } from '../../parts/field.tsx';
import { places } from '../../parts/name.tsx';
import { useIsNarrow } from '../../parts/narrow.ts';
import { PersonChoice } from '../../parts/person-choice.tsx';
import { decisionsTexts as texts } from '../../texts/decisions.ts';
import style from './decisions.module.css';
import { type Filters, filterNames, fromTimeField, isNarrowed, toTimeField } from './filter-query.ts';

type Change = (change: Partial<Filters>) => void;

/** Every filter of the search. Each change is an address of its own. */
export function FilterBar({
  filters,
  reasons,
}: {
  readonly filters: Filters;
  readonly reasons: ReturnType<typeof useReasons>;
}) {
  const navigate = useNavigate();
  const things = useChoices('both');
  const [isOpen, setOpen] = useState(() => [filters.scope, filters.run, filters.from, filters.to].some(Boolean));
  const change: Change = (next) =>
    void navigate({
      to: '.',
      search: (before: Record<string, unknown>) =>
        Object.fromEntries(Object.entries({ ...before, ...next }).filter(([, value]) => value !== '')),
      resetScroll: false,
    });
  const isNarrow = useIsNarrow();
  const isFolded = isNarrow && !isOpen;
  const reasonChoices = [...reasons.values()]
    .map(({ reason, hint }) => ({ value: reason, label: `${reason}: ${hint}` }))
    .sort((a, b) => a.value.localeCompare(b.value));
  return (
    <search className={style.filters} aria-label={texts.find}>
      <div className="row">
        <Segmented
          label={texts.show}
          value={filters.show}
          options={toOptions(texts.shows)}
          onChange={(show) => change({ show: show === 'decisions' ? '' : show })}
        />
        <Segmented
          label={texts.outcome}
          value={filters.outcome || 'all'}
          options={toOptions(texts.outcomes)}
          onChange={(outcome) => change({ outcome: outcome === 'all' ? '' : outcome })}
        />
        <Segmented
          label={texts.since}
          value={filters.since || 'all'}
          options={toOptions(texts.sinces)}
          onChange={(since) => change({ since: since === 'all' ? '' : since, from: '' })}
        />
        <OpenById />
      </div>
      <div className={style.choices}>
        {!isFolded && (
          <>
            <PersonChoice
              label={texts.person}
              placeholder={texts.anybody}
              value={filters.person}
              onChange={(person) => change({ person })}
            />
            <Choice
              label={texts.client}
              value={filters.client}
              data={things.clients}
              onChange={(client) => change({ client })}
            />
            <Choice
              label={texts.server}
              value={filters.server}
              data={things.servers}
              onChange={(server) => change({ server })}
            />
            <Choice
              label={texts.reason}
              value={filters.reason}
              data={reasonChoices}
              onChange={(reason) => change({ reason })}
            />
          </>
        )}
        <div className={`row ${style.end}`}>
          <Button aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            {isOpen ? texts.less : texts.more}
          </Button>
          {isNarrowed(filters) && (
            <Button onClick={() => change(Object.fromEntries(filterNames.map((name) => [name, ''])))}>
              {texts.clear}
            </Button>
          )}
        </div>
      </div>
      {isOpen && (
        <div className={style.choices}>
          <Typed label={texts.scope} value={filters.scope} onChange={(scope) => change({ scope })} />
          <Typed label={texts.run} value={filters.run} onChange={(run) => change({ run })} />
          <Typed
            label={texts.from}
            type="datetime-local"
            value={toTimeField(filters.from)}
            onChange={(from) => change({ from: fromTimeField(from), since: '' })}
          />
          <Typed
            label={texts.to}
            type="datetime-local"
            value={toTimeField(filters.to)}
            onChange={(to) => change({ to: fromTimeField(to) })}
          />
        </div>
      )}
    </search>
  );
}

function toOptions<T extends string>(words: Readonly<Record<T, string>>) {
  return (Object.entries(words) as [string, string][]).map(([value, label]) => ({ value, label }));
}

function Choice({
  label,
  value,
  data,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly data: readonly { readonly value: string; readonly label: string }[];
  readonly onChange: (value: string) => void;
}) {
  const known = value === '' || data.some((each) => each.value === value);
  return (
    <Select
      label={label}
      placeholder={texts.any}
      data={known ? data : [{ value, label: value }, ...data]}
      value={value === '' ? null : value}
      onChange={(next) => onChange(next ?? '')}
      limit={100}
      searchable
      clearable
      clearButtonProps={{ 'aria-label': `${texts.clear}: ${label}` }}
    />
  );
}

/** Taken over with Enter, or when the field is left. */
function Typed({
  label,
  value,
  onChange,
  type = 'text',
}: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly type?: string;
}) {
  return (
    <Field
      key={value}
      label={label}
      type={type}
      defaultValue={value}
      onBlur={({ target }) => target.value !== value && onChange(target.value.trim())}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && event.currentTarget.value !== value) onChange(event.currentTarget.value.trim());
      }}
    />
  );
}

function OpenById() {
  const navigate = useNavigate();
  return (
    <Find
      label={texts.find}
      onKeyDown={(event) => {
        const id = event.currentTarget.value.trim();
        if (event.key === 'Enter' && id !== '') void navigate({ to: places.decision(id) });
      }}
    />
  );
}
