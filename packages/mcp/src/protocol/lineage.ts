// What an access token descends from. It is stopped with its issuer, with the signing key of that issuer, or with one client
// or server as far as that issuer speaks for it; so it has to say which that was, to whoever judges it later.

/** A trusted issuer, one of its tenants where it has several, and the key that signed. */
export interface Descent {
  readonly issuer: string;
  readonly tenant: string | undefined;
  readonly kid: string;
}

/** Bits enough that no two meet by chance; nobody gains by making two meet: both would be stopped. */
const markLength = 11;

/** The mark of each ancestor, by which a stop names it. */
export interface Marks {
  readonly issuer: string;
  /** `undefined` where the issuer has no tenants. */
  readonly tenant: string | undefined;
  readonly key: string;
}

/** @param digest - SHA-256 of a text, in base64url */
export function toMarks({ issuer, tenant, kid }: Descent, digest: (text: string) => string): Marks {
  const mark = (...parts: string[]) => digest(JSON.stringify(parts)).slice(0, markLength);
  return {
    issuer: mark('issuer', issuer),
    tenant: tenant === undefined ? undefined : mark('tenant', issuer, tenant),
    key: mark('key', issuer, kid),
  };
}

/** The `credence_lineage` claim of an access token. */
export function toLineage({ issuer, tenant, key }: Marks): string {
  return [issuer, tenant, key].filter((mark) => mark !== undefined).join('.');
}

/** What a lineage says of whoever spoke, without the key: the same for all tokens of one issuer, or of one of its tenants. */
export function speakerOf(lineage: string): string {
  return lineage.slice(0, lineage.lastIndexOf('.'));
}

/** Whether a token descends from what has this mark. One that does not say what it descends from may descend from anything. */
export function descendsFrom(lineage: string | undefined, mark: string): boolean {
  return lineage === undefined || lineage.split('.').includes(mark);
}
