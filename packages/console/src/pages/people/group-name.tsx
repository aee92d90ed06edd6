import { useRead } from '../../data/api.ts';
import { useMe } from '../../data/me.ts';
import { Name, places } from '../../parts/name.tsx';
import { toGroupRef } from './group-ref.ts';

/** A group or role by its name, or by its id until that is read, and for those who may not read groups. */
export function GroupName({ kind, id }: { readonly kind: 'group' | 'role'; readonly id: string }) {
  const ref = toGroupRef(kind, id);
  const may = useMe().permissions.includes('read:groups');
  const group = useRead('getGroup', { params: { ref } }, { enabled: may });
  if (!may || group.error) return <code>{id}</code>;
  return <Name to={places.group(ref)}>{group.data?.value.name ?? id}</Name>;
}
