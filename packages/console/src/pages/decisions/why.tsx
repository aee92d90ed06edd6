import { conditionWords, storyTexts as texts } from '../../texts/decisions.ts';
import style from './decision.module.css';
import { StorySection } from './story-section.tsx';
import { type Asked, type Check, type Decided, type WhyRow, whyColumns, whyRows } from './why-rows.ts';

/** A rule a row, its conditions in the order in which they are checked: a check each until the cross. */
export function Why({
  decided,
  asked,
  server,
}: {
  readonly decided: Decided;
  readonly asked: Asked;
  readonly server: string;
}) {
  const { rules, ahead } = decided;
  const columns = whyColumns(rules);
  const { spoke, silent } = whyRows(rules, asked);
  return (
    <StorySection title={texts.why} remark={rules.length > 0 ? texts.whyRemark(rules.length, server) : undefined}>
      {ahead !== null && <p>{ahead}</p>}
      {ahead === null && rules.length === 0 && <p>{texts.noRules}</p>}
      {rules.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard too
        <section className={style.scrolls} aria-label={texts.whyTable} tabIndex={0}>
          <table className={style.why}>
            <thead>
              <tr>
                <th scope="col">{texts.rule}</th>
                {columns.map((about) => (
                  <th key={about} scope="col" className={style.check}>
                    {conditionWords[about] ?? about}
                  </th>
                ))}
                <th scope="col">{texts.inWords}</th>
              </tr>
            </thead>
            <Rows title={texts.spoke} rows={spoke} columns={columns} />
            <Rows title={texts.didNotSpeak} rows={silent} columns={columns} />
          </table>
        </section>
      )}
    </StorySection>
  );
}

function Rows({
  title,
  rows,
  columns,
}: {
  readonly title: string;
  readonly rows: readonly WhyRow[];
  readonly columns: readonly string[];
}) {
  if (rows.length === 0) return null;
  return (
    <tbody>
      <tr>
        <th scope="rowgroup" colSpan={columns.length + 2} className={style.group}>
          {title}
        </th>
      </tr>
      {rows.map(({ id, says, checks, words }) => (
        <tr key={id}>
          <th scope="row" className={style.rule}>
            <code>{id}</code>
            <span className={`remark ${style.more}`}>{says}</span>
          </th>
          {checks.map((check, at) => (
            <td key={columns[at]} className={style.check}>
              <CheckMark check={check} />
            </td>
          ))}
          <td className={checks.includes('unmet') ? style.fails : undefined}>{words}</td>
        </tr>
      ))}
    </tbody>
  );
}

const marks: Readonly<Record<Check, { readonly sign: React.ReactNode; readonly words: string }>> = {
  met: { sign: <path d="M2.5 7.4l3 3 6-6.6" />, words: texts.met },
  free: { sign: <path d="M2.5 7.4l3 3 6-6.6" />, words: texts.unlimited },
  unmet: { sign: <path d="M3 3l8 8M11 3l-8 8" />, words: texts.unmet },
  open: { sign: <path d="M6.5 7h1" />, words: texts.notReached },
};

function CheckMark({ check }: { readonly check: Check }) {
  const { sign, words } = marks[check];
  return (
    <>
      <svg viewBox="0 0 14 14" className={`${style.mark} ${style[check]}`} aria-hidden="true">
        <title>{words}</title>
        {sign}
      </svg>
      <span className="only-read-aloud">{words}</span>
    </>
  );
}
