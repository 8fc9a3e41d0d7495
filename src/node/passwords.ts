/** Passwords at rest: argon2id, a bounded number at a time. RFC 9106; NIST SP 800-63B-4 §3.1.1.2. */

import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { StateUnavailable } from '../core/oauth-error.ts'
import type { Passwords } from '../core/ports.ts'

/** More sign-ins wait than the machine can hash: come back later. */
export class PasswordsOverloaded extends StateUnavailable {
  override readonly name = 'PasswordsOverloaded'
}

/** What one hash costs: memory in KiB, passes over it, lanes. */
type Cost = { readonly memory: number; readonly passes: number; readonly lanes: number }

/** OWASP's second setting for argon2id: about 30 ms on a small machine. */
const standardCost: Cost = { memory: 19_456, passes: 2, lanes: 1 }

/** How many hash at once (20 MB each, one thread each), and how many may wait their turn. */
const limits = { running: 2, waiting: 64 } as const

const saltBytes = 16
const tagBytes = 32

/**
 * Hashing and checking of passwords. Both reject with PasswordsOverloaded when too many wait. Passwords are compared in
 * Unicode's NFKC form, so that keyboards do not matter.
 */
export function createPasswords(): Passwords {
  const inTurn = createTurnstile(limits)
  // What an unknown person's password is checked against: nobody knows what it was made from.
  const decoy: Stored = { cost: standardCost, salt: randomBytes(saltBytes), tag: randomBytes(tagBytes) }
  return {
    hash: async (password) => {
      const salt = randomBytes(saltBytes)
      return phcString({ cost: standardCost, salt, tag: await inTurn(() => derive(password, salt, standardCost)) })
    },
    verify: async (password, hash) => {
      const stored = hash === undefined ? undefined : parsePhcString(hash)
      const { cost, salt, tag } = stored ?? decoy
      const derived = await inTurn(() => derive(password, salt, cost))
      return timingSafeEqual(derived, tag) && stored !== undefined
    },
  }
}

const argon2Async = promisify(argon2)

function derive(password: string, salt: Buffer, { memory, passes, lanes }: Cost): Promise<Buffer> {
  const message = password.normalize('NFKC')
  return argon2Async('argon2id', { message, nonce: salt, memory, passes, parallelism: lanes, tagLength: tagBytes })
}

/** Lets `running` tasks in at a time and `waiting` more stand in line. */
function createTurnstile({ running, waiting }: { readonly running: number; readonly waiting: number }) {
  let inside = 0
  const line: (() => void)[] = []
  return async <T>(task: () => Promise<T>): Promise<T> => {
    if (inside < running) inside += 1
    else if (line.length >= waiting) throw new PasswordsOverloaded('too many passwords wait to be checked')
    // Whoever leaves hands the place on, so that nobody slips in between.
    else await new Promise<void>((enter) => line.push(enter))
    try {
      return await task()
    } finally {
      const next = line.shift()
      if (next === undefined) inside -= 1
      else next()
    }
  }
}

type Stored = { readonly cost: Cost; readonly salt: Buffer; readonly tag: Buffer }

/** The PHC string form, version 1.3 of the algorithm. */
function phcString({ cost: { memory, passes, lanes }, salt, tag }: Stored): string {
  return `$argon2id$v=19$m=${memory},t=${passes},p=${lanes}$${unpadded(salt)}$${unpadded(tag)}`
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '')
}

const phc = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/

/** What a PHC string says, or undefined when it is none of ours, or asks for more than a sign-in may cost. */
function parsePhcString(text: string): Stored | undefined {
  const [, memory, passes, lanes, salt, tag] = phc.exec(text) ?? []
  if (salt === undefined || tag === undefined) return undefined
  const cost = { memory: Number(memory), passes: Number(passes), lanes: Number(lanes) }
  const isSane = cost.lanes >= 1 && cost.lanes <= 4 && cost.passes >= 1 && cost.passes <= 10
  if (!isSane || cost.memory < 8 * cost.lanes || cost.memory > 262_144) return undefined
  return { cost, salt: Buffer.from(salt, 'base64'), tag: Buffer.from(tag, 'base64') }
}
