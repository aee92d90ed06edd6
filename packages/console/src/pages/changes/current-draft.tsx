import { useRead } from '../../data/api.ts';
import { openDraft, useOpenDraft } from '../../data/open-draft.ts';
import { DraftStrip } from '../../parts/draft-strip.tsx';
import { places } from '../../parts/name.tsx';

/** On every page of the policy: the draft that is open, if one is. */
export function CurrentDraft() {
  const { draft } = useOpenDraft();
  const id = draft?.value.id ?? '';
  const { data } = useRead('diffDraft', { params: { id } }, { enabled: id !== '' });
  if (!draft) return null;
  return (
    <DraftStrip
      name={draft.value.name}
      changes={data?.value.entries.length}
      savedMs={draft.value.changedAt * 1000}
      review={places.draft(id)}
      onLeave={() => openDraft('')}
    />
  );
}
