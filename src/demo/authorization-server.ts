import { createPages } from '../console/index.ts'
import type { ClientRecord } from '../core/client.ts'
import { issuer, numericDate, resourceIdentifier, Secret, subject, username } from '../core/names.ts'
import type { Audit, Handler, Passwords, RaiseEvent, Store, TrustAnchors } from '../core/ports.ts'
import { standardLifetimes, standardLimits } from '../core/profile.ts'
import { type Alarm, createAlarm } from '../node/alarm.ts'
import { openSigningKeys } from '../node/keys.ts'
import { plainPorts } from '../node/plain-ports.ts'
import { createPasswords } from '../node/passwords.ts'
import { createMac, createVerifier, random, sha256, systemClock } from '../node/runtime.ts'
import { createWebAuthn } from '../node/web-authn.ts'
import { createServer } from '../server/index.ts'
import { createMemoryStore } from '../stores/memory.ts'
import { paymentTypes } from './bill.ts'
import { bankName } from './guarded-bank.ts'
import { statementsName } from './statements.ts'

/** A person the server knows. */
type Person = {
  readonly username: string
  readonly password: string
  readonly subject: string
  readonly name: string
}

/** The person of the demo. */
export const demoUser: Person = {
  username: 'alice',
  password: 'a demo password',
  subject: 'customer-1',
  name: 'Alice Archer',
}

/** A customer of the same bank, who is a thief. */
export const thievingUser: Person = {
  username: 'mallory',
  password: 'a password of a thief',
  subject: 'customer-2',
  name: 'Mallory Meyer',
}

/** What the demo's authorization server is made of. */
export type DemoServerOptions = {
  readonly issuer: string
  /** The origin of its second entrance, where clients are asked for certificates. RFC 8705 §5. */
  readonly mtls: string
  readonly trustAnchors: TrustAnchors
  readonly bank: string
  readonly statements: string
  readonly clients: readonly ClientRecord[]
  readonly audit: Audit
  readonly raise: RaiseEvent
}

/** The authorization server of the demo: everything in memory, gone with the process. */
export async function createDemoServer(
  options: DemoServerOptions,
): Promise<{ readonly handler: Handler; readonly store: Store; readonly close: () => Promise<void> }> {
  const store = createMemoryStore({ clock: systemClock })
  const alarm = await turnOnAlarm(store)
  const passwords = createPasswords()
  const keys = await openSigningKeys({
    store: store.keys,
    sealing: new Secret(random(32)),
    algorithms: ['ES256'],
    clock: systemClock,
    random,
    hash: sha256,
  })
  await Promise.all([demoUser, thievingUser].map(async (person) => addUser(store, person, passwords)))
  await Promise.all(options.clients.map((client) => store.clients.add(client)))
  const handler = createServer(
    {
      issuer: issuer(options.issuer),
      apis: apisOf(options),
      lifetimes: standardLifetimes,
      limits: standardLimits,
      mutualTlsOrigin: options.mtls,
      signInApp: undefined,
      passwordSignIn: 'offered',
      demoUser: { username: demoUser.username, password: demoUser.password },
    },
    {
      store,
      clock: systemClock,
      random,
      hash: sha256,
      mac: createMac(),
      verify: createVerifier({ cacheSize: 1_000 }),
      keys,
      passwords,
      audit: options.audit,
      pages: createPages(),
      ...plainPorts(),
      raise: async (event) => {
        await Promise.all([options.raise(event), alarm.raise(event)])
      },
      eventsAbout: alarm.about,
      webAuthn: createWebAuthn({ issuer: issuer(options.issuer), name: 'Strongroom demo' }),
      trustAnchors: options.trustAnchors,
    },
  )
  const close = async () => {
    await alarm.close()
    await store.close()
  }
  return { handler, store, close }
}

/** So that people see what happened to their account. */
function turnOnAlarm({ events }: Store): Promise<Alarm> {
  return createAlarm({
    store: events,
    clock: systemClock,
    random,
    hash: sha256,
    subjectMac: createMac(),
    onTrouble: () => {},
  })
}

function apisOf({ bank, statements }: DemoServerOptions) {
  return [
    {
      resource: resourceIdentifier(bank),
      name: bankName,
      scopes: bankScopes,
      detailTypes: paymentTypes(bank),
    },
    { resource: resourceIdentifier(statements), name: statementsName, scopes: statementScopes },
  ]
}

const bankScopes = [
  {
    name: 'accounts',
    description: { en: 'See your accounts and their balances', de: 'Ihre Konten und deren Stand sehen' },
  },
  {
    name: 'payments',
    description: {
      en: 'Make payments, each of which you are shown',
      de: 'Zahlungen ausführen, die Sie einzeln gezeigt bekommen',
    },
  },
] as const

const statementScopes = [{ name: 'statements', description: 'Read statements' }] as const

async function addUser(store: Store, person: Person, passwords: Passwords): Promise<void> {
  await store.users.add({
    subject: subject(person.subject),
    username: username(person.username),
    passwordHash: await passwords.hash(person.password),
    upstream: undefined,
    status: 'active',
    notBefore: numericDate(0),
    createdAt: systemClock(),
    claims: { name: person.name, email: `${person.username}@example.com` },
  })
}
