import { useThings } from '../../data/names.ts';
import type { Answer } from '../../data/problem.ts';
import { Copyable } from '../../parts/copy.tsx';
import { Name, places } from '../../parts/name.tsx';
import { Section } from '../../parts/section.tsx';
import { enableTexts as texts } from '../../texts/enable.ts';
import style from './enable.module.css';

type Steps = Answer<'serverSteps'>;

/** What no document can do: at somebody else's, on the machine, at the client. */
export function RemainingSteps({
  of: { server, name, steps },
  isDraft = false,
}: {
  readonly of: Steps;
  /** Then the pages that are linked to say nothing of it yet. */
  readonly isDraft?: boolean;
}) {
  const { clientNames } = useThings();
  if (steps.length === 0) return null;
  return (
    <Section title={texts.stepsOf(name)} remark={texts.stepsRemark}>
      <ol className={style.steps}>
        {steps.map(({ about, title, words, text, client, draft }) => (
          <li key={`${about} ${client ?? ''}`}>
            {text === null ? (
              <h3>{title}</h3>
            ) : (
              <Copyable label={title} text={text} copy={texts.copy} copied={texts.copied} />
            )}
            <p className="quiet prose">
              {words} {draft !== undefined && <Name to={places.draft(draft)}>{texts.toDraft}</Name>}
              {!isDraft && client !== null && (about === 'secret' || about === 'set_up') && (
                <Name to={`${places.client(client)}?server=${encodeURIComponent(server)}`}>
                  {texts.toClient(clientNames.get(client) ?? client)}
                </Name>
              )}
            </p>
          </li>
        ))}
      </ol>
    </Section>
  );
}
