import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import entra from './dialects/entra.json' with { type: 'json' };
import okta from './dialects/okta.json' with { type: 'json' };
import { openProvisioning } from './scim.ts';

// PRV-01: create, group, rename, deactivate as the two provisioning clients in use say it. Each file is one run.

interface Step {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly body?: object;
  readonly status: number;
  /** The id of the answer is known by this name from here on. */
  readonly save?: string;
  /** Members of the answer, exactly. */
  readonly expect?: object;
  /** Who is in {group} afterwards. */
  readonly members?: readonly string[];
  /** What decisions see of a person afterwards. */
  readonly person?: { readonly who: string } & Record<string, unknown>;
}

for (const [name, dialect] of [
  ['entra', entra],
  ['okta', okta],
] as const) {
  describe(`PRV-01: the dialect of ${name}`, async () => {
    const { clientOf, world } = await openProvisioning();
    const client = await clientOf(`${name}-test`);
    const ids: Record<string, string> = {};
    const fill = (text: string) => text.replace(/\{(erin|frank|group)\}/g, (_, key: string) => ids[key] ?? '');
    const toPath = (path: string) => {
      const [at = '', query] = fill(path).split('?');
      return query === undefined ? at : `${at}?${new URLSearchParams(query)}`;
    };
    const ofSource = (text: string) => text.replace(`${name}/`, `${name}-test/`);

    for (const step of dialect.steps as readonly Step[]) {
      test(step.name, async () => {
        const answer = await client(step.method, toPath(step.path), step.body && fill(JSON.stringify(step.body)));
        assert.equal(answer.status, step.status, JSON.stringify(answer.body));
        if (step.save) ids[step.save] = answer.body.id;
        for (const [key, value] of Object.entries(step.expect ?? {})) assert.deepEqual(answer.body[key], value, key);
        if (step.members) {
          const members = await world.store.directory.groups.members('group', `${name}-test/${ids.group}`, '', 9);
          assert.deepEqual(members, step.members.map((who) => ids[who]).sort());
        }
        if (step.person) {
          const { who, ...expected } = step.person;
          const person = await world.store.people.find(ids[who] ?? '');
          assert.ok(person);
          for (const [key, value] of Object.entries(expected)) {
            const wanted = Array.isArray(value) ? value.map((each) => ofSource(String(each))) : value;
            assert.deepEqual({ ...person }[key as 'roles'], wanted, key);
          }
        }
        assert.deepEqual(world.faults, []);
      });
    }
  });
}
