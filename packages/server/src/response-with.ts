import { type IncomingMessage, type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http';

/**
 * Responses that carry `always`, whoever writes them and however, unless they say something else under the same name. Where a
 * head is written from a list of names and values, Node copies it as it is: set one by one, headers take a tenth of what a
 * request costs `node:http`.
 */
export function responseWith(always: Readonly<Record<string, string>>): typeof ServerResponse {
  const pairs = Object.entries(always);
  return class<Asked extends IncomingMessage> extends ServerResponse<Asked> {
    override writeHead(status: number, reason?: string | Headers, headers?: Headers): this {
      const given = typeof reason === 'string' ? headers : reason;
      if (Array.isArray(given) && typeof reason !== 'string' && this.getHeaderNames().length === 0) {
        const missing = pairs.filter(([name]) => !isNamed(given, name));
        return super.writeHead(status, [...given, ...missing.flat()]);
      }
      for (const [name, value] of pairs) if (!this.hasHeader(name)) this.setHeader(name, value);
      return typeof reason === 'string' ? super.writeHead(status, reason, headers) : super.writeHead(status, reason);
    }
  };
}

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[];

function isNamed(list: readonly OutgoingHttpHeader[], name: string): boolean {
  for (let at = 0; at < list.length; at += 2) if (String(list[at]).toLowerCase() === name) return true;
  return false;
}
