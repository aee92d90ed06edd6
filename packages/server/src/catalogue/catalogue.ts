import { z } from 'zod';
import content from './catalogue.json' with { type: 'json' };

/** One thing that is known of a system, and how. What is not known is `null`: nothing here was guessed. */
function fact<T extends z.ZodType>(value: T) {
  return z
    .strictObject({
      value,
      kind: z
        .enum(['vendor_document', 'metadata', 'third_party'])
        .describe('Who says so: the vendor, its metadata when it was asked, or others.'),
      source: z.string().min(1),
      date: z.string().regex(/^\d{4}-\d{2}(-\d{2})?$/),
    })
    .nullable();
}

const id = z.string().regex(/^[a-z0-9-]{1,40}$/);
const text = fact(z.string().min(1));
const texts = fact(z.array(z.string().min(1)).min(1));

/** `documented` by the vendor, `advertised` in its metadata, or only named as a `partner`. */
const enterpriseManaged = fact(z.enum(['documented', 'advertised', 'partner']));

export const CatalogueServer = z.strictObject({
  id,
  name: z.string(),
  resource: fact(z.url({ protocol: /^https$/ })),
  transport: text,
  issuer: fact(z.url({ protocol: /^https$/ })),
  tokenEndpoint: fact(z.url({ protocol: /^https$/ })),
  audience: text,
  scopes: texts,
  enterpriseManaged,
  registration: text,
  remarks: text,
});

export const CatalogueClient = z.strictObject({
  id,
  name: z.string(),
  metadata: fact(z.url({ protocol: /^https$/ })),
  redirectUris: texts,
  authentication: text,
  enterpriseManaged,
  issuer: text,
  setUp: text,
  remarks: text,
});

export const CatalogueIdentityProvider = z.strictObject({
  id,
  name: z.string(),
  issuer: text,
  tokenEndpoint: text,
  setUp: text,
  remarks: text,
});

/** Systems that people connect first, as far as they are publicly known. Vendors move: probe before you rely on it. */
export const Catalogue = z.strictObject({
  servers: z.array(CatalogueServer),
  clients: z.array(CatalogueClient),
  identityProviders: z.array(CatalogueIdentityProvider),
});

export const catalogue: z.output<typeof Catalogue> = Catalogue.parse(content);
