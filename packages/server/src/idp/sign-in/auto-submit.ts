/**
 * `oidc-provider` answers some requests with a form that sends itself by script. No script runs on our pages, so the form
 * is taken out of its page and shown with a button.
 */
export interface AutoSubmit {
  readonly action: string;
  readonly inputs: readonly (readonly [name: string, value: string])[];
}

/** The form in such a page, or `undefined` for any other. */
export function parseAutoSubmit(page: unknown): AutoSubmit | undefined {
  if (typeof page !== 'string' || !page.includes('<title>Submitting Callback</title>')) return undefined;
  const [, action] = /<form method="post" action="([^"]*)">/.exec(page) ?? [];
  if (action === undefined) throw new Error('oidc-provider has changed the page that submits itself');
  const inputs = [...page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"\/>/g)];
  return {
    action: unescapeHtml(action),
    inputs: inputs.map(([, name = '', value = '']) => [unescapeHtml(name), unescapeHtml(value)] as const),
  };
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

function unescapeHtml(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => entities[name] ?? '');
}
