import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ConfigError, loadConfig } from './index.ts'

const directory = mkdtempSync(join(tmpdir(), 'strongroom-config-'))
const app = { url: 'https://login.example/', clientId: 'c-app' } as const

function load(signIn: object, issuer = 'https://id.example') {
  const file = join(directory, 'strongroom.yaml')
  writeFileSync(file, JSON.stringify({ issuer, signIn, keys: { sealing: 'A'.repeat(43) } }))
  return loadConfig({ file, env: {}, flags: {} })
}

function problems(signIn: object, issuer?: string): readonly string[] {
  try {
    load(signIn, issuer)
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    return error.lines
  }
  return []
}

test('a sign-in application is a page and the client that decides', () => {
  assert.deepEqual(load({ app }).server.signInApp, app)
  assert.equal(load({}).server.signInApp, undefined)
  const local = { ...app, url: 'http://127.0.0.1:4600/enter?theme=dark' }
  assert.deepEqual(load({ app: local }, 'http://localhost:4400').server.signInApp, local)
  assert.deepEqual(problems({ app: local }), [
    'signIn.app.url: must be https: http is for an issuer that is itself for development',
  ])
})

test('the page is one that browsers go to as it is written', () => {
  const sentence =
    'signIn.app.url: must be an https URL in its canonical spelling, without fragment (http for a loopback host only)'
  for (const url of [
    'https://login.example',
    'https://LOGIN.example/',
    'https://login.example/#top',
    'https://somebody:secret@login.example/',
    'https://login.example/?interaction=x',
    'https://login.example/?iss=x',
    'http://login.example/',
    'javascript:alert(1)',
    '/login',
  ]) {
    assert.ok(problems({ app: { ...app, url } }, 'http://localhost:4400').includes(sentence), url)
  }
  assert.deepEqual(problems({ app: { ...app, clientId: 'two words' } }), [
    'signIn.app.clientId: must be a client identifier',
  ])
  assert.deepEqual(problems({ app: { url: app.url } }), ['signIn.app.clientId: is missing'])
})

test('people sign in at the application and nowhere else', () => {
  const beside = (key: string) =>
    `signIn.${key}: has no meaning beside signIn.app: people sign in at that application and nowhere else`
  assert.ok(problems({ app, upstream: [] }).includes(beside('upstream')))
  assert.deepEqual(problems({ app, passwords: 'none' }), [beside('passwords')])
})
