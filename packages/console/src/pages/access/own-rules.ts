/** What somebody chooses for one scope in a cell. */
export type Choice = 'allow' | 'none' | 'refuse';

interface Rule {
  readonly id: string;
  readonly [key: string]: unknown;
}

/** An edit as the admin API takes it. */
export interface RuleEdit {
  readonly section: 'rules';
  readonly id: string;
  readonly value?: Readonly<Record<string, unknown>>;
}

type Document = Readonly<Record<string, unknown>>;

/**
 * The rules of a cell that are about nothing else: these people, this server, scopes by name, and no condition. Only they are
 * changed from the matrix; every other rule reaches further and is changed as a whole.
 */
export function ownRule(
  document: Document,
  effect: 'allow' | 'deny',
  subject: string,
  server: string,
): Rule | undefined {
  const known = new Set(['id', effect, 'on', 'to']);
  return rulesOf(document).find(
    (rule) =>
      Array.isArray(rule[effect]) &&
      isOnly(rule.on, server) &&
      isOnly(rule.to, subject) &&
      Object.keys(rule).every((key) => known.has(key)),
  );
}

/** What the rules of the cell itself say of a scope. */
export function choiceOf(document: Document, subject: string, server: string, scope: string): Choice {
  if (scopesOf(ownRule(document, 'deny', subject, server), 'deny').includes(scope)) return 'refuse';
  return scopesOf(ownRule(document, 'allow', subject, server), 'allow').includes(scope) ? 'allow' : 'none';
}

/** The edits that make `choice` so for this scope, and leave the others as they are. */
export function editsFor(
  document: Document,
  { subject, server, scope }: { readonly subject: string; readonly server: string; readonly scope: string },
  choice: Choice,
): readonly RuleEdit[] {
  return (['allow', 'deny'] as const).flatMap((effect): RuleEdit[] => {
    const rule = ownRule(document, effect, subject, server);
    const before = scopesOf(rule, effect);
    const wants = choice === (effect === 'allow' ? 'allow' : 'refuse');
    if (before.includes(scope) === wants) return [];
    const after = wants ? [...before, scope] : before.filter((each) => each !== scope);
    const id = rule?.id ?? freshId(document, subject, server, effect);
    if (after.length === 0) return [{ section: 'rules', id }];
    return [{ section: 'rules', id, value: { id, [effect]: after, on: server, to: [subject] } }];
  });
}

/** A name for a new rule that says what it is about, and that no rule has. */
function freshId(document: Document, subject: string, server: string, effect: 'allow' | 'deny'): string {
  const taken = new Set(rulesOf(document).map(({ id }) => id));
  const name = subject
    .replace(/^\w+:/, '')
    .replace(/[^a-z0-9]+/gi, '-')
    .toLowerCase();
  const wanted = `${name}-${server}${effect === 'deny' ? '-refused' : ''}`.replace(/^-+/, '').slice(0, 48);
  for (let count = 1; ; count += 1) {
    const id = count === 1 ? wanted : `${wanted}-${count}`;
    if (!taken.has(id)) return id;
  }
}

function rulesOf(document: Document): readonly Rule[] {
  return Array.isArray(document.rules) ? (document.rules as Rule[]) : [];
}

function scopesOf(rule: Rule | undefined, effect: 'allow' | 'deny'): readonly string[] {
  return rule ? (rule[effect] as string[]) : [];
}

function isOnly(value: unknown, wanted: string): boolean {
  return value === wanted || (Array.isArray(value) && value.length === 1 && value[0] === wanted);
}
