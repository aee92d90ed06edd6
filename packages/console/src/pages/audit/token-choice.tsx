import { Select } from '@mantine/core';
import { useEffect } from 'react';
import { useList } from '../../data/api.ts';
import { useMayNot } from '../../data/me.ts';
import { actionTexts as texts } from '../../texts/audit.ts';

/** One API token of those that the reader may see; one that is gone, or somebody else's, stands there by its id. */
export function TokenChoice({
  value,
  onChange,
}: {
  /** Id; '' = whatever it was done with. */
  readonly value: string;
  readonly onChange: (value: string) => void;
}) {
  const isSeen = useMayNot('read:tokens') === undefined;
  const { items, hasNextPage, isFetchingNextPage, error, fetchNextPage } = useList(
    'listTokens',
    { query: { limit: 200 } },
    isSeen,
  );
  // All of them: a token that is not found in the list must not be there. What was refused once would be again.
  const goesOn = hasNextPage && error === null;
  useEffect(() => {
    if (goesOn && !isFetchingNextPage) void fetchNextPage();
  }, [goesOn, isFetchingNextPage, fetchNextPage]);
  const known = items.map(({ id, name }) => ({ value: id, label: name }));
  const own = value === '' || items.some(({ id }) => id === value) ? [] : [{ value, label: value }];
  return (
    <Select
      label={texts.withToken}
      placeholder={texts.anyToken}
      data={[...own, ...known]}
      value={value === '' ? null : value}
      onChange={(next) => onChange(next ?? '')}
      nothingFoundMessage={texts.noToken}
      searchable
      clearable
      clearButtonProps={{ 'aria-label': texts.clearToken }}
    />
  );
}
