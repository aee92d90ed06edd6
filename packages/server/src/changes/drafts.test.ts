import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readRecord } from '../audit/personal.ts';
import { toRow } from '../audit/record.ts';
import { parsePolicy } from '../policy/parse.ts';
import { digestOf } from '../store/drafts.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { type AuditRow, type PolicyKind, StoreConflict } from '../store/store.ts';
import { beginDraft, discardDraft, editDraft, type Ground, type PolicyDraft, rebaseDraft } from './drafts.ts';
import { done, type Outcome, refused } from './outcome.ts';
import { publishDraft } from './publish.ts';

const origins = { idp: 'https://id.acme.example', ras: 'https://mcp.acme.example' };
const now = 1_800_000_000;
const client = '{ redirect_uris: [http://localhost/cb], client_ids: { https://mcp.acme.example: code } }';
const text = `
servers: { wiki: { local: wiki, scopes: { read: {} } }, mail: { local: mail, scopes: { send: {} } } }
clients: { code: ${client} }
rules: [{ id: all, allow: [read], on: wiki, to: [group:eng] }]
`;

async function open() {
  const store = await openSqliteStore(':memory:', { node: 'one' });
  const lines: AuditRow[] = [];
  const row: Ground['row'] = (kind, facts) => {
    const head = {
      v: 2,
      id: `a_${lines.length}`,
      kind,
      domain: 'admin',
      timeMs: now * 1000,
      outcome: 'allowed',
    } as const;
    lines.push(toRow({ ...head, ...facts }));
    return lines.at(-1) as AuditRow;
  };
  const ground: Ground = { store, origins, now, by: 'u_a', row };
  const publish = async (kind: PolicyKind, version: number, written = text) => {
    const parsed = parsePolicy(written, kind);
    assert.ok(parsed.ok, JSON.stringify(parsed));
    const document = JSON.stringify(parsed.document);
    await store.policies.append(
      { kind, version, document, digest: digestOf(document), author: 'file', publishedAt: now },
      [],
    );
  };
  await publish('access', 1);
  const last = () => readRecord(lines.at(-1) as AuditRow);
  const begin = async (more: Partial<Parameters<typeof beginDraft>[1]> = {}) =>
    accepted(await beginDraft(ground, { kind: 'access', name: 'A change', ...more }));
  return { store, ground, publish, last, begin };
}

function accepted<T>(outcome: Outcome<T>): T {
  assert.ok(outcome.ok, JSON.stringify(outcome));
  return outcome.value;
}

function refusalOf(outcome: Outcome<unknown>, refusal: string) {
  assert.ok(!outcome.ok, JSON.stringify(outcome));
  assert.equal(outcome.refusal, refusal);
  return outcome;
}

const more = { section: 'rules', id: 'more', value: { allow: ['send'], on: 'mail', to: ['everyone'] } } as const;
const less = { section: 'rules', id: 'all' } as const;

describe('the steps of a draft', () => {
  test('begun: by whom, on what, and with the text of which version, stands on the record', async () => {
    const { begin, last } = await open();
    const { authors } = await begin({ also: ['u_b', 'u_a'] });
    assert.deepEqual(authors, ['u_b', 'u_a']);
    assert.match(last().detail ?? '', /begun on version 1$/);
    assert.equal('before' in last(), false);
    await begin({ version: 1 });
    assert.match(last().detail ?? '', /begun on version 1, with the text of version 1$/);
  });

  test('not begun where what is made of the text is refused', async () => {
    const { ground, store } = await open();
    const change = () => refused('api_conflict', { detail: 'no' });
    const outcome = await beginDraft(ground, { kind: 'access', name: 'n', change });
    assert.equal(refusalOf(outcome, 'api_conflict').detail, 'no');
    assert.deepEqual(await store.drafts.list(), []);
    const kept = await beginDraft(ground, { kind: 'access', name: 'n', change: (document) => done(document) });
    assert.ok(kept.ok);
  });

  test('edited: the record has the digest of before, and whoever was not the first sees what there is now', async () => {
    const { ground, store, begin, last } = await open();
    const draft = await begin();
    const edited = accepted(await editDraft(ground, draft, { edits: [more] }));
    assert.deepEqual([last().before, last().after?.digest], [{ digest: draft.digest }, edited.digest]);
    const late = refusalOf(await editDraft(ground, draft, { edits: [less] }), 'api_version_differs');
    assert.deepEqual((late.current as PolicyDraft).revision, 2);
    assert.deepEqual(Object.keys(late.current as object), [
      ...['revision', 'digest', 'authors', 'changedAt', 'document'],
    ]);
    await store.drafts.remove(draft.id, 2, []);
    assert.equal(
      refusalOf(await editDraft(ground, edited, { edits: [less] }), 'api_version_differs').current,
      undefined,
    );
  });

  test('edited: what is to be taken out has to be there, and is named where it is not', async () => {
    const { ground, begin } = await open();
    const late = await editDraft(ground, await begin(), { edits: [{ section: 'rules', id: 'gone' }] });
    assert.deepEqual(refusalOf(late, 'draft_mistaken').errors, [{ at: 'rules.gone', problem: 'is not in this draft' }]);
  });

  test('moved: not to where the two together are mistaken', async () => {
    const { ground, publish, begin } = await open();
    const draft = await begin();
    const edited = accepted(await editDraft(ground, draft, { edits: [more] }));
    await publish('access', 2, text.replace(', mail: { local: mail, scopes: { send: {} } }', ''));
    refusalOf(await rebaseDraft(ground, edited, undefined), 'draft_mistaken');
  });

  test('discarded: in the revision that was seen, with a line of the kind that its change would have', async () => {
    const { ground, store, begin, last } = await open();
    const draft = await begin();
    const edited = accepted(await editDraft(ground, draft, { edits: [more] }));
    refusalOf(await discardDraft(ground, draft), 'api_version_differs');
    accepted(await discardDraft(ground, edited));
    assert.equal(last().kind, 'policy');
    const resource = await begin({ kind: 'resource', document: { clients: { code: {} } } });
    accepted(await discardDraft(ground, resource));
    assert.equal(last().kind, 'policy');
    const members = { ...edited, id: 'dr_m', kind: 'members' as const };
    await store.drafts.add(members, []);
    accepted(await discardDraft(ground, members));
    assert.equal(last().kind, 'admin');
  });
});

describe('what is published', () => {
  test('is the text that was named: another is told by the digest that it has now', async () => {
    const { ground, begin } = await open();
    const draft = await begin();
    const outcome = refusalOf(await publishDraft(ground, draft, 'x'.repeat(43)), 'draft_text_differs');
    assert.deepEqual(outcome.current, { digest: draft.digest });
  });

  test('stands on the version in force: that there is another is found before anything is done', async () => {
    const { ground, begin, publish } = await open();
    const draft = await begin();
    await publish('access', 2);
    const outcome = refusalOf(await publishDraft(ground, draft, draft.digest), 'draft_behind');
    assert.deepEqual(outcome.current, { base: 1, inForce: 2, author: 'file' });
  });

  test('is a document of today: what this version does not take, or reads differently, is saved again', async () => {
    const { ground, begin } = await open();
    const draft = await begin();
    const as = (document: string) => ({ ...draft, document, digest: digestOf(document) });
    const mistaken = as('{"rules":[{"id":"x"}]}');
    refusalOf(await publishDraft(ground, mistaken, mistaken.digest), 'draft_mistaken');
    const otherwise = as(`${draft.document} `);
    const outcome = refusalOf(await publishDraft(ground, otherwise, otherwise.digest), 'draft_text_differs');
    assert.match(outcome.detail ?? '', /Save it again/);
  });

  test('stands on the record with what it widens, where it does', async () => {
    const { ground, begin, last } = await open();
    const narrower = accepted(await editDraft(ground, await begin(), { edits: [less] }));
    accepted(await publishDraft(ground, narrower, narrower.digest));
    assert.equal('widens' in (last().after ?? {}), false);
    const wider = accepted(await editDraft(ground, await begin(), { edits: [more] }));
    accepted(await publishDraft(ground, wider, wider.digest));
    assert.deepEqual(last().after?.widens, ['rules on mail grant more']);
  });

  test('is the next version: of two at the same moment one is told so, and a fault is none', async () => {
    const { ground, begin } = await open();
    const draft = await begin();
    const failing = (error: Error): Ground => {
      const append = async () => Promise.reject(error);
      return { ...ground, store: { ...ground.store, policies: { ...ground.store.policies, append } } };
    };
    const outcome = await publishDraft(failing(new StoreConflict('there is one')), draft, draft.digest);
    assert.match(refusalOf(outcome, 'draft_behind').detail ?? '', /at the same moment/);
    await assert.rejects(publishDraft(failing(new Error('disk full')), draft, draft.digest), /disk full/);
  });
});
