/** What the server says of itself when it starts. */

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { aCommandLine, printed, type Serving } from './running.test-support.ts'

const { directory, run, serving, start } = await aCommandLine()
const page = 'http://127.0.0.1:4700/sign-in'

/** Settings under which the client decides for people. */
const decidedBy = (id: string) => ['--set', `signIn.app.url=${page}`, '--set', `signIn.app.clientId=${id}`]

/** What it warns of in the line that says that it is ready. */
async function warnings(...args: readonly string[]): Promise<unknown> {
  const server: Serving & { readonly warnings?: unknown } = await serving(...args)
  await ended(server)
  return server.warnings
}

/** What it tells the person at the keyboard until it is up. */
async function banner(args: readonly string[]): Promise<readonly string[]> {
  const running = start(['serve', ...args])
  let told = ''
  await new Promise<void>((resolve) => {
    running.child.stderr?.on('data', (data) => {
      told += String(data)
      if (told.includes('DEVELOPMENT LOOPBACK')) resolve()
    })
    running.child.once('exit', () => resolve())
  })
  await ended(running)
  return told.split('\n')
}

async function ended({ child, outcome }: Pick<Serving, 'child' | 'outcome'>): Promise<void> {
  child.kill('SIGTERM')
  const { code, stderr } = await outcome
  assert.equal(code, 0, stderr)
}

async function added(...args: readonly string[]): Promise<string> {
  return printed(await run(['client', 'add', '--name', 'Ours', '--json', ...args])).client_id
}

test('a server whose sign-in application nobody could decide for says so, and starts', async () => {
  const app = await added('--sign-in-app', '--generate-key', 'app.json')
  const other = await added('--generate-key', 'other.json', '--scope', 'accounts', '--grant', 'client_credentials')
  assert.deepEqual(await warnings(), [])
  assert.deepEqual(await warnings(...decidedBy(app)), [])
  const told = (what: string) => [`signIn.app.clientId: ${what}: nobody can sign in`]
  assert.deepEqual(await warnings(...decidedBy('c-nobody')), told('there is no client "c-nobody"'))
  const notOne = told(`the client "${other}" is not registered with sign_in_app`)
  assert.deepEqual(await warnings(...decidedBy(other)), notOne)
  assert.equal((await run(['client', 'suspend', app])).code, 0)
  assert.deepEqual(await warnings(...decidedBy(app)), told(`the client "${app}" is suspended`))
  assert.equal((await run(['client', 'activate', app])).code, 0)
  assert.deepEqual(await warnings(...decidedBy(app)), [])
})

test('the person who starts it sees where people sign in', async () => {
  const plain = await banner([])
  assert.ok(!plain.some((line) => /^ +(signs in|people of|WARNING)/.test(line)), plain.join('\n'))
  const lines = await banner(decidedBy('c-nobody'))
  assert.ok(lines.includes(`  signs in  ${page}`), lines.join('\n'))
  const warning = '  WARNING  signIn.app.clientId: there is no client "c-nobody": nobody can sign in'
  assert.ok(lines.includes(warning), lines.join('\n'))
  const provider = { issuer: 'http://127.0.0.1:9', clientId: 'strongroom', clientSecret: 'a secret of the two of us' }
  const upstream = [
    { ...provider, id: 'acme', name: 'Acme' },
    { ...provider, id: 'haus', name: { de: 'Das Haus', en: 'The house' } },
  ]
  const file = join(directory, 'people.yaml')
  const written = readFileSync(join(directory, 'strongroom.yaml'), 'utf8')
  writeFileSync(file, `${written}\nsignIn: ${JSON.stringify({ upstream })}\n`)
  const withPeople = await banner(['--config', file])
  assert.ok(withPeople.includes('  people of  Acme, Das Haus'), withPeople.join('\n'))
  assert.ok(!withPeople.join('\n').includes(provider.clientSecret))
})
