import { Link } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useMe } from '../data/me.ts';
import type { PageGroup } from '../pages/page.ts';
import { pages } from '../pages/pages.ts';
import { useIsNarrow } from '../parts/narrow.ts';
import { toNumber } from '../parts/time-words.ts';
import { groupNames, roleNames, shellTexts } from '../texts/shell.ts';
import { Account } from './account.tsx';
import { Seal } from './seal.tsx';
import style from './shell.module.css';

const groups: readonly PageGroup[] = ['now', 'policy', 'registry', 'record'];

/** The pages, by group. On a narrow screen behind the menu button. */
export function Side({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) {
  const me = useMe();
  const isNarrow = useIsNarrow();
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    if (!isOpen) return;
    nav.current?.querySelector('a')?.focus();
    const onKey = ({ key }: KeyboardEvent) => {
      if (key === 'Escape') onClose();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [isOpen, onClose]);
  if (isNarrow && !isOpen) return null;
  return (
    <>
      {isNarrow && <button type="button" className={style.veil} aria-label={shellTexts.close} onClick={onClose} />}
      <aside className={style.side} aria-label={shellTexts.console}>
        <Link to="/" className={style.brand}>
          <Seal /> Credence
        </Link>
        <nav aria-label={shellTexts.pages} ref={nav}>
          {groups.map((group) => {
            const inGroup = pages.filter((page) => page.group === group && isShown(page, me.permissions));
            if (inGroup.length === 0) return null;
            return (
              <section key={group}>
                <h2>{groupNames[group]}</h2>
                <ul>
                  {inGroup.map((page) => (
                    <li key={page.path}>
                      <Link to={page.path} activeOptions={{ exact: page.path === '/', includeSearch: false }}>
                        {page.title}
                        {page.useCount && <Count useCount={page.useCount} />}
                      </Link>
                    </li>
                  ))}
                </ul>
              </section>
            );
          })}
        </nav>
        {me.demo && <p className={`remark ${style.demo}`}>{shellTexts.demo}</p>}
        <div className={style.who}>
          <div>
            <b>{me.name}</b>
            <span>
              {roleNames[me.role]}, {me.organisation}
            </span>
          </div>
          <Account />
        </div>
      </aside>
    </>
  );
}

/** How many things wait, where some do. */
function Count({ useCount }: { readonly useCount: () => number }) {
  const count = useCount();
  return count > 0 && <span className={style.count}>{toNumber(count)}</span>;
}

function isShown({ permission }: (typeof pages)[number], own: readonly string[]): boolean {
  return permission === undefined || own.includes(permission);
}
