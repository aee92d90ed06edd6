import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { describe, test } from 'node:test';

// Imports point one way, so that each part can be read knowing only what stands below it. A part is a folder of `src` or
// a file beside the folders. It may import what stands in a lower row; parts of one row do not know each other unless the
// row says so.

interface Row {
  readonly parts: readonly string[];
  readonly knowEachOther?: true;
}

const rows: Readonly<Record<string, readonly Row[]>> = {
  'packages/server/src': [
    { parts: ['main', 'cli'], knowEachOther: true },
    // Puts the roles of one process together and opens their listeners.
    {
      parts: [
        'server',
        'serve',
        'workers',
        'roles',
        'idp-role',
        'resource-role',
        'gateway-role',
        'upstreams',
        'off',
        'exporting',
        'follow',
        'demo',
        'readiness',
        'clock-watch',
        'forgotten',
        'record-readers',
        'admin-listener',
        'sealing',
        'altered',
      ],
      knowEachOther: true,
    },
    { parts: ['app'] },
    // One place that turns a result into a record and an answer.
    { parts: ['answer-grant'] },
    // What one process counts and traces.
    { parts: ['measures'] },
    // The two trust domains and what stands before and behind them: never a word between these.
    { parts: ['idp', 'ras', 'gateway', 'admin'] },
    // What both token endpoints need: a request, who sent it, and what is in force.
    {
      parts: ['backup', 'call', 'changes', 'clients', 'documents', 'edge', 'epoch', 'in-force', 'open-store', 'stops'],
      knowEachOther: true,
    },
    // The record on its way out.
    { parts: ['exports'] },
    { parts: ['directory', 'policy', 'audit', 'revocation', 'store', 'keys'] },
    // The ground: knows the machine, and nothing of what Credence is for.
    {
      parts: [
        'catalogue',
        'clock',
        'config',
        'config-check',
        'config-schema',
        'config-text',
        'door',
        'egress',
        'exports-config',
        'form',
        'hashing',
        'hashing-in-browser',
        'health',
        'heap',
        'home',
        'home-lock',
        'lately',
        'limits',
        'listener',
        'log',
        'metrics',
        'pages',
        'problem',
        'request-log',
        'response-with',
        'secret-file',
        'store-config',
        'tls',
        'tracing',
        'upstream-config',
        'watch',
      ],
      knowEachOther: true,
    },
  ],
  'packages/mcp/src': [{ parts: ['client', 'resource'] }, { parts: ['protocol'] }],
};

/** Beyond the rows. A file in the second place opens that file only, and only for its types. */
const exceptions: readonly [from: string, to: string, why: string][] = [
  ['directory', 'store', 'people are kept in the store'],
  ['audit', 'store', 'records are kept in the store'],
  ['revocation', 'store', 'so are cut-offs'],
  ['keys', 'store', 'and the history of keys'],
  ['audit', 'policy/model.ts', 'a record carries the decision and its inputs in the words of the policy'],
];

/** Files that load what the operator names, and why; everybody else names what they import. */
const computed: Readonly<Record<string, string>> = {
  'packages/server/src/keys/pkcs11/cryptoki.ts': 'the driver of a token is installed by whoever has one (ADR 0012)',
};

/** Parts that import nothing that can wait or fail for outside reasons, and what they may use all the same. */
const pure: Readonly<Record<string, { readonly parts: readonly string[]; readonly packages: readonly string[] }>> = {
  'packages/server/src/policy': { parts: ['problem'], packages: ['@credence/mcp/protocol', 'yaml', 'zod'] },
  'packages/mcp/src/protocol': { parts: [], packages: [] },
};
const impureGlobals =
  /\b(?:fetch\(|set(?:Timeout|Interval|Immediate)\(|Date\.now|new Date\(\)|Math\.random|performance\.|process\.|crypto\.)/g;

/** Packages know each other by name, and only this far; the console speaks HTTP. */
const packages: Readonly<Record<string, RegExp>> = {
  'packages/server/src': /^@credence\/mcp\/(?:protocol|client|resource)$/,
  'packages/mcp/src': /^(?!)/,
  'packages/console/src': /^@credence\/server\/(?:admin-client|record-verification)$/,
};

/** Files that are imported by a name of the package, since in a browser it is another file. */
const byName: Readonly<Record<string, string>> = { '#hashing': 'packages/server/src/hashing.ts' };

interface Import {
  readonly to: string;
  readonly typesOnly: boolean;
}

/** Everything a source imports, dynamically too; `*` where the name is computed. */
function parseImports(source: string): Import[] {
  const code = withoutComments(source);
  const fixed = code.matchAll(/^\s*(?:import|export)\s+(type\s+)?(?:[\w$*\s{},]+?\s+from\s+)?(['"])([^'"]+)\2/gm);
  const dynamic = code.matchAll(/\bimport\s*\(\s*(?:(['"])([^'"]+)\1\s*[,)])?/g);
  const hidden = code.matchAll(/\b(?:createRequire|getBuiltinModule)\b/g);
  return [
    ...[...fixed].map(([, type, , to]) => ({ to: to ?? '', typesOnly: type !== undefined })),
    ...[...dynamic].map(([, , to]) => ({ to: to ?? '*', typesOnly: false })),
    ...[...hidden].map(() => ({ to: '*', typesOnly: false })),
  ];
}

function withoutComments(source: string): string {
  const pattern = /('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|(?<!:)\/\/[^\n]*/g;
  return source.replaceAll(pattern, (_, text: string | undefined) => text ?? '');
}

/** Every import of this file that points the wrong way, one line each. */
function checkFile(path: string, source: string): string[] {
  const src = Object.keys(packages).find((folder) => path.startsWith(`${folder}/`));
  if (src === undefined) return [`${path}: this package has no row in spec/imports.test.ts`];
  if (rows[src] !== undefined && rowOf(src, partOf(src, path)) === -1) {
    return [`${path}: "${partOf(src, path)}" has no place in spec/imports.test.ts`];
  }
  const faults = parseImports(source).flatMap((each) => {
    const why = /^[.#]/.test(each.to) ? wrongWay(src, path, each) : wrongPackage(src, path, each);
    return why === undefined ? [] : [`${path} imports ${each.to}: ${why}`];
  });
  return [...faults, ...impureUses(path, source)];
}

function wrongWay(src: string, path: string, { to, typesOnly }: Import): string | undefined {
  const target = to.startsWith('#') ? (byName[to] ?? to) : posix.join(posix.dirname(path), to);
  if (isTest(target)) return 'code does not import tests';
  if (!target.startsWith(`${src}/`)) return 'another package is imported by its name';
  const [from, into] = [partOf(src, path), partOf(src, target)];
  if (rows[src] === undefined || from === into) return undefined;

  const [row, other] = [rowOf(src, from), rowOf(src, into)];
  const excepted = exceptions.some(
    ([part, opened]) => part === from && (opened === into || (typesOnly && `${src}/${opened}` === target)),
  );
  if (!excepted) {
    if (other === -1) return `"${into}" has no place in spec/imports.test.ts`;
    if (other < row) return `${from} stands below ${into}`;
    if (other === row && !rows[src][row]?.knowEachOther) return `${from} and ${into} do not know each other`;
  }
  const limits = pure[`${src}/${from}`];
  return limits === undefined || limits.parts.includes(into) ? undefined : `${from} is pure`;
}

function wrongPackage(src: string, path: string, { to }: Import): string | undefined {
  if (to === '*') return Object.hasOwn(computed, path) ? undefined : 'a computed name hides what is imported';
  if (to.startsWith('@credence/') && !packages[src]?.test(to)) return 'not a public entry that this package may use';
  const limits = pure[`${src}/${partOf(src, path)}`];
  return limits === undefined || limits.packages.includes(to) ? undefined : `${partOf(src, path)} is pure`;
}

function impureUses(path: string, source: string): string[] {
  if (!Object.keys(pure).some((folder) => path.startsWith(`${folder}/`))) return [];
  const code = withoutComments(source);
  return [...code.matchAll(impureGlobals)].map(([use]) => `${path} uses ${use}: it can wait, fail or differ`);
}

function partOf(src: string, path: string): string {
  return (
    path
      .slice(src.length + 1)
      .split('/')[0]
      ?.replace(/\.ts$/, '') ?? ''
  );
}

function rowOf(src: string, part: string): number {
  return rows[src]?.findIndex(({ parts }) => parts.includes(part)) ?? -1;
}

/** Tests put real parts together, from any side; so does the contract that every store runs. */
function isTest(path: string): boolean {
  return /\.(?:test|contract)\.ts$/.test(path);
}

describe('style.md, "Imports point one way"', () => {
  const root = dirname(import.meta.dirname);
  const files = globSync('packages/*/src/**/*.{ts,tsx}', { cwd: root }).filter((path) => !isTest(path));

  test('in every source file of every package', () => {
    assert.ok(files.length > 0);
    assert.deepEqual(
      files.flatMap((path) => checkFile(path, readFileSync(join(root, path), 'utf8'))),
      [],
    );
  });
});

describe('the check above', () => {
  const table: [name: string, path: string, source: string, fault: string | undefined][] = [
    ['lets a half use the store', 'server/src/idp/a.ts', "import { b } from '../store/b.ts';", undefined],
    [
      'stops the store from using a half',
      'server/src/store/a.ts',
      "import { b } from '../idp/b.ts';",
      'store stands below idp',
    ],
    [
      'keeps the domains apart',
      'server/src/idp/a.ts',
      "import { b } from '../ras/b.ts';",
      'idp and ras do not know each other',
    ],
    [
      'counts types',
      'server/src/ras/a.ts',
      "import type { B } from '../idp/b.ts';",
      'ras and idp do not know each other',
    ],
    [
      'reads lists over many lines',
      'server/src/ras/a.ts',
      "import {\n  type B,\n  c as d,\n} from '../idp/b.ts';",
      'ras and idp',
    ],
    ['reads what is passed on', 'server/src/ras/a.ts', "export * from '../idp/b.ts';", 'ras and idp'],
    ['reads imports without names', 'server/src/ras/a.ts', "import '../idp/b.ts';", 'ras and idp'],
    ['reads dynamic imports', 'server/src/ras/a.ts', "const b = await import('../idp/b.ts');", 'ras and idp'],
    ['stops computed imports', 'server/src/ras/a.ts', 'await import(name);', 'a computed name'],
    ['stops another way to import', 'server/src/ras/a.ts', 'createRequire(import.meta.url)(name);', 'a computed name'],
    ['overlooks comments', 'server/src/ras/a.ts', "// import '../idp/b.ts';\n/* import('../idp/b.ts') */", undefined],
    ['lets audit use the store', 'server/src/audit/a.ts', "import { b } from '../store/b.ts';", undefined],
    [
      'stops policy from using it',
      'server/src/policy/a.ts',
      "import { b } from '../store/b.ts';",
      'policy and store do not know',
    ],
    [
      'lets audit use the types of the model',
      'server/src/audit/a.ts',
      "import type { B } from '../policy/model.ts';",
      undefined,
    ],
    [
      'but not its values',
      'server/src/audit/a.ts',
      "import { b } from '../policy/model.ts';",
      'audit and policy do not know',
    ],
    ['keeps the clock out of policy', 'server/src/policy/a.ts', 'const now = Date.now();', 'uses Date.now'],
    [
      'keeps files out of policy',
      'server/src/policy/a.ts',
      "import { readFile } from 'node:fs/promises';",
      'policy is pure',
    ],
    ['lets policy read YAML', 'server/src/policy/a.ts', "import { parse } from 'yaml';", undefined],
    ['keeps jose out of protocol', 'mcp/src/protocol/a.ts', "import { jwtVerify } from 'jose';", 'protocol is pure'],
    [
      'keeps the embedder from the server',
      'mcp/src/client/a.ts',
      "import { b } from '@credence/server';",
      'not a public entry',
    ],
    [
      'keeps client and resource apart',
      'mcp/src/client/a.ts',
      "import { b } from '../resource/b.ts';",
      'client and resource',
    ],
    [
      'stops deep imports',
      'server/src/idp/a.ts',
      "import { b } from '@credence/mcp/src/protocol/b.ts';",
      'not a public entry',
    ],
    [
      'stops paths into a package',
      'server/src/idp/a.ts',
      "import { b } from '../../../mcp/src/protocol/b.ts';",
      'by its name',
    ],
    [
      'stops code from leaning on tests',
      'server/src/idp/a.ts',
      "import { b } from './b.test.ts';",
      'does not import tests',
    ],
    ['asks for a place for what is new', 'server/src/shelf/a.ts', '', '"shelf" has no place'],
    ['lets main use cli', 'server/src/main.ts', "import { b } from './cli/b.ts';", undefined],
    [
      'keeps the console to HTTP',
      'console/src/a.ts',
      "import { b } from '@credence/mcp/protocol';",
      'not a public entry',
    ],
    ['with the typed client', 'console/src/a.tsx', "import { b } from '@credence/server/admin-client';", undefined],
    ['lets the store hash', 'server/src/store/a.ts', "import { b } from '#hashing';", undefined],
    ['stops policy from doing so', 'server/src/policy/a.ts', "import { b } from '#hashing';", 'policy is pure'],
    ['stops names that nobody knows', 'server/src/store/a.ts', "import { b } from '#other';", 'imported by its name'],
  ];
  for (const [name, path, source, fault] of table) {
    test(name, () => {
      const faults = checkFile(`packages/${path}`, source);
      if (fault === undefined) assert.deepEqual(faults, []);
      else assert.ok(faults.length === 1 && faults[0]?.includes(fault), `${faults.join('\n')} should say: ${fault}`);
    });
  }
});
