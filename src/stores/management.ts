/**
 * The management socket: how a second process on this machine changes people and clients while the server owns the
 * database. Line-delimited JSON over a local socket that only the owner's user may open.
 */

import { chmodSync, mkdtempSync, renameSync, rmSync, unlinkSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { clientId, type JsonObject, numericDate, subject, username } from '../core/names.ts'
import type { Hash, Store } from '../core/ports.ts'
import { StoreUnavailable } from './errors.ts'
import { numberAt, objectFrom, oneOf, optionalAt, readRecord, textAt } from './json.ts'
import { linesOf } from './lines.ts'
import { clientJson, parseClient, parseUser } from './records.ts'

/** What can be managed over the socket. */
export type Managed = Pick<Store, 'users' | 'clients'>

/** The verbs of the socket. */
export const managementVerbs = [
  'ping',
  'users.add',
  'users.list',
  'users.byUsername',
  'users.bySubject',
  'users.setPassword',
  'users.setLocked',
  'clients.add',
  'clients.find',
  'clients.list',
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

function verbsOf({ users, clients }: Managed, hash: Hash): Verbs {
  const nowAt = (args: JsonObject) => numericDate(numberAt(args, 'now'))
  const nameAt = (args: JsonObject, member: string) => username(textAt(args, member))
  const limitAt = (args: JsonObject) => Math.max(0, Math.min(numberAt(args, 'limit'), managementLimits.page))
  const clientIdAt = (args: JsonObject, member: string) => clientId(textAt(args, member))
  return {
    ping: async () => 'here',
    'users.add': async (args) => users.add(parseUser(args['user'])),
    'users.list': async (args) => users.list(limitAt(args), optionalAt(args, 'after', nameAt)),
    'users.byUsername': async (args) => users.byUsername(nameAt(args, 'username')),
    'users.bySubject': async (args) => users.bySubject(subject(textAt(args, 'subject'))),
    'users.setPassword': async (args) =>
      users.setPassword(nameAt(args, 'username'), textAt(args, 'passwordHash'), nowAt(args)),
    'users.setLocked': async (args) =>
      users.setLocked(nameAt(args, 'username'), oneOf(lockStates, args['locked']), nowAt(args)),
    'clients.add': async (args) => clients.add(parseClient(args['client'], hash)),
    'clients.find': async (args) => {
      const client = await clients.find(clientIdAt(args, 'clientId'))
      return client && clientJson(client)
    },
    'clients.list': async (args) =>
      (await clients.list(limitAt(args), optionalAt(args, 'after', clientIdAt))).map(clientJson),
  }
}

const lockStates = ['locked', 'active'] as const

/** The answer to a request, checked to be one of the known words. */
export function wordOf<T extends string>(known: readonly T[], value: unknown): T {
  return readRecord('answer', () => oneOf(known, value))
}
