import { Link } from '@tanstack/react-router';

/** Where things are shown. A page that shows one kind of thing takes its address from here. */
export const places = {
  person: (id: string) => `/people/${encodeURIComponent(id)}`,
  group: (ref: string) => `/groups/${encodeURIComponent(ref)}`,
  server: (id: string) => `/servers/${encodeURIComponent(id)}`,
  client: (id: string) => `/clients/${encodeURIComponent(id)}`,
  decisions: (filters: Readonly<Record<string, string>>) => `/decisions?${new URLSearchParams(filters)}`,
  decision: (id: string) => `/decisions/${encodeURIComponent(id)}`,
  request: (id: string) => `/requests/${encodeURIComponent(id)}`,
  draft: (id: string) => `/changes/${encodeURIComponent(id)}`,
  /** A question on the page Reach: ids of whatever it names. */
  reach: (asked: Readonly<Partial<Record<'person' | 'client' | 'server' | 'scope' | 'unused', string>>>) =>
    `/reach?${new URLSearchParams(asked)}`,
  version: (kind: 'access' | 'resource', version: number) => `/changes/${kind}/${version}`,
} as const;

/** A name that leads to what it names: names link everywhere. */
export function Name({ to, children }: { readonly to: string; readonly children: React.ReactNode }) {
  return <Link to={to}>{children}</Link>;
}
