import { createHmac, hash } from 'node:crypto';
import type { CoveredName, DigestKey, Named } from '../digests.ts';
import type { Draft } from '../drafts.ts';
import type { AccountKey, AuditRow, Effect, Mark, Person, PolicyVersion, Signal, Store } from '../store.ts';

/** A store under test. Where there is only one way in (memory), `another` and `reopen` resolve to `store` itself. */
export interface StoreUnderTest {
  readonly store: Store;
  /** A second way in to the same data, as another node has. */
  another(): Promise<Store>;
  /** Closes the store and opens the same data again, under the same node name. */
  reopen(): Promise<Store>;
  close(): Promise<void>;
}

/** How a part of the contract reaches the store; asked anew each time, because tests reopen it. */
export interface Access {
  store(): Store;
  another(): Promise<Store>;
  reopen(): Promise<Store>;
}

/** The time these tests pretend it is, and one that stays in the future. */
export const now = 1_800_000_000;
export const far = 4_000_000_000;
let made = 0;
/** A name nothing else in this run has. */
export const fresh = (what: string) => `${what}-${++made}`;
/** A line of the record that nobody else wrote. */
export const row = (change: Partial<AuditRow> = {}): AuditRow => {
  const id = change.id ?? fresh('decision');
  return { id, kind: 'issuance', timeMs: now * 1000, body: JSON.stringify({ id }), ...change };
};
/** A mark that nobody else used. */
export const idJag = (id = fresh('jti'), until = far): Mark => ({ kind: 'id_jag', id, until });
/** A person nobody else is. */
export const erin = (change: Partial<Person> = {}): Person => {
  const id = change.id ?? fresh('u');
  const base = { source: 'local', email: `${id}@acme.example`, name: 'Erin', active: true, groups: [], roles: [] };
  return { id, ...base, ...change };
};
/** A subject nobody else is. */
export const subjectKey = (change: Partial<AccountKey> = {}): AccountKey => ({
  issuer: 'https://a.example',
  tenant: undefined,
  subject: fresh('subject'),
  ...change,
});
/** A signal that nobody has taken; it changes what is given. */
export const signal = (change: Partial<Effect> = {}, id = fresh('set')): Signal => {
  const none = { grantsBefore: 0, tokensBefore: 0, disabledAt: 0, enabledAt: 0 };
  return { id, until: far, effect: { key: subjectKey(), ...none, until: now + 100, ...change } };
};
/** A policy version as `append` takes it. */
export const version = (number: number, document: string, kind: PolicyVersion['kind'] = 'access'): PolicyVersion => {
  const digest = hash('sha256', document, 'base64url');
  return { kind, version: number, document, digest, author: 'u_dana', publishedAt: now };
};
/** A draft of nobody else. */
export const draft = (document: string, change: Partial<Draft> = {}): Draft => ({
  id: fresh('dr'),
  kind: 'access',
  name: 'A change',
  base: 1,
  document,
  digest: hash('sha256', document, 'base64url'),
  revision: 1,
  state: 'open',
  authors: ['u_dana'],
  createdAt: now,
  changedAt: now,
  ...change,
});
/** A key that covers a store for as long as the test lasts. */
export function newDigestKey(secret = 'k'): DigestKey & { readonly adopted: Set<CoveredName | Named> } {
  const adopted = new Set<CoveredName | Named>();
  return {
    adopted,
    mac: async (text) => createHmac('sha256', secret).update(text).digest('base64url'),
    isAdopted: async (part) => adopted.has(part),
    markAdopted: async (part) => void adopted.add(part),
  };
}
