import type { EpochSeconds, Refusal } from '@credence/mcp/protocol';
import type { z } from 'zod';
import type { Facts, RecordKind } from '../../audit/record.ts';
import type { Permission } from '../../directory/permissions.ts';
import { maxBodyBytes } from '../../door.ts';
import type { AuditRow } from '../../store/store.ts';
import type { Administrator } from './administrator.ts';
import type { AdminServices } from './services.ts';

/** One request of an administrator who may make it, its values parsed. */
export interface ApiCall<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly by: Administrator;
  readonly now: EpochSeconds;
  readonly nowMs: number;
  /** The version the caller speaks of; see {@link Route.versioned}. */
  readonly ifMatch: string;
  /** `Last-Event-ID`: where a stream that broke off is to go on. */
  readonly lastEventId: string | undefined;
  /** Whether the caller may still do this; asked again and again by what goes on for long. It is no use of their session. */
  mayStill(): Promise<boolean>;
  /** A line of the record that tells of this call, to be written in one step with what it changes. */
  row(kind: RecordKind, facts: Facts): AuditRow;
}

/** What a handler answers. A refusal may say more than its row does: whoever hears it has proven who they are. */
export type Outcome<T> = { readonly ok: true; readonly value: T; readonly etag?: string } | Refused;

export interface Refused {
  readonly ok: false;
  readonly refusal: Refusal;
  readonly detail?: string;
  readonly errors?: readonly ValueError[];
  /** Of a conflict: what there is now, to compare with. */
  readonly current?: unknown;
}

/** What is wrong with one value, and where it stands. */
export interface ValueError {
  readonly at: string;
  readonly problem: string;
}

export function answer<T>(value: T, etag?: string): Outcome<T> {
  return { ok: true, value, ...(etag !== undefined && { etag }) };
}

export function refuse(refusal: Refusal, detail?: string): Refused {
  return { ok: false, refusal, ...(detail !== undefined && { detail }) };
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** One operation: from here come what is checked, what is described in the OpenAPI document, and the types of the client. */
export interface Route {
  readonly method: Method;
  /** Behind `/api/v1`; parts in braces are in `params`. */
  readonly path: string;
  /** Unique; names the operation in the document and in the client. */
  readonly id: string;
  readonly summary: string;
  /** `undefined` = every administrator. */
  readonly permission: Permission | undefined;
  /** Takes a sign-in less than 15 minutes old. A token that may do it needs none. */
  readonly fresh: boolean;
  /** Changes what was read before: `If-Match` says in which version, and nobody's change is overwritten unseen. */
  readonly versioned: boolean;
  readonly params: z.ZodObject | undefined;
  readonly query: z.ZodObject | undefined;
  readonly body: z.ZodObject | undefined;
  /** Larger than usual where whole documents are sent. */
  readonly maxBytes: number;
  readonly status: 200 | 201 | 204;
  readonly answer: z.ZodType | undefined;
  /** Answers with bytes of this type that go on for a while, instead of with JSON. */
  readonly stream: 'text/event-stream' | 'text/csv' | 'application/jsonl' | undefined;
  readonly handle: (call: ApiCall<never, never, never>, services: AdminServices) => Promise<Outcome<unknown>>;
}

type Values<S extends z.ZodObject | undefined> = S extends z.ZodObject ? z.output<S> : undefined;

/** Declares an operation; the values its handler gets have the types of the schemas it names. */
export function route<
  A extends z.ZodType | undefined = undefined,
  P extends z.ZodObject | undefined = undefined,
  Q extends z.ZodObject | undefined = undefined,
  B extends z.ZodObject | undefined = undefined,
  S extends Route['stream'] = undefined,
>(declared: {
  readonly method: Method;
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly permission: Permission | undefined;
  readonly fresh?: boolean;
  readonly versioned?: boolean;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly maxBytes?: number;
  readonly status?: 200 | 201 | 204;
  readonly answer?: A;
  readonly stream?: S;
  readonly handle: (
    call: ApiCall<Values<P>, Values<Q>, Values<B>>,
    services: AdminServices,
  ) => Promise<Outcome<S extends string ? ReadableStream<Uint8Array> : A extends z.ZodType ? z.output<A> : undefined>>;
}): Route {
  return {
    fresh: false,
    versioned: false,
    params: undefined,
    query: undefined,
    body: undefined,
    maxBytes: maxBodyBytes,
    status: declared.answer || declared.stream ? 200 : 204,
    answer: undefined,
    stream: undefined,
    ...declared,
  } as Route;
}
