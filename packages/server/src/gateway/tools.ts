import { createHash } from 'node:crypto';
import { isObject, type JsonObject } from '@credence/mcp/protocol';
import type { ResourceServer } from '../policy/model.ts';
import { lookalikesOf } from './message.ts';

/** Remembers each tool's definition as the upstream last listed it, by its hash, so that a call record can name it (T33). */
export interface ToolBook {
  /** SHA-256 of the definition, base64url; `null` when the tool was never listed here. */
  hashOf(serverId: string, tool: string): string | null;
  /** Notes what a `tools/list` result holds, and leaves only the tools that these scopes cover. */
  filter(server: ResourceServer, scopes: readonly string[], result: JsonObject): JsonObject;
  /** Another upstream lists its own tools. */
  forget(serverId: string): void;
}

/** By which a tool is known. */
const inTool = lookalikesOf('name');

/** More definitions of one server than this, and of names longer than that, are not remembered; their calls say `null`. */
const [maxTools, maxNameLength] = [5000, 1024];

export function createToolBook(): ToolBook {
  const hashes = new Map<string, Map<string, string>>();

  const note = (serverId: string, tool: JsonObject, name: string) => {
    const book = hashes.get(serverId) ?? new Map<string, string>();
    hashes.set(serverId, book);
    if (name.length <= maxNameLength && (book.size < maxTools || book.has(name))) {
      book.set(name, createHash('sha256').update(canonical(tool)).digest('base64url'));
    }
  };

  return {
    forget: (serverId) => void hashes.delete(serverId),
    hashOf: (serverId, tool) => hashes.get(serverId)?.get(tool) ?? null,
    filter(server, scopes, result) {
      if (!Array.isArray(result.tools)) return result;
      const tools = result.tools.filter((tool): tool is JsonObject => {
        if (!isObject(tool) || typeof tool.name !== 'string' || inTool(tool)) return false;
        note(server.id, tool, tool.name);
        const scope = server.scopeOfTool(tool.name);
        return scope !== undefined && scopes.includes(scope);
      });
      return { ...result, tools };
    },
  };
}

/** The same definition gives the same text, whatever the order of its members. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? 'null';
  const members = Object.keys(value)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`);
  return `{${members.join(',')}}`;
}
