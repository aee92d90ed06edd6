/** What people call what a scope lets one do, where its name says so: most are a thing and one of these. */
const verbs: Readonly<Record<string, string>> = {
  read: 'read',
  view: 'read',
  list: 'list',
  search: 'search',
  write: 'write',
  create: 'create',
  update: 'change',
  edit: 'change',
  delete: 'delete',
  send: 'send',
  run: 'run',
  deploy: 'deploy',
};

/** Of more things than this nobody reads the list. */
const mostThings = 3;

/**
 * `issues:read`, `issues:write` as `read and write issues`; `undefined` where one of the names tells people nothing. Employees never
 * see the names of scopes.
 */
export function toDoing(scopes: readonly string[]): string | undefined {
  const things = new Map<string, string[]>();
  for (const scope of scopes) {
    const parts = scope.toLowerCase().split(/[:.]/);
    const at = parts.findIndex((part) => Object.hasOwn(verbs, part));
    const [thing, another] = parts.filter((_, index) => index !== at);
    if (at < 0 || thing === undefined || another !== undefined || !/^[a-z][a-z_-]*$/.test(thing)) return undefined;
    const verb = verbs[parts[at] ?? ''] ?? '';
    const known = things.get(thing) ?? [];
    things.set(thing, known.includes(verb) ? known : [...known, verb]);
  }
  if (things.size === 0 || things.size > mostThings) return undefined;
  return inWords([...things].map(([thing, doing]) => `${inWords(doing)} ${thing.replace(/[_-]/g, ' ')}`));
}

/** `a`, `a and b`, `a, b and c`. */
export function inWords(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
