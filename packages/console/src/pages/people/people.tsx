import { useDebouncedCallback } from '@mantine/hooks';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useMe } from '../../data/me.ts';
import { buttonClass, Segmented } from '../../parts/button.tsx';
import { Find } from '../../parts/field.tsx';
import { MayButton } from '../../parts/may.tsx';
import { PageHead } from '../../parts/section.tsx';
import { useUrlState } from '../../parts/url-state.ts';
import { peopleTexts as texts } from '../../texts/people.ts';
import { AddGroup, AddPerson } from './add.tsx';
import { GroupList } from './group-list.tsx';
import style from './people.module.css';
import { PeopleList } from './people-list.tsx';

type Tab = keyof typeof texts.tabs;
type Active = keyof typeof texts.active;

/** Everybody, and what they are in. */
export function Page() {
  const { permissions } = useMe();
  const [asked, setTab] = useUrlState('tab');
  const [found, setFound] = useUrlState('q');
  const [q, setQ] = useState(found);
  const [active, setActive] = useUrlState('active');
  const [isAdding, add] = useState(false);
  // What is typed stands in the field at once, and in the address when it is looked for.
  const findSoon = useDebouncedCallback((text: string) => setFound(text, true), 200);
  const mayGroups = permissions.includes('read:groups');
  const tab: Tab = mayGroups && (asked === 'groups' || asked === 'roles') ? asked : 'people';
  const tabs = (Object.keys(texts.tabs) as Tab[]).filter((each) => each === 'people' || mayGroups);
  const shown: Active = active === 'true' || active === 'false' ? active : 'all';
  const kind = tab === 'roles' ? 'role' : 'group';
  return (
    <>
      <PageHead title={texts.title} lead={texts.lead}>
        {permissions.includes('write:people') && (
          <Link to="/people/import" className={buttonClass()}>
            {texts.import}
          </Link>
        )}
        <MayButton
          kind="first"
          permission={tab === 'people' ? 'write:people' : 'write:groups'}
          onClick={() => add(true)}
        >
          {{ people: texts.add, groups: texts.addGroup, roles: texts.addRole }[tab]}
        </MayButton>
      </PageHead>
      <div className={style.tools}>
        <Segmented
          label={texts.what}
          value={tab}
          options={tabs.map((value) => ({ value, label: texts.tabs[value] }))}
          onChange={(value) => setTab(value === 'people' ? '' : value)}
        />
        <Find
          key={tab}
          label={texts.find[tab]}
          value={q}
          maxLength={100}
          onChange={(event) => {
            setQ(event.target.value);
            findSoon(event.target.value.trim());
          }}
        />
        {tab === 'people' && (
          <Segmented
            label={texts.filters}
            value={shown}
            options={(['all', 'true', 'false'] as const).map((value) => ({ value, label: texts.active[value] }))}
            onChange={(value) => setActive(value === 'all' ? '' : value)}
          />
        )}
      </div>
      {tab === 'people' ? <PeopleList q={found} active={shown} /> : <GroupList key={kind} kind={kind} q={found} />}
      {isAdding &&
        (tab === 'people' ? (
          <AddPerson onClose={() => add(false)} />
        ) : (
          <AddGroup kind={kind} onClose={() => add(false)} />
        ))}
    </>
  );
}
