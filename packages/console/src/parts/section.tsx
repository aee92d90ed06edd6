import { useId } from 'react';
import style from './section.module.css';

/** Top of a page: its one `h1`, what it says, what can be done. */
export function PageHead({
  title,
  says,
  lead,
  children,
}: {
  readonly title: React.ReactNode;
  /** In the serif: the title is an answer. */
  readonly says?: boolean;
  readonly lead?: React.ReactNode;
  readonly children?: React.ReactNode;
}) {
  return (
    <header className={style.head}>
      <div>
        <h1 className={says ? style.says : undefined}>{title}</h1>
        {lead !== undefined && <p className={style.lead}>{lead}</p>}
      </div>
      {children && <div className="row">{children}</div>}
    </header>
  );
}

/** A part of a page: a rule, a title, a grey remark beside it, an action at its right. */
export function Section({
  title,
  remark,
  action,
  children,
}: {
  readonly title: string;
  readonly remark?: React.ReactNode;
  readonly action?: React.ReactNode;
  readonly children: React.ReactNode;
}) {
  const id = useId();
  return (
    <section className={style.section} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {remark !== undefined && <span className="remark">{remark}</span>}
        {action !== undefined && <div className={style.action}>{action}</div>}
      </header>
      {children}
    </section>
  );
}

/** What is or will be so, in the serif: one or two on a page, never in a table or a button. */
export function Verdict({
  size = 'middle',
  children,
}: {
  readonly size?: 'small' | 'middle' | 'large';
  readonly children: React.ReactNode;
}) {
  return <p className={style[size]}>{children}</p>;
}

/** A few figures over a hairline. */
export function Figures({
  figures,
}: {
  readonly figures: readonly {
    readonly label: string;
    readonly value: React.ReactNode;
    readonly remark?: React.ReactNode;
  }[];
}) {
  return (
    <div className={style.figures}>
      <dl>
        {figures.map(({ label, value, remark }) => (
          <div key={label}>
            <dt className="remark">{label}</dt>
            <dd>
              <span className={style.value}>{value}</span>
              {remark !== undefined && <span className="remark">{remark}</span>}
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
