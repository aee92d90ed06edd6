import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { call, readAgain, type Told, useRead } from '../../data/api.ts';
import { useMe } from '../../data/me.ts';
import { openDraft, openDraftId, useOpenDraft } from '../../data/open-draft.ts';
import { ApiProblem, toProblem } from '../../data/problem.ts';
import { tell } from '../../parts/notes.tsx';
import { accessTexts as texts } from '../../texts/access.ts';
import {
  applied,
  type CellOfRules,
  type Document,
  editsBack,
  editsFor,
  type RuleEdit,
  type ScopeSays,
} from './cell-rules.ts';

/**
 * Edits of one cell, into the draft that is open, or into a new one that the first touch begins. Nothing is in force by it. Touches
 * are saved one after the other, each on what the one before it made.
 */
export function useCellEdit(cell: CellOfRules, version: number | undefined, draftName: string) {
  const { permissions } = useMe();
  const may = permissions.includes('apply');
  const { draft } = useOpenDraft();
  const queries = useQueryClient();
  const inForce = useRead(
    'getVersion',
    { params: { kind: 'access', version: version ?? 1 } },
    { enabled: may && draft === undefined && version !== undefined },
  );
  const saved = draft?.value.document ?? inForce.data?.value.document;
  /** The text as it will be when what was touched is saved: what is shown, and what the next touch starts from. */
  const [ahead, setAhead] = useState<Document>();
  const waiting = useRef(0);
  const document = ahead ?? saved;
  /** The text before the first touch of this cell: what Undo goes back to. */
  const [before, setBefore] = useState<Document>();
  /** Why some touch was not saved, also when one after it was. */
  const [failure, setFailure] = useState<unknown>();
  const isOpen = useRef(true);
  useEffect(() => {
    isOpen.current = true;
    return () => {
      isOpen.current = false;
    };
  }, []);

  /** The draft that is open; `undefined` where none is, or no more. */
  async function draftNow(): Promise<Told<'getDraft'> | undefined> {
    const id = openDraftId();
    if (id === '') return undefined;
    const read = queries.getQueryState<Told<'getDraft'>>(['getDraft', { params: { id } }]);
    const known = read?.error ? undefined : read?.data;
    return known ?? (await call('getDraft', { params: { id } }).catch(orGone));
  }

  async function textInForce(): Promise<Document> {
    const asked = { params: { kind: 'access', version: version ?? 1 } } as const;
    return inForce.data?.value.document ?? (await call('getVersion', asked)).value.document;
  }

  /** Begins one with these edits of the version that is shown here, if that is in force still. */
  async function begin(text: Document, edits: readonly RuleEdit[]): Promise<Told<'getDraft'>> {
    const body = { kind: 'access', name: draftName, base: version ?? 1, edits: [...edits] } as const;
    const { value, etag } = await call('createDraft', { query: { document: 'none' }, body });
    return { value: { ...value, document: applied(text, edits) }, etag };
  }

  /** The text is the same here and there: it need not come back. Looked at anew with the page. */
  async function save({ value, etag }: Told<'getDraft'>, edits: readonly RuleEdit[]): Promise<Told<'getDraft'>> {
    const asked = { params: { id: value.id }, query: { document: 'none' }, body: { edits: [...edits] } } as const;
    const head = await call('editDraft', { ...asked, ifMatch: etag ?? '' });
    return { value: { ...value, ...head.value, document: applied(value.document, edits) }, etag: head.etag };
  }

  const edit = useMutation({
    // One after the other, however quickly keys are pressed.
    scope: { id: 'cell' },
    mutationFn: async (toEdits: (document: Document) => readonly RuleEdit[]) => {
      // An answer that is on its way is of the text before this touch.
      await queries.cancelQueries({ queryKey: ['getDraft'] });
      const at = await draftNow();
      const text = at?.value.document ?? (await textInForce());
      const edits = [...toEdits(text)];
      if (!at && edits.length === 0) return;
      const now = at ? (edits.length === 0 ? at : await save(at, edits)) : await begin(text, edits);
      // The next touch, and whoever goes on to the draft, has the version that this one made.
      queries.setQueryData(['getDraft', { params: { id: now.value.id } }], now);
      openDraft(now.value.id);
    },
    onError: (error) => {
      setFailure(error);
      // Closed meanwhile, nothing else would say so.
      if (!isOpen.current) tell(texts.notSaved(toProblem(error).detail));
    },
    onSettled: (_, error) => {
      waiting.current -= 1;
      // Counted again when the last of them is saved; nobody waits for that.
      if (waiting.current > 0) return;
      setAhead(undefined);
      // Somebody else may have saved: then what is here is not the draft.
      if (error) void readAgain(queries, ['getDraft']);
      // What it does to people first: that is what is looked at.
      void readAgain(queries, ['diffDraft']).then(() => readAgain(queries, afterwards));
    },
  });

  function make(toEdits: (text: Document) => readonly RuleEdit[]): boolean {
    const edits = document && toEdits(document);
    // What is so already begins no draft.
    if (!document || !edits || edits.length === 0) return false;
    if (waiting.current === 0) setFailure(undefined);
    waiting.current += 1;
    setAhead(applied(document, edits));
    edit.mutate(toEdits);
    return true;
  }

  return {
    may,
    document,
    draft,
    isSaving: edit.isPending,
    error: failure,
    touch(wanted: ReadonlyMap<string, ScopeSays>) {
      if (make((text) => editsFor(text, cell, wanted))) setBefore((known) => known ?? document);
    },
    undo:
      before &&
      (() => {
        setBefore(undefined);
        make((text) => editsBack(text, cell, before));
      }),
  };
}

/** What is read again when it is counted what a touch does. */
const afterwards = ['getCell', 'getMatrix', 'getDraftHead', 'listDrafts', 'draftSteps', 'whatIf'] as const;

/** Published or discarded by somebody meanwhile: the next touch begins another. */
function orGone(error: unknown): undefined {
  if (!(error instanceof ApiProblem && error.problem.status === 404)) throw error;
}
