import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { call, readAgain } from '../../data/api.ts';
import type { Answer } from '../../data/problem.ts';
import { Button } from '../../parts/button.tsx';
import { Area, Field } from '../../parts/field.tsx';
import { type Outcome, OutcomeMark } from '../../parts/marks.tsx';
import { Name, places } from '../../parts/name.tsx';
import { PageHead, Section, Verdict } from '../../parts/section.tsx';
import { ErrorNote } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { peopleTexts, importTexts as texts } from '../../texts/people.ts';
import style from './people.module.css';

type Imported = Answer<'importPeople'>;
type Row = Imported['rows'][number];

const marks: Readonly<Record<Row['outcome'], Outcome>> = {
  new: 'allowed',
  renamed: 'narrowed',
  unchanged: 'report',
  failed: 'refused',
};
const maxBytes = 500 * 1024;
/** People that one change of members may hold. */
const atOnce = 100;

const columns: readonly Column<Row>[] = [
  { title: texts.line, number: true, width: '56px', cell: ({ line }) => line, text: ({ line }) => String(line) },
  {
    title: peopleTexts.email,
    stays: true,
    cell: ({ email, person }) => (person === null ? email : <Name to={places.person(person)}>{email}</Name>),
    text: ({ email }) => email,
  },
  { title: peopleTexts.name, cell: ({ name }) => name, text: ({ name }) => name },
  {
    title: texts.outcome,
    stays: true,
    cell: ({ outcome, problem }) => (
      <span className="row">
        <OutcomeMark outcome={marks[outcome]}>{texts.outcomes[outcome]}</OutcomeMark>
        {problem !== null && <span className="remark">{problem}</span>}
      </span>
    ),
    text: ({ outcome, problem }) => `${texts.outcomes[outcome]} ${problem ?? ''}`.trim(),
  },
];

/** A table of people: looked at first, then brought in. Joining groups is a change of each group, with what that asks for. */
export function Page() {
  const queries = useQueryClient();
  const [csv, setCsv] = useState('');
  const [seen, see] = useState<Imported>();
  const [done, setDone] = useState<readonly string[]>();
  const [errors, setErrors] = useState<readonly unknown[]>([]);
  const [isBusy, setBusy] = useState(false);
  const isLarge = new Blob([csv]).size > maxBytes;

  async function run(act: () => Promise<void>): Promise<void> {
    setBusy(true);
    setErrors([]);
    try {
      await act();
    } catch (error) {
      setErrors([error]);
    }
    setBusy(false);
  }

  const preview = () => run(async () => see((await call('importPeople', { body: { csv, dryRun: true } })).value));

  const bringIn = () =>
    run(async () => {
      const { value } = await call('importPeople', { body: { csv, dryRun: false } });
      const words = [texts.doneWhat(value.rows.filter(isChange).length)];
      const failed: unknown[] = [];
      for (const { ref, name, people } of value.groups) {
        try {
          for (let at = 0; at < people.length; at += atOnce) {
            await call('changeMembers', { params: { ref }, body: { add: people.slice(at, at + atOnce) } });
          }
          words.push(texts.joined(name, people.length));
        } catch (error) {
          failed.push(error);
        }
      }
      see(value);
      setDone(words);
      setErrors(failed);
      await readAgain(queries, ['listPeople', 'listGroups', 'getGroup', 'getPerson']);
    });

  const again = () => {
    see(undefined);
    setDone(undefined);
    setErrors([]);
    setCsv('');
  };

  return (
    <>
      <PageHead title={texts.title} lead={texts.lead} />
      {errors.map((error) => (
        <ErrorNote key={String(error)} error={error} />
      ))}
      {seen === undefined ? (
        <form
          className={style.form}
          onSubmit={(event) => {
            event.preventDefault();
            if (csv.trim() !== '' && !isLarge) void preview();
          }}
        >
          <Field
            label={texts.file}
            type="file"
            accept=".csv,text/csv"
            onChange={(event) => void event.target.files?.[0]?.text().then(setCsv)}
          />
          <Area
            label={texts.text}
            hint={texts.textHint}
            problem={isLarge ? texts.tooLarge : undefined}
            rows={10}
            spellCheck={false}
            placeholder={texts.example}
            value={csv}
            onChange={(event) => setCsv(event.target.value)}
          />
          <div className="row">
            <Button type="submit" kind="first" disabled={isBusy || isLarge || csv.trim() === ''}>
              {texts.preview}
            </Button>
          </div>
        </form>
      ) : (
        <div className="stack">
          <Outlook seen={seen} done={done}>
            {done === undefined && (
              <Button
                kind="first"
                disabled={isBusy || (!seen.rows.some(isChange) && seen.groups.length === 0)}
                onClick={() => void bringIn()}
              >
                {texts.do(
                  seen.rows.filter(isChange).length,
                  seen.groups.reduce((sum, { joining }) => sum + joining, 0),
                )}
              </Button>
            )}
            <Button disabled={isBusy} onClick={again}>
              {texts.again}
            </Button>
          </Outlook>
          <Section title={texts.rows}>
            <Table
              label={texts.rows}
              columns={columns}
              rows={seen.rows}
              rowKey={({ line }) => String(line)}
              exportName="import"
            />
          </Section>
        </div>
      )}
    </>
  );
}

function Outlook({
  seen: { rows, groups },
  done,
  children,
}: {
  readonly seen: Imported;
  readonly done: readonly string[] | undefined;
  readonly children: React.ReactNode;
}) {
  const count = (outcome: Row['outcome']) => rows.filter((row) => row.outcome === outcome).length;
  return (
    <div className={style.form} role="status">
      <Verdict>
        {done === undefined
          ? `${texts.what(count('new'), count('renamed'), count('failed'))}.`
          : [texts.done, ...done].join(' ')}
      </Verdict>
      {done === undefined && groups.length > 0 && (
        <ul className={style.list} aria-label={texts.groups}>
          {groups.map(({ ref, name, joining }) => (
            <li key={ref}>
              <Name to={places.group(ref)}>{name}</Name> <span className="remark">{texts.joins(joining)}</span>
            </li>
          ))}
        </ul>
      )}
      <div className="row">{children}</div>
    </div>
  );
}

function isChange({ outcome }: Row): boolean {
  return outcome === 'new' || outcome === 'renamed';
}
