import { Name, places } from '../../parts/name.tsx';
import { toGroupRef } from '../people/group-ref.ts';
import { type Paths, subjectWords } from './path-words.ts';

/** Whom a rule names, leading to them. */
export function SubjectName({ subject, all }: { readonly subject: string; readonly all: Pick<Paths, 'subjects'> }) {
  const at = subject.indexOf(':');
  const [kind, id] = [subject.slice(0, at), subject.slice(at + 1)];
  const words = subjectWords(subject, all);
  if (kind === 'group' || kind === 'role') return <Name to={places.group(toGroupRef(kind, id))}>{words}</Name>;
  return kind === 'user' ? <Name to={places.person(id)}>{words}</Name> : words;
}
