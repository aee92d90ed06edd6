import { useRead } from '../../data/api.ts';
import { useMayNot } from '../../data/me.ts';
import { Name, places } from '../../parts/name.tsx';
import { PersonName } from '../../parts/person-name.tsx';
import { Section } from '../../parts/section.tsx';
import { requestTexts as texts } from '../../texts/requests.ts';

/** What whoever asked for it needs it for: whoever approves has not read it anywhere else. */
export function AskedFor({ draft }: { readonly draft: string }) {
  const isSeen = useMayNot('read:requests') === undefined;
  const { data } = useRead('requestOfDraft', { params: { id: draft } }, { enabled: isSeen });
  const request = data?.value.request;
  if (!request) return null;
  return (
    <Section title={texts.saysWhy} action={<Name to={places.request(request.id)}>{texts.toRequest}</Name>}>
      <p className="prose">“{request.words}”</p>
      <p className="quiet">
        <PersonName id={request.person.id} />, {texts.wanted[request.wanted]}
      </p>
    </Section>
  );
}
