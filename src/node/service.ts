/** The authorization server as a process: store, keys, listener, management socket, reaper; up together, down together. */

import { newCorrelationId } from '../core/correlation.ts'
import { Secret } from '../core/names.ts'
import type { Audit, Store } from '../core/ports.ts'
import { createServer } from '../server/index.ts'
import type { Pages } from '../server/pages.ts'
import { openSqliteStore } from '../stores/sql/index.ts'
import { serveManagement, socketPathOf } from '../stores/management.ts'
import { createMemoryStore } from '../stores/memory.ts'
import type { Config, StoreConfig } from './config/index.ts'
import { openSigningKeys } from './keys.ts'
import { listen } from './listener.ts'
import { createPasswords } from './passwords.ts'
import { startReaper } from './reaper.ts'
import { createMac, createVerifier, random, sha256, systemClock } from './runtime.ts'

/** What a service does not decide itself. */
export type ServiceOptions = {
  readonly audit: Audit
  readonly pages: Pages
}

/** A service that is up. */
export type Service = {
  /** Where it listens, with the port that was taken. */
  readonly url: string
  /** Accepts nothing more, lets running requests end, then gives the database back. */
  readonly close: () => Promise<void>
}

/** How many keys of clients and proofs are kept ready: about 2 kB each. */
const keyCacheSize = 5_000

/**
 * Starts everything, or nothing: what was opened before a failure is closed again.
 * @throws StoreUnavailable, SigningKeysUnavailable, ListenerUnavailable, each with one line for the operator
 */
export async function startService(config: Config, { audit, pages }: ServiceOptions): Promise<Service> {
  const opened: (() => Promise<void>)[] = []
  const close = closeInReverse(opened)
  try {
    const store = await openStore(config.store)
    opened.push(store.close)
    const handler = createServer(config.server, { ...(await portsOf(config, store)), audit, pages })
    if (config.store.kind === 'sqlite') {
      opened.push((await serveManagement(store, socketPathOf(config.store.path), { hash: sha256 })).close)
    }
    const reaper = startReaper({ store, clock: systemClock, onFailure: (cause) => audit(failure('reaper', cause)) })
    opened.push(reaper.stop)
    const listener = await listen(handler, {
      ...config.listen,
      onFailure: (cause) => audit(failure('listener', cause)),
    })
    opened.push(listener.close)
    return { url: listener.url, close }
  } catch (cause) {
    await close()
    throw cause
  }
}

function openStore(store: StoreConfig): Promise<Store> {
  if (store.kind === 'memory') return Promise.resolve(createMemoryStore({ clock: systemClock }))
  return openSqliteStore({ path: store.path, clock: systemClock, hash: sha256 })
}

async function portsOf({ keys }: Config, store: Store) {
  const ambient = { clock: systemClock, random, hash: sha256 } as const
  // Without an operator's key nothing outlives the process, and a key of the process will do.
  const sealing = keys.sealing ?? new Secret(random(32))
  return {
    ...ambient,
    store,
    mac: createMac(),
    verify: createVerifier({ cacheSize: keyCacheSize }),
    keys: await openSigningKeys({ ...ambient, store: store.keys, sealing, algorithms: keys.algorithms }),
    passwords: createPasswords(),
  }
}

/** Once, the last opened first; one that fails to close does not keep the others open. */
function closeInReverse(opened: (() => Promise<void>)[]): () => Promise<void> {
  return async () => {
    const failures: unknown[] = []
    for (let close = opened.pop(); close !== undefined; close = opened.pop()) {
      await close().catch((cause: unknown) => failures.push(cause))
    }
    if (failures.length > 0) throw new AggregateError(failures, 'not everything could be closed')
  }
}

/** A bug outside any endpoint, which has an audit of its own. */
function failure(step: string, cause: unknown): Parameters<Audit>[0] {
  return {
    correlationId: newCorrelationId(random),
    time: systemClock(),
    step,
    outcome: 'failed',
    rule: undefined,
    status: 500,
    clientId: undefined,
    subject: undefined,
    peerAddress: '',
    detail: undefined,
    cause,
  }
}
