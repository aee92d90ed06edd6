const levels = ['low', 'medium', 'high'] as const;
type Level = (typeof levels)[number];

/** The most harm that any of these scopes can do; `undefined` where there are none. */
export function highestRisk(scopes: readonly { readonly risk: Level }[]): Level | undefined {
  return levels.findLast((level) => scopes.some(({ risk }) => risk === level));
}
