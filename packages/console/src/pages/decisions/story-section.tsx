import { useId } from 'react';
import style from './decision.module.css';

/** A part of a story: its name at the left, over a rule. */
export function StorySection({
  title,
  remark,
  children,
}: {
  readonly title: string;
  readonly remark?: React.ReactNode;
  readonly children: React.ReactNode;
}) {
  const id = useId();
  return (
    <section className={style.section} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {remark !== undefined && <p className="remark">{remark}</p>}
      </header>
      <div className={style.body}>{children}</div>
    </section>
  );
}
