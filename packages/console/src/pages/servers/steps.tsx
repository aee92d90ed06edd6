import type { Answer } from '../../data/problem.ts';
import { Copyable } from '../../parts/copy.tsx';
import { Name, places } from '../../parts/name.tsx';
import { Section } from '../../parts/section.tsx';
import { enableTexts as texts } from '../../texts/enable.ts';
import style from './enable.module.css';

type Steps = Answer<'serverSteps'>;

/** What no document can do: at somebody else's, on the machine, at the client. */
export function RemainingSteps({ of: { server, name, steps } }: { readonly of: Steps }) {
  if (steps.length === 0) return null;
  return (
    <Section title={texts.stepsOf(name)} remark={texts.stepsRemark}>
      <ol className={style.steps}>
        {steps.map(({ about, title, words, text, client }) => (
          <li key={`${about} ${client ?? ''}`}>
            <h3>{title}</h3>
            <p className="quiet prose">
              {words}{' '}
              {client !== null && (about === 'secret' || about === 'set_up') && (
                <Name to={`${places.client(client)}?server=${encodeURIComponent(server)}`}>
                  {texts.toClient(client)}
                </Name>
              )}
            </p>
            {text !== null && <Copyable label={title} text={text} copy={texts.copy} copied={texts.copied} />}
          </li>
        ))}
      </ol>
    </Section>
  );
}
