import { Verdict } from '../parts/section.tsx';
import { Seal } from '../shell/seal.tsx';
import style from './plain-page.module.css';

/** A page without the shell, in the look of the sign-in: one letter in the middle. */
export function PlainPage({ title, children }: { readonly title: string; readonly children?: React.ReactNode }) {
  return (
    <div className={style.plain}>
      <header>
        <Seal /> Credence
        <span className={style.host}>{location.host}</span>
      </header>
      <main>
        <div className={style.letter}>
          <h1>{title}</h1>
          {children}
        </div>
      </main>
    </div>
  );
}

/** The sentence under the title. */
export function Lead({ children }: { readonly children: React.ReactNode }) {
  return (
    <div className={style.lead}>
      <Verdict size="small">{children}</Verdict>
    </div>
  );
}
