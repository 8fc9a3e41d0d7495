/** Opening what operators manage: through the owner of the database, or as its owner. */

import { connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { JsonObject } from '../core/names.ts'
import type { Clock, Hash, Store } from '../core/ports.ts'
import { CorruptRecord, StoreUnavailable } from './errors.ts'
import { objectFrom, readRecord } from './json.ts'
import { linesOf } from './lines.ts'
import { type Managed, managementLimits, type ManagementVerb, removeStaleSocket, socketPathOf } from './management.ts'
import { type Ask, remoteStore } from './remote.ts'
import { openSqliteStore, type SqliteStore } from './sql/index.ts'

/** What a command that manages works with. */
export type ManagedStore = {
  readonly store: Managed & Pick<Store, 'close'>
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
  readonly ask: Ask
  readonly close: () => Promise<void>
}

/** The store of the owner. Throws StoreUnavailable when there is one who does not answer. */
async function reachOwner({ path, hash }: ManagedStoreOptions, patience: number): Promise<ManagedStore['store']> {
  const { ask, close } = talk(await connected(socketPathOf(path), patience), patience)
  try {
    await ask('ping', {})
  } catch (cause) {
    await close()
    throw cause
  }
  return { ...remoteStore(ask, hash), close }
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
    const unreadable = /^CorruptRecord: a stored (.+) cannot be read$/.exec(answer['error'])?.[1]
    if (unreadable !== undefined) throw new CorruptRecord(unreadable, undefined)
    throw new StoreUnavailable('failed', `the owner of the database refused: ${answer['error']}`)
  }
  return answer['value'] ?? undefined
}
