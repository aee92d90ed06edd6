import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { call } from '../../data/api.ts';
import type { Answer } from '../../data/problem.ts';
import { MayButton } from '../../parts/may.tsx';
import { Name, places } from '../../parts/name.tsx';
import { tell } from '../../parts/notes.tsx';
import { Verdict } from '../../parts/section.tsx';
import { ErrorNote } from '../../parts/states.tsx';
import { storyTexts as texts } from '../../texts/decisions.ts';
import { pageAt } from '../pages.ts';
import style from './decision.module.css';
import type { Line } from './line.ts';
import { type Drafted, type Proposal, wayOut } from './proposals.ts';
import { StorySection } from './story-section.tsx';

/** What would have to be different, the smallest change first; each a click from a draft. */
export function WayOut({
  explained,
  line,
  person,
}: {
  readonly explained: Answer<'explainRecord'>;
  readonly line: Line;
  readonly person: string;
}) {
  const { words, proposals } = wayOut(explained, line, person);
  return (
    <StorySection title={texts.wayOut} remark={proposals.length > 1 ? texts.wayOutRemark : undefined}>
      {words !== undefined && <p className="prose">{words}</p>}
      <ul className={style.proposals}>
        {proposals.map((proposal) => (
          <li key={proposal.key}>
            <div>
              <Verdict size="small">
                <b>{proposal.gains}</b>
                {proposal.rest}
              </Verdict>
              <p className="remark">{proposal.remark}</p>
            </div>
            <Action proposal={proposal} />
          </li>
        ))}
      </ul>
    </StorySection>
  );
}

function Action({ proposal: { draft, group } }: { readonly proposal: Proposal }) {
  const navigate = useNavigate();
  const [state, setState] = useState<{ readonly isBusy: boolean; readonly error?: unknown }>({ isBusy: false });
  if (group !== undefined) return <Name to={places.group(group)}>{texts.toGroup}</Name>;
  if (!draft) return null;
  const start = async () => {
    setState({ isBusy: true });
    try {
      const id = await startDraft(draft);
      if (pageAt(places.draft(id))) await navigate({ to: places.draft(id) });
      else tell(texts.draftMade(draft.name));
      setState({ isBusy: false });
    } catch (error) {
      setState({ isBusy: false, error });
    }
  };
  return (
    <div className={style.action}>
      <MayButton permission="apply" disabled={state.isBusy} title={texts.startHint} onClick={() => void start()}>
        {texts.startDraft}
      </MayButton>
      {state.error !== undefined && <ErrorNote error={state.error} />}
    </div>
  );
}

/** Begins a draft of the version in force and puts the rule into it. A rule that has changed meanwhile is not guessed at. */
async function startDraft({ name, rule, toEntry }: Drafted): Promise<string> {
  const { value, etag } = await call('createDraft', { query: {}, body: { kind: 'access', name } });
  const rules = Array.isArray(value.document?.rules) ? value.document.rules : [];
  const entry = toEntry(rules.find((each: { readonly id?: unknown }) => each.id === rule));
  if (entry) {
    const edits = [{ section: 'rules' as const, id: rule, value: entry }];
    await call('editDraft', { params: { id: value.id }, query: {}, ifMatch: etag ?? '', body: { edits } });
  }
  return value.id;
}
