import { type IncomingMessage, type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http';

/**
 * Responses that carry `always`, whoever writes them and however, unless they say something else under the same name. Where a
 * head is written from a list of names and values, Node copies it as it is: that takes less than to set one after the other.
 */
export function responseWith(always: Readonly<Record<string, string>>): typeof ServerResponse {
  const pairs = Object.entries(always);
  const withAlways = (given: readonly OutgoingHttpHeader[]) => [
    ...given,
    ...pairs.filter(([name]) => !isNamed(given, name)).flat(),
  ];
  return class<Asked extends IncomingMessage> extends ServerResponse<Asked> {
    override writeHead(status: number, first?: string | Headers, second?: Headers): this {
      const [reason, given] = typeof first === 'string' ? [first, second] : [undefined, first];
      const headers = Array.isArray(given) && this.getHeaderNames().length === 0 ? withAlways(given) : given;
      if (headers === given) for (const [name, value] of pairs) if (!this.hasHeader(name)) this.setHeader(name, value);
      return super.writeHead(status, reason, headers);
    }
  };
}

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[];

function isNamed(list: readonly OutgoingHttpHeader[], name: string): boolean {
  return list.some((item, at) => at % 2 === 0 && String(item).toLowerCase() === name);
}
