/**
 * The management socket: how a second process on this machine manages what is stored while the server owns the
 * database. Line-delimited JSON over a local socket that only the owner's user may open.
 */

import { chmodSync, mkdtempSync, renameSync, rmSync, unlinkSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { clientId, grantRef, type JsonObject, rowId, subject, username } from '../core/names.ts'
import type { GrantFilter, Hash, Store } from '../core/ports.ts'
import { clientJson, clientStatuses, parseClient } from './client-record.ts'
import { StoreUnavailable } from './errors.ts'
import { parseNewEvent } from './event-record.ts'
import { listAt, numberAt, objectFrom, oneOf, optionalAt, textAt } from './json.ts'
import { linesOf } from './lines.ts'
import { dateAt, parseStoredKey, parseUser, userStatuses } from './records.ts'

/** What can be managed over the socket. */
export type Managed = Pick<Store, 'clients' | 'keys'> & {
  readonly users: Omit<Store['users'], 'byUpstream' | 'setClaims'>
  readonly passkeys: Pick<Store['passkeys'], 'list' | 'withdraw'>
  readonly events: Omit<Store['events'], 'about'>
  readonly grants: Pick<Store['grants'], 'find' | 'list' | 'revoke' | 'consent' | 'withdraw'>
}

/** The verbs of the socket. */
export const managementVerbs = [
  'ping',
  'users.add',
  'users.list',
  'users.byUsername',
  'users.bySubject',
  'users.setPassword',
  'users.setLocked',
  'passkeys.list',
  'passkeys.withdraw',
  'clients.add',
  'clients.find',
  'clients.list',
  'clients.setStatus',
  'clients.remove',
  'grants.find',
  'grants.list',
  'grants.revoke',
  'grants.consent',
  'grants.withdraw',
  'events.append',
  'events.list',
  'events.newest',
  'events.find',
  'keys.add',
  'keys.list',
  'keys.retire',
  'keys.remove',
] as const
export type ManagementVerb = (typeof managementVerbs)[number]

/** Bounds of the socket: bytes of a line, rows of one page, connections, and seconds without a word. */
export const managementLimits = { lineBytes: 1_048_576, page: 20, connections: 8, idleSeconds: 30 } as const

/** The socket of a database file. */
export function socketPathOf(databasePath: string): string {
  return `${resolve(databasePath)}.sock`
}

/**
 * Serves the managed parts of a store on a local socket, until `close`. Call it only while owning the database: a
 * socket file that is there was left behind by an owner who died, and is replaced.
 *
 * The socket is made in a directory of mode 0700 and moved into place when its own mode is 0600, so that there is no
 * instant at which anybody else could open it, and no umask of the whole process has to change.
 * @throws StoreUnavailable when the socket cannot be made
 */
export async function serveManagement(
  store: Managed,
  socketPath: string,
  { hash }: { readonly hash: Hash },
): Promise<{ readonly close: () => Promise<void> }> {
  const verbs = verbsOf(store, hash)
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.setTimeout(managementLimits.idleSeconds * 1000, () => socket.destroy())
    void converse(socket, verbs)
  })
  server.maxConnections = managementLimits.connections
  await listen(socketPath, async (path) => {
    await new Promise<void>((done, failed) => {
      server.once('error', failed)
      server.listen(path, done)
    })
  })
  // A connection that cannot be accepted is the caller's trouble, not the end of the server.
  server.on('error', () => undefined)
  return {
    close: async () => {
      // The name first, so that nobody finds a socket without a server.
      rmSync(socketPath, { force: true })
      for (const socket of sockets) socket.destroy()
      await new Promise((done) => {
        server.close(done)
      })
    },
  }
}

/** Listens inside a private directory, then moves the socket to its place. */
async function listen(socketPath: string, start: (path: string) => Promise<void>): Promise<void> {
  let nursery: string | undefined
  try {
    nursery = mkdtempSync(join(dirname(socketPath), '.s-'))
    const born = join(nursery, 's')
    // The kernel would cut a longer name off, or refuse it with a message nobody understands.
    const longest = Math.max(Buffer.byteLength(born), Buffer.byteLength(socketPath))
    if (longest > 103) throw new Error('its path is longer than the 103 bytes a socket may have')
    await start(born)
    chmodSync(born, 0o600)
    renameSync(born, socketPath)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new StoreUnavailable('unwritable', `cannot make the management socket "${socketPath}": ${why}`, cause)
  } finally {
    if (nursery !== undefined) rmSync(nursery, { recursive: true, force: true })
  }
}

/** Removes a socket file nobody serves any more. Call it only while owning the database. */
export function removeStaleSocket(socketPath: string): void {
  try {
    unlinkSync(socketPath)
  } catch {
    // Mostly there is none; one that cannot be removed is replaced by the next owner, or tells them why not.
  }
}

type Verbs = Readonly<Record<ManagementVerb, (args: JsonObject) => Promise<unknown>>>

/** Answers one line after the other; a line that is no request ends the conversation. */
async function converse(socket: Socket, verbs: Verbs): Promise<void> {
  try {
    for await (const line of linesOf(socket, managementLimits.lineBytes)) {
      const parsed: unknown = JSON.parse(line)
      const request = objectFrom(parsed)
      const answer = await answerTo(request, verbs)
      if (!socket.write(`${JSON.stringify({ id: request['id'], ...answer })}\n`)) {
        await new Promise((drained) => {
          socket.once('drain', drained)
          socket.once('close', drained)
        })
      }
    }
    socket.end()
  } catch {
    socket.destroy()
  }
}

async function answerTo(request: JsonObject, verbs: Verbs): Promise<JsonObject> {
  try {
    const verb = oneOf(managementVerbs, request['verb'])
    // JSON knows no undefined; absent and null are one.
    return { value: (await verbs[verb](objectFrom(request['args']))) ?? null }
  } catch (cause) {
    return { error: cause instanceof Error ? `${cause.name}: ${cause.message}` : 'unknown error' }
  }
}

function verbsOf(store: Managed, hash: Hash): Verbs {
  return {
    ping: async () => 'here',
    ...userVerbs(store),
    ...passkeyVerbs(store),
    ...clientVerbs(store, hash),
    ...grantVerbs(store),
    ...eventVerbs(store),
    ...keyVerbs(store),
  }
}

type VerbsOf<Part extends string> = Pick<Verbs, Extract<ManagementVerb, `${Part}.${string}`>>

const nowAt = (args: JsonObject) => dateAt(args, 'now')
const limitAt = (args: JsonObject) => Math.max(0, Math.min(numberAt(args, 'limit'), managementLimits.page))
const usernameAt = (args: JsonObject, member: string) => username(textAt(args, member))
const subjectAt = (args: JsonObject, member: string) => subject(textAt(args, member))
const clientIdAt = (args: JsonObject, member: string) => clientId(textAt(args, member))
const whichAt = ({ which }: JsonObject) =>
  which === 'all' ? which : { credentialId: textAt(objectFrom(which), 'credentialId') }
const grantRefAt = (args: JsonObject, member: string) => grantRef(textAt(args, member))

function userVerbs({ users }: Managed): VerbsOf<'users'> {
  return {
    'users.add': async (args) => users.add(parseUser(args['user'])),
    'users.list': async (args) => users.list(limitAt(args), optionalAt(args, 'after', usernameAt)),
    'users.byUsername': async (args) => users.byUsername(usernameAt(args, 'username')),
    'users.bySubject': async (args) => users.bySubject(subjectAt(args, 'subject')),
    'users.setPassword': async (args) =>
      users.setPassword(usernameAt(args, 'username'), textAt(args, 'passwordHash'), nowAt(args)),
    'users.setLocked': async (args) =>
      users.setLocked(usernameAt(args, 'username'), oneOf(userStatuses, args['locked']), nowAt(args)),
  }
}

function passkeyVerbs({ passkeys }: Managed): VerbsOf<'passkeys'> {
  return {
    'passkeys.list': async (args) => passkeys.list(subjectAt(args, 'subject')),
    'passkeys.withdraw': async (args) => passkeys.withdraw(usernameAt(args, 'username'), whichAt(args), nowAt(args)),
  }
}

function clientVerbs({ clients }: Managed, hash: Hash): VerbsOf<'clients'> {
  return {
    'clients.add': async (args) => clients.add(parseClient(args['client'], hash)),
    'clients.find': async (args) => {
      const client = await clients.find(clientIdAt(args, 'clientId'))
      return client && clientJson(client)
    },
    'clients.list': async (args) =>
      (await clients.list(limitAt(args), optionalAt(args, 'after', clientIdAt))).map(clientJson),
    'clients.setStatus': async (args) =>
      clients.setStatus(clientIdAt(args, 'clientId'), oneOf(clientStatuses, args['status']), nowAt(args)),
    'clients.remove': async (args) => clients.remove(clientIdAt(args, 'clientId')),
  }
}

function grantVerbs({ grants }: Managed): VerbsOf<'grants'> {
  return {
    'grants.find': async (args) => grants.find(grantRefAt(args, 'ref')),
    'grants.list': async (args) => grants.list(filterFrom(args), limitAt(args), optionalAt(args, 'after', grantRefAt)),
    'grants.revoke': async (args) => grants.revoke(grantRefAt(args, 'ref'), nowAt(args)),
    'grants.consent': async (args) => grants.consent(subjectAt(args, 'subject'), clientIdAt(args, 'clientId')),
    'grants.withdraw': async (args) =>
      grants.withdraw(subjectAt(args, 'subject'), clientIdAt(args, 'clientId'), nowAt(args)),
  }
}

function filterFrom(args: JsonObject): GrantFilter {
  const client = optionalAt(args, 'clientId', clientIdAt)
  const person = optionalAt(args, 'subject', subjectAt)
  const sid = optionalAt(args, 'sid', (from, member) => rowId(textAt(from, member)))
  return {
    ...(client === undefined ? {} : { clientId: client }),
    ...(person === undefined ? {} : { subject: person }),
    ...(sid === undefined ? {} : { sid }),
  }
}

function eventVerbs({ events }: Managed): VerbsOf<'events'> {
  return {
    'events.append': async (args) => {
      const some = listAt(args, 'events', parseNewEvent)
      // What is answered is longer, and has to fit a line as well.
      if (some.length > managementLimits.page) throw new RangeError('too many events for one line')
      return events.append(some)
    },
    'events.list': async (args) => events.list(numberAt(args, 'after'), limitAt(args)),
    'events.newest': async () => events.newest(),
    'events.find': async (args) => events.find(textAt(args, 'id')),
  }
}

function keyVerbs({ keys }: Managed): VerbsOf<'keys'> {
  return {
    'keys.add': async (args) => keys.add(parseStoredKey(args['key'])),
    'keys.list': async () => keys.list(),
    'keys.retire': async (args) => keys.retire(textAt(args, 'kid'), dateAt(args, 'publishedUntil')),
    'keys.remove': async (args) => keys.remove(textAt(args, 'kid')),
  }
}
