import { useRead } from '../data/api.ts';
import { useMe } from '../data/me.ts';
import { Name, places } from './name.tsx';

/** The name of a person by their id, leading to them; the id where they are gone, or may not be looked at. */
export function PersonName({ id }: { readonly id: string }) {
  const me = useMe();
  const may = id.startsWith('u_') && me.permissions.includes('read:people');
  const { data } = useRead('getPerson', { params: { id } }, { enabled: may });
  const name = id === me.id ? me.name : data?.value.name;
  return name === undefined ? <code>{id}</code> : <Name to={places.person(id)}>{name}</Name>;
}
