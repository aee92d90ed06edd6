import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { useEffect, useLayoutEffect, useMemo, useState } from 'react';
import { useMayNot, useMe } from '../data/me.ts';
import type { Page } from '../pages/page.ts';
import { Notes } from '../parts/notes.tsx';
import { Empty } from '../parts/states.tsx';
import { IdleWatch } from '../session/idle-watch.tsx';
import { roleNames, shellTexts } from '../texts/shell.ts';
import { KeyList } from './key-list.tsx';
import { type KeyActions, useKeys } from './keys.ts';
import { Palette } from './palette.tsx';
import style from './shell.module.css';
import { Side } from './side.tsx';
import { showTitle } from './title.ts';
import { Top } from './top.tsx';

/** Around every page: navigation, bar, palette, keys, notes. */
export function Shell() {
  const [overlay, setOverlay] = useState<'palette' | 'keys'>();
  const [isMenuOpen, setMenu] = useState(false);
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const actions = useMemo<KeyActions>(
    () => ({
      palette: () => setOverlay('palette'),
      help: () => setOverlay('keys'),
      go: (path) => void navigate({ to: path }),
    }),
    [navigate],
  );
  useKeys(actions);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page is what closes the menu
  useEffect(() => setMenu(false), [pathname]);
  return (
    <div className={style.frame}>
      <a className={style.skip} href="#page">
        {shellTexts.skip}
      </a>
      <Side isOpen={isMenuOpen} onClose={() => setMenu(false)} />
      <div className={style.right}>
        <Top onMenu={() => setMenu(true)} onSearch={actions.palette} />
        <main id="page" tabIndex={-1} className={style.page}>
          <Outlet />
        </main>
      </div>
      {overlay === 'palette' && <Palette actions={actions} onClose={() => setOverlay(undefined)} />}
      {overlay === 'keys' && <KeyList onClose={() => setOverlay(undefined)} />}
      <IdleWatch />
      <Notes />
    </div>
  );
}

/** The page at this address, or why it is not shown to this administrator; names the window. */
export function Framed({ page, children }: { readonly page: Page; readonly children: React.ReactNode }) {
  const mayNot = useMayNot(page.permission);
  const { role, organisation } = useMe();
  // Before the page itself names what it shows: effects of what is inside come first.
  useLayoutEffect(() => showTitle(page.title, organisation), [page.title, organisation]);
  if (mayNot === undefined) return children;
  return (
    <>
      <h1>{page.title}</h1>
      <Empty title={shellTexts.mayNot(roleNames[role] ?? role)}>{shellTexts.mayNotLead}</Empty>
    </>
  );
}

/** There is nothing at this address. */
export function NoPage() {
  useTitle(shellTexts.noPage);
  return (
    <>
      <h1>{shellTexts.noPage}</h1>
      <p className="quiet prose">{shellTexts.noPageLead}</p>
      <p>
        <Link to="/">{shellTexts.toStart}</Link>
      </p>
    </>
  );
}

/** What the window is called, for tabs, history and those who hear it. A page that shows one thing may name that. */
export function useTitle(title: string): void {
  const { organisation } = useMe();
  useEffect(() => showTitle(title, organisation), [title, organisation]);
}
