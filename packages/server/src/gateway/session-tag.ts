import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Binds an id of an upstream to its owner without keeping a list of them: the id the client sees carries a tag that only we
 * can make, over the id and its owner. In other hands, or changed, it is no id (MCS-13, T35).
 */
export interface Tags {
  seal(id: string, owner: readonly string[]): string;
  /** The id of the upstream, or `undefined` when it was not sealed for this owner. */
  open(shown: string, owner: readonly string[]): string | undefined;
}

export function createTags(secret: string): Tags {
  const tagOf = (id: string, owner: readonly string[]) =>
    createHmac('sha256', secret)
      .update(JSON.stringify([...owner, id]))
      .digest('base64url');
  return {
    seal: (id, owner) => `${id}.${tagOf(id, owner)}`,
    open(shown, owner) {
      const dot = shown.lastIndexOf('.');
      if (dot < 1) return undefined;
      const id = shown.slice(0, dot);
      const [tag, expected] = [Buffer.from(shown.slice(dot + 1)), Buffer.from(tagOf(id, owner))];
      return tag.length === expected.length && timingSafeEqual(tag, expected) ? id : undefined;
    },
  };
}
