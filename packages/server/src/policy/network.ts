/** Addresses of one prefix; one written with IPv4 bytes means the same mapped into IPv6 (`::ffff:10.0.0.1`). */
export interface Network {
  /** Eight groups of 16 bits. */
  readonly groups: readonly number[];
  /** Bits that count, of 128. */
  readonly bits: number;
}

/** Groups of an IPv4 address mapped into IPv6, before the two that are its own (RFC 4291 §2.5.5.2). */
const mapped = [0, 0, 0, 0, 0, 0xffff];

/** `10.0.0.0/8`, `2001:db8::/32`, or one address; `undefined` for anything else. */
export function parseNetwork(text: string): Network | undefined {
  const [address = '', bits, ...more] = text.split('/');
  const groups = parseAddress(address);
  if (!groups || more.length > 0) return undefined;
  const most = address.includes(':') ? 128 : 32;
  if (bits === undefined) return { groups, bits: 128 };
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > most) return undefined;
  return { groups, bits: 128 - most + Number(bits) };
}

/** Eight groups of 16 bits, or `undefined` for what is no address. Without zones: nobody comes from one across a network. */
export function parseAddress(text: string): readonly number[] | undefined {
  if (!text.includes(':')) {
    const own = parseIpv4(text);
    return own && [...mapped, ...own];
  }
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [before, after] = halves.map((half, at) =>
    half === '' ? [] : parseGroups(half.split(':'), at === halves.length - 1),
  );
  if (!before || (halves.length === 2 && !after)) return undefined;
  const missing = 8 - before.length - (after?.length ?? 0);
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  return [...before, ...Array<number>(missing).fill(0), ...(after ?? [])];
}

export function isInNetwork({ groups, bits }: Network, address: readonly number[]): boolean {
  return groups.every((group, at) => {
    const free = Math.min(16, Math.max(0, 16 * (at + 1) - bits));
    return (group ^ (address[at] ?? 0)) >> free === 0;
  });
}

/** The last of an address may be an IPv4 address, which is two. */
function parseGroups(parts: readonly string[], isEnd: boolean): readonly number[] | undefined {
  const groups: number[] = [];
  for (const [at, part] of parts.entries()) {
    const own = isEnd && at === parts.length - 1 && part.includes('.') ? parseIpv4(part) : undefined;
    if (own) groups.push(...own);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

function parseIpv4(text: string): readonly [number, number] | undefined {
  const parts = text.split('.');
  // A leading zero is octal to some and decimal to others.
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  const [a = 0, b = 0, c = 0, d = 0] = parts.map(Number);
  return [a * 256 + b, c * 256 + d];
}
