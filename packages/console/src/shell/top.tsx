import { Link, useLocation } from '@tanstack/react-router';
import { useRead } from '../data/api.ts';
import { useMe } from '../data/me.ts';
import { pageAt } from '../pages/pages.ts';
import { Button } from '../parts/button.tsx';
import { Time } from '../parts/time.tsx';
import { shellTexts } from '../texts/shell.ts';
import { Glass } from './seal.tsx';
import style from './shell.module.css';
import { useShownTitle } from './title.ts';

/** Where one is, search, and the version of the policy in force. */
export function Top({ onMenu, onSearch }: { readonly onMenu: () => void; readonly onSearch: () => void }) {
  const { pathname } = useLocation();
  const page = pageAt(pathname);
  const title = useShownTitle();
  return (
    <header className={style.top}>
      <Button small className={style.menu ?? ''} onClick={onMenu}>
        {shellTexts.menu}
      </Button>
      <p className={style.crumb}>
        {page?.parent && (
          <>
            <Link to={page.parent.path}>{page.parent.title}</Link> <span aria-hidden="true">/</span>{' '}
          </>
        )}
        <b>{page ? (page.parent ? title : page.title) : shellTexts.noPage}</b>
      </p>
      <button type="button" className={style.jump} onClick={onSearch}>
        <Glass />
        <span>{shellTexts.search}</span>
        <kbd>Ctrl K</kbd>
      </button>
      <InForce />
    </header>
  );
}

function InForce() {
  const { permissions } = useMe();
  const may = permissions.includes('read:policy');
  const { data } = useRead('listVersions', { params: { kind: 'access' }, query: { limit: 1 } }, { enabled: may });
  const version = data?.value.items[0];
  if (!version) return null;
  return (
    <span className={style.policy}>
      {shellTexts.policy} <b>v{version.version}</b>, {shellTexts.published} <Time ms={version.publishedAt * 1000} />
    </span>
  );
}
