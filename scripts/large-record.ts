import type { AuditRecord } from '../packages/server/src/audit/record.ts';
import type { AccessIndex } from '../packages/server/src/policy/compile.ts';
import { splitSubject } from '../packages/server/src/policy/compile-rules.ts';
import { decide } from '../packages/server/src/policy/decide.ts';
import { clients, createDice, type LargePerson, peopleOf, type Size, serverName } from './large-model.ts';

/**
 * What people did, as the record has it: each goes where a rule lets one of their groups, and one in twenty somewhere else. What
 * came of it is what the policy decides, so that it can be explained and decided again.
 */
export function createLines(size: Size, index: AccessIndex): (at: number, timeMs: number) => AuditRecord {
  const people = [...peopleOf(size)];
  const byGroup = new Map<string, LargePerson[]>();
  for (const person of people) {
    for (const group of person.groups) {
      const known = byGroup.get(group);
      if (known) known.push(person);
      else byGroup.set(group, [person]);
    }
  }
  const ways = [...index.rules].flatMap(([server, { all }]) =>
    all.flatMap(({ effect, to, through }) =>
      effect === 'allow' ? to.map((subject) => ({ server, group: splitSubject(subject)[1], through })) : [],
    ),
  );

  return (at, timeMs) => {
    const dice = createDice(at + 3);
    const way = ways[dice(ways.length)];
    const members = byGroup.get(way?.group ?? '') ?? [];
    const isElsewhere = dice(20) === 0 || members.length === 0 || way === undefined;
    const person = (isElsewhere ? people[dice(people.length)] : members[dice(members.length)]) as LargePerson;
    const server = isElsewhere ? serverName(dice(size.servers)) : way.server;
    // Everybody works with one client or two.
    const own = clients[(Number(person.id.slice(2)) + dice(2)) % clients.length] ?? '';
    const client = isElsewhere ? own : ([...(way.through ?? [own])][0] ?? own);
    const scopesAsked = [...(index.servers.get(server)?.scopes.keys() ?? [])].slice(0, 1);
    const now = Math.floor(timeMs / 1000);
    const inputs = {
      groups: person.groups,
      roles: person.roles,
      acr: undefined,
      amr: ['pwd'],
      authTime: now - 600,
      now,
    };
    const subject = { id: person.id, groups: person.groups, roles: person.roles };
    const { effect, scopes, because } = decide(index, {
      ...inputs,
      person: subject,
      client,
      server,
      scopes: scopesAsked,
    });
    const isAllowed = effect === 'allow';
    return {
      v: 2,
      id: `d_large_${at}`,
      domain: 'idp',
      timeMs,
      person: person.id,
      client,
      server,
      audience: index.servers.get(server)?.ras ?? '',
      resource: index.servers.get(server)?.resource ?? '',
      scopesAsked,
      policy: { kind: 'access', version: index.version },
      inputs,
      decision: { effect, because },
      ...(isAllowed
        ? { kind: 'issuance', outcome: 'allowed', scopesGranted: scopes, idJag: `large-${at}` }
        : { kind: 'decision', outcome: 'refused', reason: 'policy_denied' }),
    };
  };
}
