// Who may import what inside src. Tests are exempt except where a rule names them.

const test = '(\\.test(-support)?\\.ts$|^test/)'
const inPackage = (...names) => `(^|/)node_modules/(${names.join('|')})/`
const anyPackage = '(^|/)node_modules/'

/** Packages that have a home of their own; each has its own rule below. */
const homes = {
  jose: ['^src/core/jose\\.ts$'],
  valibot: ['^src/core/wire/', '^src/node/config/'],
  ajv: ['^src/node/json-schema\\.ts$'],
  '@valibot/to-json-schema': ['^src/node/config/', '^src/cli/'],
  kysely: ['^src/stores/sql(/|\\.ts$)'],
  oauth4webapi: ['^src/client/', '^src/demo/'],
  'openid-client': ['^src/node/upstream/'],
  '@simplewebauthn/server': ['^src/node/web-authn\\.ts$'],
}

const nodeFolders = [
  '^src/(node|cli|demo|stores)/',
  '^src/guard/adapters/',
  '^src/guard/proxy(/|\\.ts$)',
  '^src/client/node/',
]

/** The files of src/node that the outer rims of guard and client may use. */
const sharedNodeFiles = '^src/node/(runtime|egress|tls/(certificate-headers|socket-certificate))\\.ts$'

/** Folder rule: files in `from` may import only `allowed` folders. cli, demo and the siblings have rules of their own. */
const direction = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from, pathNot: test },
  to: { path: '^src/', pathNot: [...allowed, '^src/(cli|demo)/', test] },
})

/** Package rule: files in `from` may import only the named packages, besides those with a home. */
const packages = (name, from, fromNot, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from, pathNot: [test, ...fromNot] },
  to: {
    path: anyPackage,
    pathNot: [inPackage(...Object.keys(homes)), ...(allowed.length ? [inPackage(...allowed)] : [])],
  },
})

const siblings = '^src/(server|guard|client)/'

export default {
  forbidden: [
    direction(
      'index-direction',
      '^src/[^/]+\\.ts$',
      ['^src/(core|server|console|stores|node)/'],
      'The front door of the server shows the server, not guard or client.',
    ),
    direction('core-direction', '^src/core/', ['^src/core/'], 'The core knows nothing but itself.'),
    direction('server-direction', '^src/server/', ['^src/core/', siblings], 'server → core'),
    direction('console-direction', '^src/console/', ['^src/(core|server|console)/'], 'console → server → core'),
    direction('guard-direction', '^src/guard/(?!adapters/)', ['^src/core/', siblings], 'guard → core'),
    direction(
      'guard-adapters-direction',
      '^src/guard/adapters/',
      ['^src/core/', siblings, sharedNodeFiles],
      'guard/adapters → guard, core, and the shared files of node',
    ),
    direction('client-direction', '^src/client/(?!node/)', ['^src/core/', siblings], 'client → core'),
    direction(
      'client-node-direction',
      '^src/client/node/',
      ['^src/core/', siblings, sharedNodeFiles],
      'client/node → client, core, and the shared files of node',
    ),
    direction('stores-direction', '^src/stores/', ['^src/(core|stores)/'], 'stores → core'),
    direction(
      'node-direction',
      '^src/node/',
      ['^src/(core|server|console|stores|node)/'],
      'node → console, stores, server, core',
    ),
    {
      name: 'shared-node-files',
      comment:
        'What guard and client borrow from src/node brings no package and no other folder along, however far off.',
      severity: 'error',
      from: { path: sharedNodeFiles },
      to: { path: ['^src/(server|console|stores|guard)/', '(^|/)node_modules/(?!(jose|valibot)/)'], reachable: true },
    },
    {
      name: 'siblings-apart',
      comment: 'Server, guard and client never import one another.',
      severity: 'error',
      from: { path: siblings, pathNot: test },
      to: { path: siblings, pathNot: '^src/$1/' },
    },
    {
      name: 'nothing-imports-cli',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/cli/', test] },
      to: { path: '^src/cli/', pathNot: test },
    },
    {
      name: 'only-cli-imports-demo',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/(cli|demo)/', test] },
      to: { path: '^src/demo/', pathNot: test },
    },
    {
      name: 'sql-is-compiled-ahead',
      comment:
        'What is written with Kysely is run by the generator; the server takes its types from there, and no code.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/stores/sql/source/', test] },
      to: { path: '^src/stores/sql/source/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'core-tests-stand-alone',
      comment: 'The tests of the core pass with src/node and src/stores deleted.',
      severity: 'error',
      from: { path: '^src/core/.*\\.test\\.ts$' },
      to: { path: '^src/(node|stores)/', reachable: true },
    },
    {
      name: 'src-imports-src',
      comment: 'Published code needs nothing from outside src.',
      severity: 'error',
      from: { path: '^src/', pathNot: test },
      to: { dependencyTypes: ['local'], pathNot: ['^src/', test] },
    },
    {
      name: 'no-tests-in-code',
      comment: 'Nothing but a test imports a test or a fixture.',
      severity: 'error',
      from: { path: '^src/', pathNot: test },
      to: { path: test },
    },
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true },
    },

    packages('index-packages', '^src/[^/]+\\.ts$', [], [], 'The front door shows our own names only.'),
    packages('core-packages', '^src/core/', [], [], 'The core uses jose and valibot only.'),
    packages('server-packages', '^src/server/', [], ['hono'], 'The server uses hono only.'),
    packages('console-packages', '^src/console/', [], ['hono'], 'The console uses hono only.'),
    packages('guard-packages', '^src/guard/', ['^src/guard/adapters/'], [], 'The guard uses no package.'),
    packages('guard-adapters-packages', '^src/guard/adapters/', [], ['hono'], 'The adapters use hono only.'),
    packages('client-packages', '^src/client/', [], [], 'The client uses oauth4webapi only.'),
    packages('stores-packages', '^src/stores/', [], [], 'The stores use kysely only.'),
    ...Object.entries(homes).map(([name, folders]) => ({
      name: `home-of-${name.replace('@', '').replace('/', '-')}`,
      comment: `${name} is imported in ${folders.length > 1 ? 'these places' : 'one place'} only.`,
      severity: 'error',
      from: { path: '^src/', pathNot: [test, ...folders] },
      to: { path: inPackage(name) },
    })),
    {
      name: 'node-builtins',
      comment: 'node:* belongs to the outside world.',
      severity: 'error',
      from: { path: '^src/', pathNot: [test, ...nodeFolders] },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-dev-dependency',
      comment: 'Published code uses no devDependency.',
      severity: 'error',
      from: { path: '^src/', pathNot: test },
      to: { dependencyTypes: ['npm-dev'] },
    },
    {
      name: 'declared-packages',
      comment: 'Every imported package is declared in package.json.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    parser: 'swc',
    tsConfig: { fileName: 'tsconfig.json' },
    moduleSystems: ['es6'],
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.json', '.d.ts'],
    },
  },
}
