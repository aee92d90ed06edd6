import { toSegment } from '@credence/server/admin-client';
import { Link } from '@tanstack/react-router';

/** Where things are shown. A page that shows one kind of thing takes its address from here. */
export const places = {
  person: (id: string) => `/people/${toSegment(id)}`,
  group: (ref: string) => `/groups/${toSegment(ref)}`,
  server: (id: string) => `/servers/${toSegment(id)}`,
  client: (id: string) => `/clients/${toSegment(id)}`,
  decisions: (filters: Readonly<Record<string, string>>) => `/decisions?${new URLSearchParams(filters)}`,
  decision: (id: string) => `/decisions/${toSegment(id)}`,
  request: (id: string) => `/requests/${toSegment(id)}`,
  draft: (id: string) => `/changes/${toSegment(id)}`,
  /** A question on the page Reach: ids of whatever it names. */
  reach: (asked: Readonly<Partial<Record<'person' | 'client' | 'server' | 'scope' | 'unused', string>>>) =>
    `/reach?${new URLSearchParams(asked)}`,
  version: (kind: 'access' | 'resource', version: number) => `/changes/${kind}/${version}`,
} as const;

/** A name that leads to what it names: names link everywhere. */
export function Name({ to, children }: { readonly to: string; readonly children: React.ReactNode }) {
  return <Link to={to}>{children}</Link>;
}
