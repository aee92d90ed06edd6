import type { Filter, Operator, Value } from './filter.ts';

/** Whether one value of a multi-valued attribute, such as an e-mail, meets a filter. Text is compared without case. */
export function matches(element: unknown, filter: Filter): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.of.every((each) => matches(element, each));
    case 'or':
      return filter.of.some((each) => matches(element, each));
    case 'not':
      return !matches(element, filter.of);
    case 'present':
      return partOf(element, filter.path.name) !== undefined;
    case 'compare':
      return compare(partOf(element, filter.path.name), filter.is, filter.value);
    case 'has':
      return false; // values hold no values of their own
  }
}

function partOf(element: unknown, name: string): unknown {
  if (typeof element !== 'object' || element === null) return name === 'value' ? element : undefined;
  // As it is nearly always: what is kept is spelled as its schema has it.
  if (Object.hasOwn(element, name)) return element[name as keyof typeof element];
  return Object.entries(element).find(([key]) => key.toLowerCase() === name)?.[1];
}

function compare(actual: unknown, is: Operator, expected: Value): boolean {
  if (expected === null) return is === 'ne' ? actual !== undefined : is === 'eq' && actual === undefined;
  const [left, right] = [toComparable(actual), toComparable(expected)];
  if (left === undefined || right === undefined) return is === 'ne';
  switch (is) {
    case 'eq':
      return left === right;
    case 'ne':
      return left !== right;
    case 'co':
      return left.includes(right);
    case 'sw':
      return left.startsWith(right);
    case 'ew':
      return left.endsWith(right);
    case 'gt':
      return left > right;
    case 'ge':
      return left >= right;
    case 'lt':
      return left < right;
    case 'le':
      return left <= right;
  }
}

/** `primary eq "True"` and `primary eq true` mean the same (Entra). */
function toComparable(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number'
    ? String(value).toLowerCase()
    : undefined;
}
