import { useState } from 'react';
import { useChange, useRead } from '../../data/api.ts';
import { useMe } from '../../data/me.ts';
import type { Answer } from '../../data/problem.ts';
import { OutcomeMark } from '../../parts/marks.tsx';
import { MayButton } from '../../parts/may.tsx';
import { Name, places } from '../../parts/name.tsx';
import { Confirm } from '../../parts/overlay.tsx';
import { Section } from '../../parts/section.tsx';
import { Await, ErrorNote } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { Time } from '../../parts/time.tsx';
import { settingsTexts, administratorTexts as texts } from '../../texts/settings.ts';
import { roleNames } from '../../texts/shell.ts';
import { GiveRole } from './give-role.tsx';
import style from './settings.module.css';

type Administrator = Answer<'listAdministrators'>['items'][number];

/** Who administers, and as what. Nobody changes their own role, nor that of the break-glass account. */
export function Administrators() {
  const me = useMe();
  const list = useRead('listAdministrators', {});
  const [giving, give] = useState<Administrator | 'somebody'>();
  const [leaving, leave] = useState<Administrator>();
  const revoke = useChange('revokeRole', ['listAdministrators', 'getOverview', 'getPerson']);
  return (
    <Section
      title={settingsTexts.parts.administrators}
      action={
        <MayButton small permission="write:administrators" onClick={() => give('somebody')}>
          {texts.add}
        </MayButton>
      }
    >
      {revoke.error !== null && <ErrorNote error={revoke.error} />}
      <Await query={list}>
        {({ value: { items } }) => (
          <Table
            label={settingsTexts.parts.administrators}
            columns={[...columns, acts(me.id, give, leave)]}
            rows={items}
            rowKey={({ person }) => person}
            exportName="administrators"
          />
        )}
      </Await>
      {giving !== undefined && (
        <GiveRole to={giving === 'somebody' ? undefined : giving} onClose={() => give(undefined)} />
      )}
      {leaving && (
        <Confirm
          consequence={texts.removeTitle(leaving.name)}
          action={texts.removeDo}
          onClose={() => leave(undefined)}
          onDo={() => {
            leave(undefined);
            revoke.mutate({ params: { id: leaving.person } });
          }}
        >
          {texts.removeLead}
        </Confirm>
      )}
    </Section>
  );
}

const columns: readonly Column<Administrator>[] = [
  {
    title: settingsTexts.name,
    stays: true,
    cell: ({ person, name, active, breakGlass }) => (
      <span className="row">
        <Name to={places.person(person)}>{name}</Name>
        {breakGlass && <span className="remark">{texts.breakGlass}</span>}
        {!active && <OutcomeMark outcome="stopped">{texts.off}</OutcomeMark>}
      </span>
    ),
    text: ({ email }) => email,
  },
  { title: texts.role, stays: true, cell: ({ role }) => roleNames[role] ?? role, text: ({ role }) => role },
  {
    title: settingsTexts.since,
    cell: ({ grantedAt }) => <Time ms={grantedAt * 1000} />,
    text: ({ grantedAt }) => new Date(grantedAt * 1000).toISOString(),
  },
];

function acts(
  self: string,
  give: (administrator: Administrator) => void,
  leave: (administrator: Administrator) => void,
): Column<Administrator> {
  return {
    title: settingsTexts.act,
    number: true,
    cell: (each) => {
      if (each.person === self) return <span className="remark">{texts.own}</span>;
      if (each.breakGlass) return null;
      return (
        <span className={style.acts}>
          <MayButton small permission="write:administrators" onClick={() => give(each)}>
            {texts.change}
          </MayButton>
          <MayButton small permission="write:administrators" onClick={() => leave(each)}>
            {texts.remove}
          </MayButton>
        </span>
      );
    },
    text: () => '',
  };
}
