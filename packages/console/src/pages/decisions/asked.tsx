import { Link } from '@tanstack/react-router';
import { Fragment } from 'react';
import type { useThings } from '../../data/names.ts';
import type { Answer } from '../../data/problem.ts';
import { OutcomeMark } from '../../parts/marks.tsx';
import { Name, places } from '../../parts/name.tsx';
import { decisionsTexts, storyTexts as texts } from '../../texts/decisions.ts';
import { Scopes } from './columns.tsx';
import style from './decision.module.css';
import { inWords, isQuestion, type Line, outcomeOf, short } from './line.ts';
import { StorySection } from './story-section.tsx';
import { duration } from './why-rows.ts';

interface Fact {
  readonly label: string;
  readonly value: React.ReactNode;
  readonly more?: React.ReactNode;
}

/** Who asked for what, through what, from where. */
export function Asked({
  line,
  person,
  personId,
  byName,
  things,
}: {
  readonly line: Line;
  readonly person: string | undefined;
  readonly personId: string | undefined;
  readonly byName: string | undefined;
  readonly things: ReturnType<typeof useThings>;
}) {
  const { facts } = texts;
  const { client, server, inputs, address, correlation } = line;
  const list: (Fact | false | undefined)[] = [
    person !== undefined && {
      label: facts.person,
      value: personId === undefined || line.erased ? person : <Name to={places.person(personId)}>{person}</Name>,
      more: inputs && (inWords([...inputs.groups, ...inputs.roles]) || texts.noGroups),
    },
    client !== undefined && {
      label: facts.client,
      value: <Name to={places.client(client)}>{things.clientNames.get(client) ?? client}</Name>,
    },
    server !== undefined && {
      label: facts.server,
      value: <Name to={places.server(server)}>{things.serverNames.get(server) ?? server}</Name>,
      more: line.resource ?? line.audience,
    },
    server === undefined &&
      (line.resource ?? line.audience) !== undefined && {
        label: facts.server,
        value: line.resource ?? line.audience,
      },
    isQuestion(line) &&
      line.kind !== 'tool_call' &&
      line.server !== undefined && {
        label: facts.scopes,
        value:
          (line.scopesAsked ?? []).length === 0 ? texts.noScopes : <code>{(line.scopesAsked ?? []).join(' ')}</code>,
      },
    line.tool !== undefined && { label: facts.tool, value: <code>{line.tool}</code> },
    inputs && {
      label: facts.signedIn,
      value: inputs.authTime === undefined ? texts.notKnown : `${duration(inputs.now - inputs.authTime)} ${texts.ago}`,
      more: inputs.amr.join(', '),
    },
    byName !== undefined &&
      line.by !== undefined && {
        label: facts.by,
        value: <Name to={places.person(line.by)}>{byName}</Name>,
      },
    line.source !== undefined && { label: facts.source, value: line.source },
    line.group !== undefined && { label: facts.group, value: <Name to={places.group(line.group)}>{line.group}</Name> },
    line.method !== undefined && { label: facts.method, value: line.method },
    address !== undefined && { label: facts.from, value: <code>{address}</code> },
    correlation !== undefined && {
      label: facts.run,
      value: (
        <Link to="/decisions" search={{ show: 'all', run: correlation }}>
          <code>{short(correlation)}</code>
        </Link>
      ),
    },
  ];
  const shown = list.filter((fact): fact is Fact => Boolean(fact));
  if (shown.length === 0) return null;
  return (
    <StorySection title={texts.asked}>
      <dl className={style.facts}>
        {shown.map(({ label, value, more }) => (
          <div key={label}>
            <dt className="remark">{label}</dt>
            <dd>
              {value}
              {more !== undefined && more !== '' && <span className={`remark ${style.more}`}>{more}</span>}
            </dd>
          </div>
        ))}
      </dl>
    </StorySection>
  );
}

/** What came out, under which version, what the caller heard, and whether it comes out again. */
export function Decided({ line, explained }: { readonly line: Line; readonly explained: Answer<'explainRecord'> }) {
  const { reason, decided } = explained;
  const outcome = outcomeOf(line, () => reason?.wire === 'insufficient_user_authentication');
  return (
    <StorySection title={texts.decided}>
      <p className={style.outcome}>
        <OutcomeMark outcome={outcome}>
          {outcome === 'allowed' && !isQuestion(line) ? decisionsTexts.done : undefined}
        </OutcomeMark>{' '}
        {line.policy && (
          <>
            {texts.underPolicy}{' '}
            <Name to={places.version(line.policy.kind, line.policy.version)}>v{line.policy.version}</Name>.{' '}
          </>
        )}
        {reason && (
          <>
            {texts.told} <code>{reason.wire}</code>.{' '}
          </>
        )}
        {line.detail !== undefined && `${line.detail}. `}
        {decided && (decided.isSame ? texts.same : <b className={style.differs}>{texts.differs}</b>)}
      </p>
      {!decided && outcome !== 'refused' && outcome !== 'again' && (line.scopesGranted ?? []).length > 0 && (
        <Scopes line={line} />
      )}
      {decided && decided.scopes.length > 0 && (
        <dl className={`facts ${style.scopes}`}>
          {decided.scopes.map(({ scope, words }) => (
            <Fragment key={scope}>
              <dt>
                <code>{scope}</code>
              </dt>
              <dd>{words}</dd>
            </Fragment>
          ))}
        </dl>
      )}
    </StorySection>
  );
}

/** What an administrator changed. */
export function Changes({ line: { before = {}, after = {} } }: { readonly line: Line }) {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const text = (value: unknown) =>
    value === undefined ? '–' : typeof value === 'string' ? value : JSON.stringify(value);
  return (
    <StorySection title={texts.changes}>
      <table className={style.changes}>
        <thead>
          <tr>
            <th scope="col">{texts.facts.about}</th>
            <th scope="col">{texts.before}</th>
            <th scope="col">{texts.after}</th>
          </tr>
        </thead>
        <tbody>
          {names.map((name) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                <code>{text(before[name])}</code>
              </td>
              <td>
                <code>{text(after[name])}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </StorySection>
  );
}
