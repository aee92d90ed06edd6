import { enterpriseSchema, groupSchema, type Schema, urn, userSchema } from './schema.ts';

/** What the service can do, and how much of it. @see https://www.rfc-editor.org/rfc/rfc7643#section-5 */
export const limits = {
  bulkOperations: 1000,
  bodyBytes: 1024 * 1024,
  /** Resources in one answer. */
  page: 1000,
  pageUnlessSaid: 100,
} as const;

export function serviceProviderConfig(base: string) {
  return {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'],
    patch: { supported: true },
    bulk: { supported: true, maxOperations: limits.bulkOperations, maxPayloadSize: limits.bodyBytes },
    filter: { supported: true, maxResults: limits.page },
    changePassword: { supported: false },
    sort: { supported: true },
    etag: { supported: true },
    authenticationSchemes: [
      {
        type: 'oauthbearertoken',
        name: 'Bearer token',
        description: 'A token of this source, made with: credence scim token create',
        specUri: 'https://www.rfc-editor.org/rfc/rfc6750',
        primary: true,
      },
    ],
    meta: { resourceType: 'ServiceProviderConfig', location: `${base}/ServiceProviderConfig` },
  };
}

const allSchemas = [userSchema, enterpriseSchema, groupSchema];

export function schemas(base: string): object[] {
  return allSchemas.map((schema) => toSchemaResource(schema, base));
}

export function schemaById(id: string, base: string): object | undefined {
  const schema = allSchemas.find((each) => each.id.toLowerCase() === id.toLowerCase());
  return schema && toSchemaResource(schema, base);
}

function toSchemaResource(schema: Schema, base: string): object {
  return {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Schema'],
    ...schema,
    meta: { resourceType: 'Schema', location: `${base}/Schemas/${schema.id}` },
  };
}

export function resourceTypes(base: string): (object & { id: string })[] {
  const toType = (name: 'User' | 'Group', schema: Schema, extensions: readonly Schema[]) => ({
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],
    id: name,
    name,
    description: schema.description,
    endpoint: `/${name}s`,
    schema: schema.id,
    schemaExtensions: extensions.map(({ id }) => ({ schema: id, required: false })),
    meta: { resourceType: 'ResourceType', location: `${base}/ResourceTypes/${name}` },
  });
  return [toType('User', userSchema, [enterpriseSchema]), toType('Group', groupSchema, [])];
}

/** @see https://www.rfc-editor.org/rfc/rfc7644#section-3.4.2 */
export function listResponse(resources: readonly object[], total: number, startIndex: number) {
  return {
    schemas: [urn.listResponse],
    totalResults: total,
    startIndex,
    itemsPerPage: resources.length,
    Resources: resources,
  };
}
