/** Opening people and clients for management: through the owner of the database, or as its owner. */

import { connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { JsonObject } from '../core/names.ts'
import type { Clock, Hash, Store } from '../core/ports.ts'
import { StoreUnavailable } from './errors.ts'
import { listAt, objectFrom, readRecord } from './json.ts'
import { linesOf } from './lines.ts'
import { managementLimits, type ManagementVerb, removeStaleSocket, socketPathOf, wordOf } from './management.ts'
import { clientJson, parseClient, parseUser } from './records.ts'
import { openSqliteStore, type SqliteStore } from './sql/index.ts'

/** What a command that manages people and clients works with. */
export type ManagedStore = {
  readonly store: Pick<Store, 'users' | 'clients' | 'close'>
  readonly via: 'socket' | 'file'
}

/** What `openManagedStore` is given. */
export type ManagedStoreOptions = {
  readonly path: string
  readonly clock: Clock
  readonly hash: Hash
  /** Milliseconds the owner may take for one answer, and to begin listening. */
  readonly patience?: number
}

/**
 * Opens the database itself when nobody owns it, and talks to the owner otherwise.
 *
 * The lock of the file decides, not the socket file: a socket left behind by an owner who died is not asked, and is
 * removed.
 * @throws StoreUnavailable when the database cannot be opened, or is owned and the owner does not answer
 */
export async function openManagedStore(options: ManagedStoreOptions): Promise<ManagedStore> {
  const patience = options.patience ?? 5000
  const attempts = 10
  let last: unknown
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const store = await openUnowned(options)
    if (store !== undefined) return { store, via: 'file' }
    try {
      return { store: await reachOwner(options, patience), via: 'socket' }
    } catch (cause) {
      last = cause
      if (cause instanceof StoreUnavailable) break
      // An owner holds the file a moment before it listens, and a short command owns it without ever listening.
      await wait(patience / attempts)
    }
  }
  throw new StoreUnavailable('no_answer', `"${options.path}" is owned by another process, which does not answer`, last)
}

/** The store on the file, or undefined when somebody owns it. */
async function openUnowned(options: ManagedStoreOptions): Promise<SqliteStore | undefined> {
  try {
    const store = await openSqliteStore(options)
    removeStaleSocket(socketPathOf(options.path))
    return store
  } catch (cause) {
    if (cause instanceof StoreUnavailable && cause.reason === 'owned') return undefined
    throw cause
  }
}

type Peer = {
  readonly ask: (verb: ManagementVerb, args: JsonObject) => Promise<unknown>
  readonly close: () => Promise<void>
}
type Ask = Peer['ask']

/** The store of the owner. Throws StoreUnavailable when there is one who does not answer. */
async function reachOwner({ path, hash }: ManagedStoreOptions, patience: number): Promise<ManagedStore['store']> {
  const { ask, close } = talk(await connected(socketPathOf(path), patience), patience)
  try {
    await ask('ping', {})
  } catch (cause) {
    await close()
    throw cause
  }
  return { users: remoteUsers(ask), clients: remoteClients(ask, hash), close }
}

async function connected(socketPath: string, patience: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath)
    socket.setTimeout(patience, () => socket.destroy(noAnswer()))
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}

function noAnswer(): StoreUnavailable {
  return new StoreUnavailable('no_answer', 'the owner of the database did not answer in time')
}

/** One question at a time over one connection. */
function talk(socket: Socket, patience: number): Peer {
  socket.on('error', () => socket.destroy())
  socket.setTimeout(0)
  const answers = linesOf(socket, managementLimits.lineBytes)
  let turn: Promise<unknown> = Promise.resolve()
  let number = 0
  const exchange = async (verb: ManagementVerb, args: JsonObject): Promise<unknown> => {
    number += 1
    const id = number
    socket.write(`${JSON.stringify({ id, verb, args })}\n`)
    const timer = setTimeout(() => socket.destroy(), patience)
    try {
      const line = await answers.next().catch(() => ({ done: true as const, value: undefined }))
      if (line.done === true) throw noAnswer()
      return valueOf(line.value, id)
    } finally {
      clearTimeout(timer)
    }
  }
  return {
    ask: async (verb, args) => {
      const answer = turn.then(async () => exchange(verb, args))
      turn = answer.catch(() => undefined)
      return answer
    },
    close: async () => {
      socket.destroy()
    },
  }
}

function valueOf(line: string, id: number): unknown {
  const answer = readRecord('answer', () => {
    const parsed: unknown = JSON.parse(line)
    return objectFrom(parsed)
  })
  if (answer['id'] !== id) throw noAnswer()
  if (typeof answer['error'] === 'string') {
    throw new StoreUnavailable('failed', `the owner of the database refused: ${answer['error']}`)
  }
  return answer['value'] ?? undefined
}

const additions = ['added', 'exists'] as const
const changes = ['set', 'unknown'] as const

function remoteUsers(ask: Ask): Store['users'] {
  const found = (value: unknown) => (value === undefined ? undefined : parseUser(value))
  return {
    add: async (user) => wordOf(additions, await ask('users.add', { user })),
    byUsername: async (username) => found(await ask('users.byUsername', { username })),
    bySubject: async (subject) => found(await ask('users.bySubject', { subject })),
    list: async (limit, after) =>
      inPages(limit, after, async (most, from) => {
        const users = await ask('users.list', { limit: most, after: from })
        return readRecord('answer', () => listAt({ users }, 'users', parseUser)).map((one) => [one.username, one])
      }),
    setPassword: async (username, passwordHash, now) =>
      wordOf(changes, await ask('users.setPassword', { username, passwordHash, now })),
    setLocked: async (username, locked, now) =>
      wordOf(changes, await ask('users.setLocked', { username, locked, now })),
  }
}

function remoteClients(ask: Ask, hash: Hash): Store['clients'] {
  const read = (value: unknown) => parseClient(value, hash)
  return {
    add: async (client) => wordOf(additions, await ask('clients.add', { client: clientJson(client) })),
    find: async (clientId) => {
      const value = await ask('clients.find', { clientId })
      return value === undefined ? undefined : read(value)
    },
    list: async (limit, after) =>
      inPages(limit, after, async (most, from) => {
        const clients = await ask('clients.list', { limit: most, after: from })
        return readRecord('answer', () => listAt({ clients }, 'clients', read)).map((one) => [one.clientId, one])
      }),
  }
}

/** A list of any length, asked for in pages that fit a line. */
async function inPages<Name, T>(
  limit: number,
  after: Name | undefined,
  ask: (limit: number, after: Name | undefined) => Promise<readonly (readonly [Name, T])[]>,
): Promise<readonly T[]> {
  const all: T[] = []
  let from = after
  while (all.length < limit) {
    const most = Math.min(managementLimits.page, limit - all.length)
    const some = await ask(most, from)
    for (const [name, one] of some) {
      all.push(one)
      from = name
    }
    if (some.length < most) break
  }
  return all
}
