import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createMemoryStore } from '../stores/memory.ts'
import { loadConfig } from './config/index.ts'
import { systemClock } from './runtime.ts'
import { warningsOf } from './warnings.ts'

const directory = mkdtempSync(join(tmpdir(), 'strongroom-warnings-'))
after(() => rmSync(directory, { recursive: true, force: true }))

function warnings(issuer: string, more: object = {}): Promise<readonly string[]> {
  const file = join(directory, 'strongroom.yaml')
  writeFileSync(file, JSON.stringify({ issuer, keys: { sealing: 'A'.repeat(43) }, ...more }))
  const { clients } = createMemoryStore({ clock: systemClock })
  return warningsOf(loadConfig({ file, env: {}, flags: {} }), clients)
}

test('[OPS-07] a server that cannot tell where sign-ins come from says so, and only there', async () => {
  const unset = /^listen\.addressHeader is not set/
  const [line = '', ...others] = await warnings('https://as.example')
  assert.match(line, unset)
  assert.deepEqual(others, [])
  assert.deepEqual(await warnings('https://as.example', { listen: { addressHeader: 'x-forwarded-for' } }), [])
  assert.deepEqual(await warnings('http://localhost:4400'), [])
  const app = { url: 'https://sign-in.example/', clientId: 'c-nobody' }
  const both = await warnings('https://as.example', { signIn: { app } })
  assert.match(both[0] ?? '', unset)
  assert.deepEqual(both.slice(1), ['signIn.app.clientId: there is no client "c-nobody": nobody can sign in'])
})
