/** The example of a sign-in application, run as its README says, in front of a server that was started by the command. */

import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import { aCommandLine, freePort, printed } from '../../src/cli/running.test-support.ts'
import { type Begin, beginWith, discover } from './relying-party.ts'

const example = fileURLToPath(new URL('../../examples/sign-in-app/main.ts', import.meta.url))

/** A type of details with a word of the client's in it. */
const payments = `
    authorizationDetails:
      - type: payment
        schema:
          { type: object, additionalProperties: false, required: [to], properties: { to: { type: string, maxLength: 70 } } }
        consent: { title: Payment, text: 'Pay to {to}, once' }
`

/** A person the example knows. */
export const zoe = { username: 'zoe', password: 'tulips' } as const

/** Both of them, gone after the tests of the file; the server is up from `start` to the end of a test. */
export type ApplicationWorld = {
  readonly issuer: string
  /** Where the example is. */
  readonly page: string
  /** Starts the server with the application configured; what its one client does there. */
  readonly start: () => Promise<Begin>
}

/** For the tests of one file; the client has its answers at `redirectUri`. */
export async function anApplicationWorld(redirectUri: string): Promise<ApplicationWorld> {
  const { directory, port, run, serving } = await aCommandLine()
  const issuer = `http://localhost:${port}`
  const appPort = await freePort()
  const page = `http://127.0.0.1:${appPort}/`
  let application: ChildProcess | undefined
  after(() => application?.kill('SIGKILL'))

  /** Registers application and client, and starts the example. */
  const register = async () => {
    const file = join(directory, 'strongroom.yaml')
    writeFileSync(file, readFileSync(file, 'utf8').replace(/(name: Example bank)\n/, `$1${payments}`))
    const add = async (...args: readonly string[]) =>
      String(printed(await run(['client', 'add', '--json', ...args])).client_id)
    const keyFile = join(directory, 'sign-in.key.json')
    const app = await add('--name', 'Our sign-in', '--sign-in-app', '--generate-key', keyFile)
    const keys = ['--generate-key', 'client.key.json', '--detail-type', 'payment']
    const grants = ['--grant', 'authorization_code', '--grant', 'refresh_token']
    const scope = 'openid profile email offline_access'
    const ofClient = ['--redirect-uri', redirectUri, '--scope', scope, ...grants, ...keys]
    const ids = { app, client: await add('--name', 'Budget <b>', ...ofClient) }
    application = await startExample({ ISSUER: issuer, CLIENT_ID: app, KEY_FILE: keyFile, PORT: String(appPort) }, page)
    return { ...ids, isApp: printed(await run(['client', 'show', app, '--json'])).sign_in_app === true }
  }
  let registered: ReturnType<typeof register> | undefined

  const start = async () => {
    registered ??= register()
    const ids = await registered
    if (!ids.isApp) throw new Error('the application was registered as something else')
    await serving('--set', `signIn.app.url=${page}`, '--set', `signIn.app.clientId=${ids.app}`)
    const jwk = JSON.parse(readFileSync(join(directory, 'client.key.json'), 'utf8'))
    const key = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
    const begin = beginWith(await discover(issuer, ids.client, { key, kid: jwk.kid }), redirectUri)
    return (more = {}) => begin({ scope: 'openid profile email', ...more })
  }
  return { issuer, page, start }
}

async function startExample(env: Readonly<Record<string, string>>, page: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [example], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (data) => String(data).includes(page) && resolve())
    child.once('exit', (code) => reject(new Error(`the example ended with ${code}`)))
  })
  return child
}
