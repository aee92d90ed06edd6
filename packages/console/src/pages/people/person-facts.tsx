import { useRead } from '../../data/api.ts';
import type { Answer } from '../../data/problem.ts';
import { Section } from '../../parts/section.tsx';
import { Await } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import { personTexts as texts } from '../../texts/people.ts';
import { roleNames } from '../../texts/shell.ts';
import { GroupName } from './group-name.tsx';
import style from './people.module.css';

type Person = Answer<'getPerson'>;

/** What the person is in. */
export function Memberships({ person: { groups, roles } }: { readonly person: Person }) {
  return (
    <Section title={texts.memberships}>
      {groups.length + roles.length === 0 && <p className="quiet">{texts.noGroups}</p>}
      <ul className={style.list}>
        {groups.map((id) => (
          <li key={id}>
            <GroupName kind="group" id={id} />
          </li>
        ))}
        {roles.map((id) => (
          <li key={id}>
            <GroupName kind="role" id={id} /> <span className="remark">role</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** How the person proves who they are, and whether they administer. */
export function SignInFacts({ person }: { readonly person: Person }) {
  const factors = useRead('listFactors', { params: { id: person.id } });
  return (
    <Section title={texts.signIn}>
      <dl className="facts">
        <dt>{texts.password}</dt>
        <dd>
          {person.hasPassword ? texts.hasPassword : texts.noPassword}
          {!person.hasPassword && person.source === 'local' && (
            <span className="remark">
              {'. '}
              {texts.invite} <code className={style.command}>credence person invite {person.email}</code>
            </span>
          )}
        </dd>
        <dt>{texts.factors}</dt>
        <dd>
          <Await query={factors} rows={1}>
            {({ value: { items, recoveryCodesLeft } }) =>
              items.length === 0 ? (
                texts.noFactors
              ) : (
                <ul className={style.list}>
                  {items.map((factor) => (
                    <li key={factor.id}>
                      {factor.name}
                      <span className="remark">
                        {texts.kinds[factor.kind]}
                        {factor.synced && ` ${texts.synced}`},{' '}
                        {factor.lastUsedAt === null ? (
                          texts.neverUsed
                        ) : (
                          <>
                            {texts.used} <Time ms={factor.lastUsedAt * 1000} />
                          </>
                        )}
                      </span>
                    </li>
                  ))}
                  <li className="remark">
                    {texts.codes}: {recoveryCodesLeft}
                  </li>
                </ul>
              )
            }
          </Await>
        </dd>
        <dt>{texts.administers}</dt>
        <dd>{person.administers === null ? texts.no : (roleNames[person.administers] ?? person.administers)}</dd>
      </dl>
    </Section>
  );
}
