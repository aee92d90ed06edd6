import { useMutation, useQueryClient } from '@tanstack/react-query';
import { call, useRead } from '../../data/api.ts';
import { useMe } from '../../data/me.ts';
import { openDraft, useOpenDraft } from '../../data/open-draft.ts';
import { type Choice, editsFor } from './own-rules.ts';

/** Edits of one cell, into the draft that is open, or into a new one that the first touch begins. Nothing is in force by it. */
export function useCellEdit(
  { subject, server }: { readonly subject: string; readonly server: string },
  version: number | undefined,
  draftName: string,
) {
  const { permissions } = useMe();
  const may = permissions.includes('apply');
  const { draft, changed } = useOpenDraft();
  const queries = useQueryClient();
  const inForce = useRead(
    'getVersion',
    { params: { kind: 'access', version: version ?? 1 } },
    { enabled: may && draft === undefined && version !== undefined },
  );
  const document = draft?.value.document ?? inForce.data?.value.document;
  const touch = useMutation({
    mutationFn: async ({ scope, choice }: { readonly scope: string; readonly choice: Choice }) => {
      const at = draft ?? (await call('createDraft', { body: { kind: 'access', name: draftName } }));
      const { id, document: text } = at.value;
      const edits = editsFor(text, { subject, server, scope }, choice);
      const told =
        edits.length === 0 ? at : await call('editDraft', { params: { id }, body: { edits }, ifMatch: at.etag ?? '' });
      // The next touch, and whoever goes on to the draft, has the version that this one made.
      queries.setQueryData(['getDraft', { params: { id } }], told);
      openDraft(id);
    },
    onSettled: changed,
  });
  return { may, document, draft, touch };
}
