import { Fragment } from 'react';
import type { Answer } from '../../data/problem.ts';
import { Name, places } from '../../parts/name.tsx';
import { toClock, toExact } from '../../parts/time-words.ts';
import { missingWords, storyTexts as texts } from '../../texts/decisions.ts';
import style from './decision.module.css';
import { type Line, short, toLine, withheldOf } from './line.ts';
import { StorySection } from './story-section.tsx';

/** A grant of a trace, as far as it is drawn. */
interface Grant {
  readonly idJag?: string;
  readonly issuance?: Line;
  readonly policy?: {
    readonly kind: 'access' | 'resource';
    readonly version: number;
    readonly author?: string;
    readonly publishedAtMs?: number;
    readonly rules: readonly { readonly id: string }[];
  };
  readonly redemptions: readonly {
    readonly accessToken: string;
    readonly redemption?: Line;
    readonly calls: readonly Line[];
    readonly callsLeftOut: number;
    readonly missing: readonly string[];
  }[];
  readonly missing: readonly string[];
}

/** From the version of the policy to the last call, on one line; a dashed upright where one trust domain ends. */
export function Chain({
  trace,
  organisation,
}: {
  readonly trace: Answer<'traceRecord'>;
  readonly organisation: string;
}) {
  const grants = trace.grants as unknown as readonly Grant[];
  if (grants.length === 0) return null;
  return (
    <StorySection title={texts.chain}>
      {grants.map((grant) => (
        <GrantChain key={grant.idJag ?? grant.redemptions[0]?.accessToken} grant={grant} organisation={organisation} />
      ))}
    </StorySection>
  );
}

type Facts = readonly (readonly [label: string, value: React.ReactNode] | false | undefined)[];

function GrantChain({ grant, organisation }: { readonly grant: Grant; readonly organisation: string }) {
  const { policy, issuance, redemptions } = grant;
  const [first] = redemptions;
  const line = issuance && toLine(issuance);
  const withheld = line ? withheldOf(line) : [];
  const given = line && (withheld.length === 0 ? texts.allOfIt : (line.scopesGranted ?? []).join(' '));
  return (
    <>
      <div className={style.domains}>
        <span>{texts.domainA(organisation)}</span>
        <span>{texts.domainB}</span>
      </div>
      <ol className={style.chain}>
        <Node
          title={policy ? texts.policyNode(policy.version) : texts.underPolicy}
          isThere={policy !== undefined}
          to={policy && places.version(policy.kind, policy.version)}
          facts={[
            policy && [texts.rules, policy.rules.map(({ id }) => id).join(', ')],
            policy?.author !== undefined && [texts.by, policy.author],
            policy?.publishedAtMs !== undefined && [texts.inForce, toExact(policy.publishedAtMs)],
          ]}
        />
        <Node
          title={texts.decisionNode}
          isThere={line !== undefined}
          to={line && places.decision(line.id)}
          facts={[
            line && [texts.at, toClock(line.timeMs)],
            line && [texts.askedFor, (line.scopesAsked ?? []).join(' ') || texts.noScopes],
            line && [texts.given, given],
          ]}
        />
        <Node
          title={texts.idJagNode}
          isThere={grant.idJag !== undefined}
          missing={grant.missing}
          facts={[
            grant.idJag !== undefined && [texts.id, <code key="id">{short(grant.idJag)}</code>],
            [
              texts.usedAfter,
              first?.redemption && line ? texts.usedAgo(first.redemption.timeMs - line.timeMs) : texts.notYet,
            ],
          ]}
        />
        {redemptions.length === 0 && (
          <Node title={texts.tokenNode} isThere={false} isOther facts={[[texts.at, texts.notYet]]} />
        )}
        {redemptions.map(({ accessToken, redemption, calls, callsLeftOut, missing }) => (
          <Fragment key={accessToken}>
            <Node
              title={texts.tokenNode}
              isThere
              isOther
              missing={missing}
              to={redemption && places.decision(redemption.id)}
              facts={[
                [texts.id, <code key="id">{short(accessToken)}</code>],
                redemption && [texts.at, toClock(redemption.timeMs)],
                redemption?.accountBy !== undefined && [texts.account, redemption.accountBy],
              ]}
            />
            <Calls calls={calls} leftOut={callsLeftOut} />
          </Fragment>
        ))}
      </ol>
    </>
  );
}

function Node({
  title,
  isThere,
  isOther = false,
  to,
  facts,
  missing = [],
}: {
  readonly title: string;
  readonly isThere: boolean;
  /** The first behind the end of our trust domain. */
  readonly isOther?: boolean;
  readonly to?: string | undefined;
  readonly facts: Facts;
  readonly missing?: readonly string[];
}) {
  return (
    <li
      className={[style.node, isThere ? style.there : style.absent, isOther && style.other].filter(Boolean).join(' ')}
    >
      <h3>{to === undefined ? title : <Name to={to}>{title}</Name>}</h3>
      <dl className="facts">
        {facts.map(
          (fact) =>
            fact && (
              <Fragment key={fact[0]}>
                <dt>{fact[0]}</dt>
                <dd>{fact[1]}</dd>
              </Fragment>
            ),
        )}
      </dl>
      {missing.map((each) => (
        <p key={each} className="remark">
          {missingWords[each] ?? each}
        </p>
      ))}
    </li>
  );
}

/** Calls by tool, the most frequent first, each with its bar. */
function Calls({ calls, leftOut }: { readonly calls: readonly Line[]; readonly leftOut: number }) {
  const counts = new Map<string, number>();
  for (const { tool, method, kind } of calls) {
    const name = tool ?? method ?? kind;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const tools = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 6);
  const most = tools[0]?.[1] ?? 1;
  const last = calls.at(-1);
  const refused = calls.filter(({ outcome }) => outcome === 'refused').length;
  return (
    <li className={`${style.node} ${calls.length > 0 ? style.there : style.absent}`}>
      <h3>{texts.callsNode(calls.length + leftOut)}</h3>
      <ul className={style.tools}>
        {tools.map(([tool, count]) => (
          <li key={tool}>
            <code>{tool}</code>
            <span className={style.bar} aria-hidden="true">
              <span style={{ width: `${(100 * count) / most}%` }} />
            </span>
            <span className="number">{count}</span>
          </li>
        ))}
      </ul>
      <p className="remark">
        {last && `${texts.lastCall} ${toClock(last.timeMs)}`}
        {refused > 0 && `, ${texts.refusedCalls(refused)}`}
        {leftOut > 0 && `, ${texts.leftOut(leftOut)}`}
      </p>
    </li>
  );
}
