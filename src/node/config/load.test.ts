import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { lifetimeBounds, standardLifetimes } from '../../core/profile.ts'
import { keyScheduleBounds, standardKeySchedule } from '../keys/schedule.ts'
import { ConfigError, configJsonSchema, loadConfig } from './index.ts'

const directory = mkdtempSync(join(tmpdir(), 'strongroom-config-'))
const sealing = 'A'.repeat(43)
const valid = {
  issuer: 'https://id.example',
  apis: [
    {
      resource: 'https://bank.example/api',
      name: 'Bank',
      scopes: [
        { name: 'accounts', description: 'See your accounts' },
        { name: 'payments', description: 'Make payments' },
      ],
    },
  ],
  keys: { sealing },
}
const anApi = valid.apis[0]

let files = 0
function aFile(content: unknown): string {
  files += 1
  const file = join(directory, `strongroom-${files}.yaml`)
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}

function load(content: unknown, env: Record<string, string> = {}, flags: Record<string, string> = {}) {
  return loadConfig({ file: aFile(content), env, flags })
}

function problems(
  content: unknown,
  env: Record<string, string> = {},
  flags: Record<string, string> = {},
): readonly string[] {
  try {
    load(content, env, flags)
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    return error.lines
  }
  return []
}

test('the smallest file gets every default', () => {
  const config = load({ issuer: 'https://id.example', keys: { sealing } })
  assert.equal(config.server.issuer, 'https://id.example')
  assert.deepEqual(config.server.lifetimes, standardLifetimes)
  assert.deepEqual(config.server.apis, [])
  assert.equal(config.server.demoUser, undefined)
  assert.deepEqual(config.listen, { host: '127.0.0.1', port: 4400, addressHeader: 'none' })
  assert.deepEqual(config.store, { kind: 'sqlite', path: join(directory, 'strongroom.db') })
  assert.equal(config.keys.sealing?.reveal(), sealing)
  assert.deepEqual(config.keys.algorithms, ['ES256', 'PS256', 'EdDSA'])
  assert.equal(config.mode, 'production')
  assert.deepEqual(load(valid).server.apis, [{ ...anApi, detailTypes: [] }])
})

test('an unknown key stops the start and suggests the nearest known one', () => {
  assert.deepEqual(problems({ ...valid, lifetime: {} }), ['lifetime: is not a key here: did you mean "lifetimes"?'])
  assert.deepEqual(problems({ ...valid, lifetimes: { acess_token: 60 } }), [
    'lifetimes.acess_token: is not a key here: did you mean "accessToken"?',
  ])
  assert.deepEqual(problems({ ...valid, apis: [{ ...anApi, scopes: [{ ...anApi?.scopes[0], desciption: '' }] }] }), [
    'apis[0].scopes[0].desciption: is not a key here: did you mean "description"?',
  ])
  assert.deepEqual(problems({ ...valid, zzzzzzzz: 1 }), ['zzzzzzzz: is not a key here'])
  assert.deepEqual(problems(valid), [])
})

test('every problem is said at once, with its path', () => {
  assert.deepEqual(
    problems({
      issuer: 'http://id.example',
      listen: { port: 70000, host: '0.0.0.0' },
      apis: [{ resource: 'x', name: '' }],
      lifetimes: { code: 61 },
      replicas: 'many',
      store: { kind: 'postgres' },
    }),
    [
      'issuer: must be an https URL in its canonical spelling, without query and fragment (http for a loopback host only)',
      'listen.port: must be 0 to 65535',
      'apis[0].resource: must be an https URL without fragment (http for a loopback host only)',
      'apis[0].name: must have 1 to 100 characters',
      'apis[0].scopes: is missing',
      'lifetimes.code: must be 5 to 60 seconds (FAPI 2.0 SP §5.3.2.1-11)',
      'store.kind: must be sqlite or memory',
      'replicas: must be one: several nodes need a shared store, which is not there yet',
      'listen.host: must be a loopback address such as 127.0.0.1: an http issuer is for development on this machine only',
      'keys.sealing: is missing: `strongroom init` makes one',
    ],
  )
})

test('[AS-PAR-04] [AS-TOK-06] lifetimes move inside the bounds of the profile only', () => {
  for (const [name, { least, most, clause }] of Object.entries(lifetimeBounds)) {
    for (const bad of [least - 1, most + 1, least + 0.5, -1, '1e3', 'x', null]) {
      const lines = problems({ ...valid, lifetimes: { [name]: bad } })
      assert.equal(lines.length, 1, `${name} ${String(bad)}`)
      assert.match(lines[0] ?? '', new RegExp(`^lifetimes\\.${name}: must be`))
    }
    assert.ok(problems({ ...valid, lifetimes: { [name]: most + 1 } })[0]?.includes(clause))
    for (const good of [least, most, String(most)])
      assert.deepEqual(problems({ ...valid, lifetimes: { [name]: good } }), [])
  }
})

test('[AS-RT-01] an idle refresh token does not outlast one in use', () => {
  const contradicting = { refreshToken: 600, refreshTokenIdle: '601' }
  assert.deepEqual(problems({ ...valid, lifetimes: contradicting }), [
    'lifetimes.refreshTokenIdle: must not exceed lifetimes.refreshToken',
  ])
  assert.deepEqual(problems({ ...valid, lifetimes: { ...contradicting, refreshTokenIdle: 600 } }), [])
  // What is not set gives way.
  const { lifetimes } = load({ ...valid, lifetimes: { refreshToken: 600 } }).server
  assert.deepEqual([lifetimes.refreshToken, lifetimes.refreshTokenIdle], [600, 600])
})

test('[KEY-09] the schedule of signing keys moves inside its bounds, and keys are published before they sign', () => {
  for (const [name, { least, most, clause }] of Object.entries(keyScheduleBounds)) {
    for (const bad of [least - 1, most + 1, 0, 'never', null]) {
      const lines = problems({ ...valid, keys: { ...valid.keys, rotateEvery: most, publishAhead: least, [name]: bad } })
      assert.ok(
        lines.some((line) => line.startsWith(`keys.${name}: must be`)),
        `${name} ${String(bad)}`,
      )
    }
    assert.ok(problems({ ...valid, keys: { ...valid.keys, [name]: most + 1 } })[0]?.includes(clause))
  }
  assert.deepEqual(problems({ ...valid, keys: { ...valid.keys, rotateEvery: 3600, publishAhead: 3601 } }), [
    'keys.publishAhead: must not exceed keys.rotateEvery',
  ])
  assert.deepEqual(problems({ ...valid, keys: { ...valid.keys, publishAhead: '604800' } }), [])
  const { keys } = load(valid)
  assert.deepEqual(keys.schedule, standardKeySchedule)
})

test('[AS-META-02] an issuer has one spelling, and http on a loopback host only', () => {
  for (const bad of [
    '',
    'id.example',
    'http://id.example',
    'https://id.example/?',
    'https://id.example#',
    'https://ID.example',
    'https://a@id.example',
    'https://id.example:443',
    'ftp://localhost',
  ]) {
    assert.equal(problems({ ...valid, issuer: bad }).length, 1, bad)
  }
  for (const good of [
    'https://id.example',
    'https://id.example/',
    'https://id.example/tenant',
    'http://localhost:4400',
    'http://127.0.0.1:4400',
    'http://[::1]:4400',
  ]) {
    assert.deepEqual(problems({ ...valid, issuer: good }), [], good)
  }
  assert.equal(load({ ...valid, issuer: 'http://localhost:4400' }).mode, 'development_loopback')
})

test('[NET-01] without TLS only this machine is listened to', () => {
  for (const host of ['0.0.0.0', '::', '192.168.1.1', 'id.example', 'localhost.example', '']) {
    for (const issuer of ['https://id.example', 'http://localhost:4400']) {
      assert.equal(problems({ ...valid, issuer, listen: { host } }).length >= 1, true, host)
    }
  }
  for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost']) {
    assert.deepEqual(problems({ ...valid, listen: { host } }), [], host)
  }
})

test('a scope belongs to one API, and none of OpenID Connect to any', () => {
  const other = { ...anApi, resource: 'https://other.example' }
  assert.deepEqual(problems({ ...valid, apis: [anApi, other] }), [
    'apis[1].scopes[0].name: stands at apis[0].scopes[0].name already',
    'apis[1].scopes[1].name: stands at apis[0].scopes[1].name already',
  ])
  assert.deepEqual(problems({ ...valid, apis: [anApi, { ...anApi, scopes: [{ name: 'z', description: 'z' }] }] }), [
    'apis[1].resource: stands at apis[0].resource already',
  ])
  for (const name of ['openid', 'profile', 'email', 'offline_access', 'a b', 'a"b', 'a\\b', '', 'ü']) {
    const lines = problems({ ...valid, apis: [{ ...anApi, scopes: [{ name, description: 'x' }] }] })
    assert.equal(lines.length, 1, name)
    assert.match(lines[0] ?? '', /^apis\[0\]\.scopes\[0\]\.name: /)
  }
})

test('values come from the environment and from files', () => {
  writeFileSync(join(directory, 'sealing.key'), `${sealing}\n`)
  const file = `
issuer: https://\${env:HOST}
listen: { port: "\${env:PORT}" }
keys: { sealing: "\${file:sealing.key}" }
apis:
  - resource: https://bank.example
    name: costs $\${5}
    scopes: [{ name: a, description: b }]
`
  const config = load(file, { HOST: 'id.example', PORT: '4401' })
  assert.equal(config.server.issuer, 'https://id.example')
  assert.equal(config.listen.port, 4401)
  assert.equal(config.keys.sealing?.reveal(), sealing)
  assert.equal(config.server.apis[0]?.name, 'costs ${5}')
})

test('what is not there is said once, by its name', () => {
  assert.deepEqual(
    problems({
      ...valid,
      issuer: 'https://${env:NO_HOST}',
      keys: { sealing: '${file:no.key}' },
      store: { kind: 'sqlite', path: '${x}' },
    }),
    [
      'issuer: the environment variable NO_HOST is not set',
      'keys.sealing: no.key cannot be read (ENOENT)',
      'store.path: what stands in ${…} must begin with env: or file:',
    ],
  )
})

test('flag over environment over file over default', () => {
  assert.equal(load(valid).listen.port, 4400)
  const file = { ...valid, listen: { port: 1001 } }
  assert.equal(load(file).listen.port, 1001)
  const env = { STRONGROOM_LISTEN__PORT: '1002' }
  assert.equal(load(file, env).listen.port, 1002)
  assert.equal(load(file, env, { 'listen.port': '1003' }).listen.port, 1003)
})

test('the environment reaches every key, by file too', () => {
  writeFileSync(join(directory, 'other.key'), `${'0f'.repeat(32)}\n`)
  const config = load(
    { issuer: 'https://id.example' },
    {
      STRONGROOM_CONFIG: 'elsewhere.yaml',
      STRONGROOM_LIFETIMES__ACCESS_TOKEN: '600',
      STRONGROOM_KEYS__SEALING_FILE: join(directory, 'other.key'),
      STRONGROOM_KEYS__ALGORITHMS: '["EdDSA"]',
      STRONGROOM_APIS: JSON.stringify(valid.apis),
      STRONGROOM_STORE: '{"kind":"memory"}',
      UNRELATED: 'x',
    },
  )
  assert.equal(config.server.lifetimes.accessToken, 600)
  assert.equal(config.keys.sealing?.reveal(), '0f'.repeat(32))
  assert.deepEqual(config.keys.algorithms, ['EdDSA'])
  assert.equal(config.server.apis.length, 1)
  assert.deepEqual(config.store, { kind: 'memory' })
})

test('environment and flags alone make a configuration', () => {
  const env = { STRONGROOM_ISSUER: 'https://id.example', STRONGROOM_STORE__KIND: 'memory' }
  assert.equal(loadConfig({ file: undefined, env, flags: {} }).server.issuer, 'https://id.example')
})

test('a variable or a flag that means nothing is not passed over', () => {
  assert.deepEqual(problems(valid, { STRONGROOM_LISTEN__PROT: '1' }), [
    'STRONGROOM_LISTEN__PROT: means nothing: did you mean "STRONGROOM_LISTEN__PORT"?',
  ])
  assert.deepEqual(problems(valid, { STRONGROOM_APIS: 'not json' }), ['STRONGROOM_APIS: must be JSON'])
  assert.deepEqual(problems(valid, {}, { 'listen.prot': '1' }), ['listen.prot: is not a key of the configuration'])
  assert.deepEqual(problems(valid, {}, { 'keys.sealing': sealing }), [
    'keys.sealing: is a secret: use the file or the environment, not a flag',
  ])
})

test('no problem repeats a value, which may be a secret', () => {
  const secret = 'hunter2-hunter2'
  const all = [
    ...problems({ ...valid, keys: { sealing: secret } }),
    ...problems({ ...valid, keys: secret }),
    ...problems({ ...valid, issuer: `https://${secret}@id.example`, replicas: secret, log: { level: secret } }),
    ...problems(`issuer: "https://id.example\nkeys: {sealing: ${secret}`),
    ...problems(`keys: {sealing: *${secret}}`),
    ...problems(`keys: {sealing: ${secret}, sealing: ${secret}}`),
    ...problems(`keys: {sealing: !${secret} x}`),
    ...problems(valid, { STRONGROOM_KEYS__SEALING: secret, STRONGROOM_APIS: secret }),
  ]
  assert.ok(all.length >= 9)
  for (const line of all) assert.ok(!line.includes('hunter2'), line)
})

test('what is no YAML is one line with its place', () => {
  assert.deepEqual(problems('issuer: a\nissuer: b\n'), ['line 2, column 1: a key stands twice (duplicate_key)'])
  assert.match(problems('a: [1')[0] ?? '', /^line 1, column \d+: /)
  assert.deepEqual(problems('- a'), ['the file must hold keys and values at its top'])
  assert.ok(problems('').includes('issuer: is missing'))
})

test('a file that is not there is one line', () => {
  assert.throws(() => loadConfig({ file: join(directory, 'none.yaml'), env: {}, flags: {} }), {
    name: 'ConfigError',
    message: 'none.yaml cannot be read (ENOENT)',
  })
})

test('keys of a prototype mean nothing', () => {
  for (const key of ['__proto__', 'constructor', 'toString']) {
    assert.equal(problems(`issuer: https://id.example\nkeys: {sealing: ${sealing}}\n${key}: {a: 1}\n`).length, 1, key)
  }
})

test('a list where a group belongs is refused', () => {
  for (const key of ['listen', 'lifetimes', 'log']) {
    assert.deepEqual(problems({ ...valid, [key]: [] }), [`${key}: must be a group of keys`])
    assert.deepEqual(problems({ ...valid, [key]: 'x' }), [`${key}: must be a group of keys`])
  }
  assert.deepEqual(problems({ ...valid, apis: [[]] })[0], 'apis[0]: must be a group of keys')
})

test('a store in memory needs no sealing key, and no path', () => {
  assert.deepEqual(problems({ issuer: 'https://id.example', store: { kind: 'memory' } }), [])
  assert.deepEqual(problems({ issuer: 'https://id.example', store: { kind: 'memory', path: 'x' } }), [
    'store.path: has no meaning for a store in memory',
  ])
  assert.deepEqual(problems({ ...valid, store: { kind: 'sqlite' } }), [
    'store.path: is missing: where the database file is',
  ])
})

test('the JSON Schema names every key and allows no other', () => {
  const schema = JSON.parse(JSON.stringify(configJsonSchema()))
  assert.deepEqual(Object.keys(schema.properties), [
    'issuer',
    'listen',
    'mtls',
    'clientCertificates',
    'apis',
    'signIn',
    'pages',
    'lifetimes',
    'limits',
    'store',
    'keys',
    'replicas',
    'log',
  ])
  assert.deepEqual(schema.required, ['issuer'])
  assert.equal(schema.additionalProperties, false)
  assert.equal(schema.properties.lifetimes.properties.code.anyOf[0].maximum, 60)
  assert.match(schema.properties.lifetimes.properties.code.description, /FAPI 2\.0 SP/)
})

test('[OPS-03] a secret that became a key, for want of a space, is not repeated', () => {
  const secret = 'c2VhbGluZyBrZXkgdGhhdCBtdXN0IG5vdCBiZSBzaG93bg'
  for (const keys of [{ [`sealing:${secret}`]: null }, { [secret]: 1 }]) {
    const lines = problems({ ...valid, keys })
    assert.ok(lines.length > 0)
    assert.equal(lines.join(' ').includes(secret), false, lines.join(' '))
  }
})

test('[OPS-03] no flag holds the sealing key, not even inside its group', () => {
  for (const flag of ['keys', 'keys.sealing']) {
    assert.ok(problems(valid, {}, { [flag]: '{"sealing":"x"}' }).some((line) => line.includes('is a secret')))
  }
})

test('two variables that say the same thing contradict each other, in whatever order', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'strongroom-config-')), 'port')
  writeFileSync(file, '1')
  const one = { STRONGROOM_LISTEN__PORT: '1', STRONGROOM_LISTEN__PORT_FILE: file }
  const other = { STRONGROOM_LISTEN__PORT: '1', STRONGROOM_LISTEN: '{"port":2}' }
  for (const env of [one, other]) {
    for (const ordered of [env, Object.fromEntries(Object.entries(env).toReversed())]) {
      assert.ok(problems(valid, ordered).some((line) => line.includes('set one of them')))
    }
  }
})

test('[NET-01] an issuer on https sends tokens to no API on http', () => {
  const api = { resource: 'http://127.0.0.1:4500', name: 'Bank', scopes: [{ name: 'a', description: 'A' }] }
  assert.deepEqual(problems({ ...valid, apis: [api] }), [
    'apis[0].resource: must be https: http is for an issuer that is itself for development',
  ])
  assert.deepEqual(problems({ ...valid, issuer: 'http://localhost:4400', apis: [api] }), [])
})
