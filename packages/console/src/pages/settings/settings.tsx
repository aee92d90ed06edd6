import { useMe } from '../../data/me.ts';
import { Segmented } from '../../parts/button.tsx';
import { PageHead } from '../../parts/section.tsx';
import { useUrlState } from '../../parts/url-state.ts';
import { settingsTexts as texts } from '../../texts/settings.ts';
import type { Permission } from '../page.ts';
import { Administrators } from './administrators.tsx';
import { Exports } from './exports.tsx';
import { Keys } from './keys.tsx';
import style from './settings.module.css';
import { Sources } from './sources.tsx';
import { Stops } from './stops.tsx';
import { Tokens } from './tokens.tsx';
import { Trust } from './trust.tsx';

type Part = keyof typeof texts.parts;

const parts: Readonly<Record<Part, { readonly permission: Permission; readonly Body: () => React.ReactNode }>> = {
  stops: { permission: 'read:overview', Body: Stops },
  administrators: { permission: 'read:administrators', Body: Administrators },
  tokens: { permission: 'read:tokens', Body: Tokens },
  sources: { permission: 'read:sources', Body: Sources },
  keys: { permission: 'read:keys', Body: Keys },
  trust: { permission: 'read:policy', Body: Trust },
  exports: { permission: 'read:audit', Body: Exports },
};

/** What is set for the whole installation, each part for those who may see it. */
export function Page() {
  const { permissions } = useMe();
  const [asked, show] = useUrlState('part');
  const shown = (Object.keys(parts) as Part[]).filter((part) => permissions.includes(parts[part].permission));
  const part = shown.find((each) => each === asked) ?? 'stops';
  const { Body } = parts[part];
  return (
    <>
      <PageHead title={texts.title} lead={texts.lead} />
      <div className={style.parts}>
        <Segmented
          label={texts.what}
          value={part}
          options={shown.map((value) => ({ value, label: texts.parts[value] }))}
          onChange={(value) => show(value === 'stops' ? '' : value)}
        />
      </div>
      <Body />
    </>
  );
}
