import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { aCommandLine, failed } from './running.test-support.ts'

const { directory, port, run, serving } = await aCommandLine()

test('init writes a valid configuration and a private sealing key, and overwrites nothing', async () => {
  const key = readFileSync(join(directory, 'sealing.key'), 'utf8')
  assert.equal(statSync(join(directory, 'sealing.key')).mode & 0o777, 0o600)
  failed(await run(['init']), 2, /strongroom\.yaml exists already: --force replaces it/)
  const file = join(directory, 'strongroom.yaml')
  const written = readFileSync(file, 'utf8')
  assert.equal((await run(['init', '--force'])).code, 0)
  assert.equal(readFileSync(join(directory, 'sealing.key'), 'utf8'), key)
  writeFileSync(file, written)
  const { code, stdout } = await run(['config', 'validate', '--json'])
  assert.equal(code, 0)
  assert.deepEqual(JSON.parse(stdout).problems, [])
})

test('a typo in the configuration is one line with the key that was meant', async () => {
  const file = join(directory, 'typo.yaml')
  writeFileSync(file, `${readFileSync(join(directory, 'strongroom.yaml'), 'utf8')}\nlifetime: {}\n`)
  const typo = /strongroom: lifetime: is not a key here: did you mean "lifetimes"\?\n/
  failed(await run(['serve', '--config', file]), 2, typo)
  failed(await run(['config', 'validate', '--config', file]), 2, typo)
  failed(await run(['serve', '--set', 'listen.prot=1']), 2, /listen\.prot: is not a key/)
  failed(await run(['serve', '--port', 'x']), 2, /listen\.port: must be a whole number/)
  failed(await run(['serve', '--host', '0.0.0.0']), 2, /listen\.host: must be a loopback address/)
})

test('who reads standard output may go: the command ends, and shows no stack', async () => {
  const child = spawn(process.execPath, [new URL('main.ts', import.meta.url).pathname, 'config', 'schema'], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child.stdout.destroy()
  let stderr = ''
  child.stderr.on('data', (data) => (stderr += data))
  const [code] = await once(child, 'close')
  assert.deepEqual({ code, stderr }, { code: 4, stderr: '' })
})

test('a mistyped command or option is one line, too', async () => {
  failed(await run(['serv']), 2, /unknown command 'serv' \(Did you mean serve\?\)/)
  failed(await run(['serve', '--prot', '1']), 2, /unknown option '--prot' \(Did you mean --port\?\)/)
  failed(await run(['serve', '--config', 'none.yaml']), 2, /none\.yaml cannot be read \(ENOENT\)/)
  const { code, stdout } = await run(['--version'])
  assert.equal(code, 0)
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/)
})

test('it serves, people and clients are managed while it runs, and SIGTERM ends it cleanly', async () => {
  const server = await serving()
  const metadata = await fetch(`${server.url}/.well-known/openid-configuration`)
  assert.equal(JSON.parse(await metadata.text()).issuer, `http://localhost:${port}`)

  const user = await run(['user', 'add', 'Alice', '--name', 'Alice Archer', '--json'], 'a long demo password\n')
  assert.equal(user.code, 0, user.stderr)
  assert.equal(JSON.parse(user.stdout).username, 'alice')
  failed(await run(['user', 'add', 'ALICE'], 'a long demo password\n'), 2, /there is a person "alice" already/)
  failed(await run(['user', 'add', 'bob'], 'short\n'), 2, /a password has 15 to 256 characters/)

  const redirect = 'http://127.0.0.1:4600/callback'
  const client = await run([
    'client',
    'add',
    '--name',
    'App',
    '--redirect-uri',
    redirect,
    '--scope',
    'openid accounts',
    '--generate-key',
    'app.json',
    '--json',
  ])
  assert.equal(client.code, 0, client.stderr)
  const { client_id: id, jwks } = JSON.parse(client.stdout)
  assert.equal(jwks.keys[0].d, undefined)
  assert.equal(statSync(join(directory, 'app.json')).mode & 0o777, 0o600)
  assert.equal(JSON.parse(readFileSync(join(directory, 'app.json'), 'utf8')).x, jwks.keys[0].x)

  failed(await run(['serve', '--port', '0']), 4, /strongroom\.db" is in use by another process/)
  server.child.kill('SIGTERM')
  const { code, stderr } = await server.outcome
  assert.equal(code, 0, stderr)
  assert.ok(!existsSync(join(directory, 'strongroom.db.sock')))

  const list = await run(['client', 'show', id, '--json'])
  assert.equal(list.code, 0, list.stderr)
  assert.deepEqual(JSON.parse(list.stdout).redirect_uris, [redirect])
})

test('people are locked, unlocked and given passwords; a password hash is never shown', async () => {
  writeFileSync(join(directory, 'carol.txt'), 'another long password\n')
  assert.equal((await run(['user', 'add', 'carol', '--password-file', 'carol.txt'])).code, 0)
  assert.equal((await run(['user', 'lock', 'carol'])).code, 0)
  const { stdout } = await run(['user', 'list', '--json'])
  assert.equal(JSON.parse(stdout).find((user: { username: string }) => user.username === 'carol').status, 'locked')
  assert.ok(!stdout.includes('argon2'))
  assert.equal((await run(['user', 'unlock', 'carol'])).code, 0)
  assert.equal((await run(['user', 'passwd', 'carol', '--password-file', '-'], 'a third long password')).code, 0)
  failed(await run(['user', 'lock', 'nobody']), 2, /there is no person "nobody"/)
})

test('[AS-REG-05] a registration that is wrong is refused, every reason on a line of its own', async () => {
  const metadata = {
    client_name: 'x',
    redirect_uris: ['http://app.example/', 'https://app.example/*'],
    scope: 'acounts',
    token_endpoint_auth_method: 'private_key_jwt',
  }
  writeFileSync(join(directory, 'bad.json'), JSON.stringify(metadata))
  const { code, stderr } = await run(['client', 'add', '--from', 'bad.json', '--generate-key', 'bad.key.json'])
  assert.equal(code, 2)
  assert.deepEqual(stderr.trim().split('\n'), [
    'strongroom: redirect_uris[0]: must be https',
    'strongroom: redirect_uris[1]: must not have a wildcard: redirect URIs are compared byte by byte',
    'strongroom: scope: "acounts" belongs to no API of this server: did you mean "accounts"?',
  ])
  assert.ok(!existsSync(join(directory, 'bad.key.json')))
  const good = { ...metadata, redirect_uris: ['https://app.example/'], scope: 'accounts' }
  writeFileSync(join(directory, 'good.json'), JSON.stringify(good))
  const again = await run(['client', 'add', '--from', 'good.json', '--generate-key', 'good.key.json'])
  assert.equal(again.code, 0, again.stderr)
  failed(
    await run(['client', 'add', '--from', 'good.json', '--generate-key', 'good.key.json']),
    2,
    /good\.key\.json exists already/,
  )
})

test('a port in use is one line and exit code 4', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve))
  failed(await run(['serve']), 4, new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}: another program uses the port`))
  await new Promise((resolve) => other.close(resolve))
  const server = await serving()
  server.child.kill('SIGINT')
  assert.equal((await server.outcome).code, 0)
})

test('a sealing key that cannot be read, or is another one, is one line', async () => {
  const named = (path: string) => ['--set', `keys.algorithms=["ES256"]`, '--config', path]
  const text = readFileSync(join(directory, 'strongroom.yaml'), 'utf8')
  writeFileSync(join(directory, 'nokey.yaml'), text.replace('sealing.key', 'no.key'))
  failed(await run(['serve', ...named('nokey.yaml')]), 2, /keys\.sealing: no\.key cannot be read \(ENOENT\)/)
  writeFileSync(join(directory, 'other.key'), `${'A'.repeat(43)}\n`)
  writeFileSync(join(directory, 'otherkey.yaml'), text.replace('sealing.key', 'other.key'))
  failed(await run(['serve', ...named('otherkey.yaml')]), 2, /the sealing key does not open the signing keys/)
  const secret = 'hunter2hunter2'
  const leaked = await run(['config', 'validate'], '', { STRONGROOM_KEYS__SEALING: secret })
  failed(leaked, 2, /keys\.sealing: must be 32 bytes/)
  assert.ok(!leaked.stderr.includes(secret))
})

test('a broken database is one line and exit code 4', async () => {
  writeFileSync(join(directory, 'broken.db'), 'this is not a database '.repeat(100))
  failed(await run(['serve', '--set', 'store.path=broken.db']), 4, /broken\.db/)
  failed(await run(['client', 'list', '--set', 'store.path=broken.db']), 4, /broken\.db/)
  failed(await run(['user', 'list', '--set', 'store.path=no/such/folder.db']), 4, /folder\.db/)
  chmodSync(join(directory, 'broken.db'), 0o600)
  assert.equal((await run(['client', 'list'])).code, 0)
})

test('a store in memory cannot be managed from outside', async () => {
  failed(await run(['user', 'list', '--set', 'store={"kind":"memory"}']), 2, /the store is in memory/)
})
