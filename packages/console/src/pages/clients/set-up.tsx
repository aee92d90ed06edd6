import { useRead } from '../../data/api.ts';
import { useChoices } from '../../data/names.ts';
import { Segmented } from '../../parts/button.tsx';
import { Copyable } from '../../parts/copy.tsx';
import { Choice } from '../../parts/field.tsx';
import { Section } from '../../parts/section.tsx';
import { Await } from '../../parts/states.tsx';
import { useUrlState } from '../../parts/url-state.ts';
import { clientTexts as texts } from '../../texts/clients.ts';

/** What to paste where, for each kind of client and each server. */
export function SetUp({ id }: { readonly id: string }) {
  const [server, setServer] = useUrlState('server');
  const [kind, setKind] = useUrlState('kind');
  const { servers } = useChoices('granted');
  const query = useRead('getSetUp', {
    params: { side: 'idp', id },
    query: server === '' ? {} : { server },
  });
  return (
    <Section title={texts.setUpTitle} remark={texts.setUpRemark}>
      <Await query={query}>
        {({ value: { server: shown, setUps } }) => {
          const chosen = setUps.find((each) => each.kind === kind) ?? setUps[0];
          return (
            <>
              <div className="row">
                <Segmented
                  label={texts.kinds}
                  value={chosen?.kind ?? 'curl'}
                  options={setUps.map((each) => ({ value: each.kind, label: each.name }))}
                  onChange={setKind}
                />
                <Choice label={texts.forServer} value={shown} options={servers} onChange={setServer} />
              </div>
              {chosen?.remark && <p className="quiet prose">{chosen.remark}</p>}
              {chosen?.steps.map(({ title, text }) => (
                <Copyable key={title} label={title} text={text} copy={texts.copy} copied={texts.copied} />
              ))}
            </>
          );
        }}
      </Await>
    </Section>
  );
}
