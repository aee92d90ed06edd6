import { Select } from '@mantine/core';
import { useState } from 'react';
import { useRead } from '../data/api.ts';
import { usePeopleNames } from '../data/names.ts';
import { partTexts as texts } from '../texts/parts.ts';

/** One person out of however many there are: found by name or address, known by their id. */
export function PersonChoice({
  label,
  placeholder,
  hidesLabel = false,
  value,
  onChange,
}: {
  readonly label: string;
  readonly placeholder: string;
  /** The label is in the words around it, and read aloud only. */
  readonly hidesLabel?: boolean;
  /** Id; '' = nobody. */
  readonly value: string;
  readonly onChange: (value: string) => void;
}) {
  const [text, setText] = useState('');
  const nameOf = usePeopleNames([value === '' ? undefined : value]);
  const own = value === '' ? [] : [{ value, label: nameOf(value) ?? value }];
  // The name that is chosen stands in the field as well: nobody looks for it.
  const isTyped = text.trim() !== '' && !own.some(({ label: chosen }) => chosen === text) && text !== value;
  const found = useRead('listPeople', { query: { q: text, limit: 20 } }, { enabled: isTyped });
  const others = (found.data?.value.items ?? [])
    .filter(({ id }) => id !== value)
    .map(({ id, email, name }) => ({ value: id, label: `${email} (${name})` }));
  return (
    <Select
      {...(hidesLabel ? { 'aria-label': label } : { label })}
      placeholder={placeholder}
      data={[...own, ...others]}
      value={value === '' ? null : value}
      onChange={(next) => onChange(next ?? '')}
      onSearchChange={setText}
      filter={({ options }) => options}
      nothingFoundMessage={text === '' ? texts.typeName : texts.nobodyFound}
      searchable
      clearable
      clearButtonProps={{ 'aria-label': `${texts.clear}: ${label}` }}
    />
  );
}
