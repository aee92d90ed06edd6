import { useRead } from '../../data/api.ts';
import type { Answer } from '../../data/problem.ts';
import { type Outcome, OutcomeMark } from '../../parts/marks.tsx';
import { Section } from '../../parts/section.tsx';
import { Await, Empty } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { Time } from '../../parts/time.tsx';
import { settingsTexts, keyTexts as texts } from '../../texts/settings.ts';

type Key = Answer<'listKeys'>['items'][number];

const marks: Readonly<Record<Key['state'], Outcome>> = {
  published: 'waiting',
  signing: 'allowed',
  retiring: 'narrowed',
  retired: 'stopped',
};

const columns: readonly Column<Key>[] = [
  {
    title: texts.purpose,
    stays: true,
    cell: ({ purpose }) => texts.purposes[purpose] ?? purpose,
    text: ({ purpose }) => purpose,
  },
  {
    title: texts.state,
    stays: true,
    cell: ({ state, words }) => <OutcomeMark outcome={marks[state]}>{words}</OutcomeMark>,
    text: ({ words }) => words,
  },
  { title: texts.key, cell: ({ kid }) => <code>{kid}</code>, text: ({ kid }) => kid },
  { title: texts.algorithm, cell: ({ algorithm }) => <code>{algorithm}</code>, text: ({ algorithm }) => algorithm },
  {
    title: settingsTexts.since,
    cell: ({ publishedAt }) => <Time ms={publishedAt * 1000} />,
    text: ({ publishedAt }) => new Date(publishedAt * 1000).toISOString(),
  },
];

/** Signing keys of every purpose, how old they are and what each does now. */
export function Keys() {
  const keys = useRead('listKeys', {});
  return (
    <Section
      title={settingsTexts.parts.keys}
      remark={
        <>
          {texts.rotate} <code>credence keys rotate</code>
        </>
      }
    >
      <Await query={keys}>
        {({ value: { items } }) =>
          items.length === 0 ? (
            <Empty title={texts.none} />
          ) : (
            <Table
              label={settingsTexts.parts.keys}
              columns={columns}
              rows={items}
              rowKey={({ purpose, kid }) => `${purpose} ${kid}`}
              exportName="keys"
            />
          )
        }
      </Await>
    </Section>
  );
}
