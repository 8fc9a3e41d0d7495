/** Our server as people run it: `strongroom serve`, built, on a configuration of its own, SQLite in a real file. */

import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parsePublicKey } from '../src/core/jose.ts'
import { clientDefaults } from '../src/core/client.ts'
import { clientId, numericDate, resourceIdentifier, subject, username } from '../src/core/names.ts'
import { limitBounds } from '../src/core/profile.ts'
import { createPasswords } from '../src/node/passwords.ts'
import { sha256, systemClock } from '../src/node/runtime.ts'
import { openSqliteStore } from '../src/stores/sql/index.ts'
import {
  type Actor,
  readActors,
  theApi,
  theClient,
  theKid,
  thePassword,
  theRedirectUri,
  theResource,
  theScope,
  theUsername,
} from './actors.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Builds the package below the directory, as it is published; returns its command line. */
export function buildProduct(directory: string): URL {
  const place = join(directory, 'product')
  mkdirSync(place)
  execFileSync(process.execPath, [join(root, 'scripts/build.ts'), join(place, 'dist')], { encoding: 'utf8' })
  for (const part of ['bin', 'package.json']) cpSync(join(root, part), join(place, part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(place, 'node_modules'), 'dir')
  return pathToFileURL(join(place, 'bin/strongroom.js'))
}

const database = 'strongroom.db'

/** Writes a configuration into the directory; returns the arguments of the command line. JSON is YAML, too. */
export function configure(directory: string, port: number): readonly string[] {
  const file = join(directory, 'strongroom.yaml')
  const config = {
    issuer: `http://127.0.0.1:${port}`,
    listen: { host: '127.0.0.1', port },
    apis: [
      { resource: theResource, name: 'Demo Bank', scopes: [{ name: theScope, description: 'See your accounts' }] },
    ],
    store: { kind: 'sqlite', path: database },
    // One client on one machine asks for everything here.
    limits: {
      perClientPerMinute: limitBounds.perClientPerMinute.most,
      perAddressPerMinute: limitBounds.perAddressPerMinute.most,
    },
    keys: { sealing: randomBytes(32).toString('base64url') },
  }
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 })
  return ['serve', '--json', '--config', file]
}

/** Registers everybody who takes part, before the server takes the database. */
export async function register(directory: string, actors: string): Promise<void> {
  const { client, api } = readActors(actors)
  const store = await openSqliteStore({ path: join(directory, database), clock: systemClock, hash: sha256 })
  const always = { notBefore: numericDate(0), createdAt: systemClock() }
  await store.clients.add({
    ...clientDefaults,
    clientId: clientId(theClient),
    name: 'Benchmark',
    redirectUris: [theRedirectUri],
    grantTypes: ['authorization_code', 'client_credentials', 'refresh_token'],
    scope: ['openid', 'offline_access', theScope],
    keys: [registeredKey(client)],
    ...always,
  })
  await store.clients.add({
    ...clientDefaults,
    clientId: clientId(theApi),
    name: 'Demo Bank',
    role: { kind: 'resource_server', resource: resourceIdentifier(theResource) },
    grantTypes: [],
    scope: [],
    keys: [registeredKey(api)],
    ...always,
  })
  await store.users.add({
    subject: subject('u-bench'),
    username: username(theUsername),
    passwordHash: await createPasswords().hash(thePassword),
    upstream: undefined,
    status: 'active',
    claims: {},
    ...always,
  })
  await store.close()
}

function registeredKey({ publicJwk }: Actor) {
  return parsePublicKey({ ...publicJwk, kid: theKid }, sha256)
}
