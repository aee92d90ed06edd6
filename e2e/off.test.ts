import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { suiteScope } from './harness.ts';
import { connect, type Kind, local, measure, openPlace, type Person, type Place, signIn } from './off-place.ts';

// Off means off: a tool is called in a loop, with the same access token, while each kind of "off" arrives. What counts is the
// time from the change to the last call that was still let through.

const provisioned = (name: string) => async (place: Place) => {
  const email = `${name}@acme.example`;
  await place.scim('POST', '/Users', {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
    userName: email,
    emails: [{ value: email, primary: true }],
    active: true,
    roles: [{ value: 'lead' }],
  });
  await place.credence('person', 'password', email);
  return signIn(place, email, 'password');
};
const upstream = (name: string) => async (place: Place) => {
  const email = `${name}@company.example`;
  place.company.script = { claims: { sub: name, email, name, sid: `sid-${name}` } };
  return signIn(place, email, 'company');
};
const idOf = async ({ scim }: Place, { email }: Person) => {
  const found = (await scim('GET', `/Users?filter=${encodeURIComponent(`userName eq "${email}"`)}`)) as unknown;
  return (found as { Resources: { id: string }[] }).Resources[0]?.id;
};
const patch = async (place: Place, person: Person, operation: object) =>
  place.scim('PATCH', `/Users/${await idOf(place, person)}`, {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [operation],
  });

const kinds: readonly Kind[] = [
  {
    name: 'credence person off',
    prepare: local('olga', 'crew'),
    act: ({ credence }, { email }) => credence('person', 'off', email),
    byCommand: true,
  },
  {
    name: 'active: false by SCIM',
    prepare: provisioned('scott'),
    act: (place, person) => patch(place, person, { op: 'Replace', path: 'active', value: 'False' }),
  },
  {
    name: 'DELETE by SCIM',
    prepare: provisioned('sam'),
    act: async (place, person) => place.scim('DELETE', `/Users/${await idOf(place, person)}`),
  },
  {
    name: 'the last role taken away by SCIM',
    prepare: provisioned('susan'),
    act: (place, person) => patch(place, person, { op: 'remove', path: 'roles' }),
  },
  {
    name: 'credence group members --remove',
    prepare: local('greta', 'gang'),
    act: ({ credence }, { email }) => credence('group', 'members', 'gang', '--remove', email),
    byCommand: true,
  },
  {
    name: 'credence group delete',
    prepare: local('tim', 'team'),
    act: ({ credence }) => credence('group', 'delete', 'team'),
    byCommand: true,
  },
  {
    name: 'credence session end',
    prepare: local('stan', 'crew'),
    act: ({ credence }, { email }) => credence('session', 'end', '--person', email),
    byCommand: true,
  },
  {
    name: 'sign-out',
    prepare: local('lea', 'crew'),
    act: async ({ demo }, { browser, idToken }) => {
      const page = await browser.get(`${demo.idp.issuer}/session/end?id_token_hint=${idToken}`);
      assert.equal((await browser.submit(page, { logout: 'yes' })).status, 200);
    },
  },
  {
    name: 'back-channel logout by the company',
    prepare: upstream('uma'),
    act: async ({ demo, company }) => {
      const logoutToken = await company.logoutToken({ sub: 'uma', sid: 'sid-uma' });
      const url = `${demo.idp.issuer}/backchannel-logout/company`;
      const body = new URLSearchParams({ logout_token: logoutToken });
      assert.equal((await fetch(url, { method: 'POST', body })).status, 200);
    },
  },
];

/** Those that differ where another process than the one that tells takes the request. */
const byRequestOrCommand: readonly string[] = ['credence person off', 'sign-out'];

for (const shape of ['in one process', 'with two workers', 'in two installations'] as const) {
  describe(`PRV-02: off means off, ${shape}`, () => {
    const scope = suiteScope(after);
    let place: Place;
    before(async () => {
      place = await openPlace(scope, shape);
    });
    for (const kind of kinds) {
      if (shape === 'with two workers' && !byRequestOrCommand.includes(kind.name)) continue;
      test(kind.name, (t) => measure(t, place, kind));
    }

    test('somebody who keeps another grant goes on with a new token', async () => {
      const person = await local('lotta', 'crew')(place);
      await place.credence('group', 'create', 'gang').catch(() => undefined);
      await place.credence('group', 'members', 'gang', '--add', person.email);
      const connection = await connect(place, person.idToken);
      await place.credence('group', 'members', 'crew', '--remove', person.email);
      for (let id = 2; (await connection.call(id)) === 200 && id < 500; id += 1) await wait(5);
      assert.equal(await connection.call(500), 401);
      await wait(1000); // an ID-JAG of the second in which the group was lost is one from before
      assert.equal(await (await connect(place, person.idToken)).call(2), 200);
    });
  });
}
