/** An attribute as `/Schemas` tells of it. @see https://www.rfc-editor.org/rfc/rfc7643#section-7 */
export interface Attribute {
  readonly name: string;
  readonly type: 'string' | 'boolean' | 'complex' | 'reference';
  readonly multiValued: boolean;
  readonly description: string;
  readonly required: boolean;
  readonly caseExact: boolean;
  readonly mutability: 'readWrite' | 'readOnly' | 'immutable';
  readonly returned: 'always' | 'default';
  readonly uniqueness: 'none' | 'server';
  readonly subAttributes?: readonly Attribute[];
}

export interface Schema {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly attributes: readonly Attribute[];
}

export const urn = {
  user: 'urn:ietf:params:scim:schemas:core:2.0:User',
  group: 'urn:ietf:params:scim:schemas:core:2.0:Group',
  enterprise: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User',
  listResponse: 'urn:ietf:params:scim:api:messages:2.0:ListResponse',
  searchRequest: 'urn:ietf:params:scim:api:messages:2.0:SearchRequest',
  patchOp: 'urn:ietf:params:scim:api:messages:2.0:PatchOp',
  bulkRequest: 'urn:ietf:params:scim:api:messages:2.0:BulkRequest',
  bulkResponse: 'urn:ietf:params:scim:api:messages:2.0:BulkResponse',
  error: 'urn:ietf:params:scim:api:messages:2.0:Error',
} as const;

type Change = Partial<Omit<Attribute, 'name' | 'description'>>;

function attribute(name: string, description: string, change: Change = {}): Attribute {
  return {
    name,
    type: 'string',
    multiValued: false,
    description,
    required: false,
    caseExact: false,
    mutability: 'readWrite',
    returned: 'default',
    uniqueness: 'none',
    ...change,
  };
}

const readOnly = { mutability: 'readOnly' } as const;
const complex = (subAttributes: readonly Attribute[], change: Change = {}): Change => ({
  type: 'complex',
  subAttributes,
  ...change,
});
/** Sub-attributes of a plain multi-valued attribute (RFC 7643 §2.4). */
const valued = (what: string) => [
  attribute('value', what),
  attribute('display', 'For people to read'),
  attribute('type', 'What kind it is, such as work'),
  attribute('primary', 'Whether it is the preferred one; one at most', { type: 'boolean' }),
];

export const userSchema: Schema = {
  id: urn.user,
  name: 'User',
  description: 'A person. What is not listed here is accepted and not kept.',
  attributes: [
    attribute('userName', 'What the source knows the person by', { required: true, uniqueness: 'server' }),
    attribute(
      'name',
      'The parts of the name',
      complex([
        attribute('formatted', 'The whole name'),
        attribute('familyName', 'Family name'),
        attribute('givenName', 'Given name'),
        attribute('middleName', 'Middle names'),
        attribute('honorificPrefix', 'Title before the name'),
        attribute('honorificSuffix', 'What stands behind the name'),
      ]),
    ),
    attribute('displayName', 'The name as shown'),
    attribute('nickName', 'Casual name'),
    attribute('title', 'Job title'),
    attribute('userType', 'How the person relates to the organisation'),
    attribute('preferredLanguage', 'As in Accept-Language'),
    attribute('locale', 'For dates and numbers'),
    attribute('timezone', 'Name in the Olson database'),
    attribute('active', 'Whether the person may have anything; false ends sessions at once', { type: 'boolean' }),
    attribute(
      'emails',
      'Addresses. The primary one, else the first for work, else the first, is what the person is known by here',
      complex(valued('The address'), { multiValued: true }),
    ),
    attribute(
      'roles',
      'Roles of this source; rules name them role:SOURCE/VALUE. They never make an administrator here',
      complex(valued('The role'), { multiValued: true }),
    ),
    attribute(
      'groups',
      'Groups of this source the person is in; changed at the group',
      complex(
        [
          attribute('value', 'id of the group', { ...readOnly, caseExact: true }),
          attribute('$ref', 'Address of the group', { ...readOnly, type: 'reference', caseExact: true }),
          attribute('type', 'Always direct', readOnly),
        ],
        { multiValued: true, ...readOnly },
      ),
    ),
  ],
};

export const enterpriseSchema: Schema = {
  id: urn.enterprise,
  name: 'EnterpriseUser',
  description: 'What organisations keep of their people',
  attributes: [
    attribute('employeeNumber', 'Number of the person'),
    attribute('costCenter', 'Cost centre'),
    attribute('organization', 'Organisation'),
    attribute('division', 'Division'),
    attribute('department', 'Department'),
    attribute(
      'manager',
      'Who the person reports to',
      complex([
        attribute('value', 'id of the manager', { caseExact: true }),
        attribute('$ref', 'Address of the manager', { type: 'reference', caseExact: true }),
        attribute('displayName', 'Name of the manager', readOnly),
      ]),
    ),
  ],
};

/** The name of a group. */
export const displayName = attribute('displayName', 'The name as shown', { required: true });

export const groupSchema: Schema = {
  id: urn.group,
  name: 'Group',
  description: 'A group. Rules name it group:SOURCE/ID by the id given here; its name decides nothing.',
  attributes: [
    displayName,
    attribute(
      'members',
      'People of this source who are in it',
      complex(
        [
          attribute('value', 'id of the user', { mutability: 'immutable', caseExact: true }),
          attribute('$ref', 'Address of the user', { mutability: 'immutable', type: 'reference', caseExact: true }),
          attribute('type', 'Always User', { mutability: 'immutable' }),
        ],
        { multiValued: true },
      ),
    ),
  ],
};

/** Attributes that every resource has (RFC 7643 §3.1). */
export const externalId = attribute('externalId', 'What the source calls it', { caseExact: true });

/** Attributes of the core schema that are accepted and not kept: nothing here needs them. A password is among them. */
export const forgotten: ReadonlySet<string> = new Set(
  [
    'password',
    'phoneNumbers',
    'addresses',
    'photos',
    'ims',
    'entitlements',
    'x509Certificates',
    'profileUrl',
    'description',
  ].map((name) => name.toLowerCase()),
);

/** Which attribute a name means, whatever its case. */
export function findAttribute(attributes: readonly Attribute[], name: string): Attribute | undefined {
  const folded = name.toLowerCase();
  return attributes.find((each) => each.name.toLowerCase() === folded);
}
