/** What names a group or role in addresses, as the server has it: an id may hold any character. */
export function toGroupRef(kind: 'group' | 'role', id: string): string {
  const bytes = new TextEncoder().encode(`${kind}:${id}`);
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
}
