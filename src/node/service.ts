/** The authorization server as a process: store, keys, listener, management socket, reaper; up together, down together. */

import { newCorrelationId } from '../core/correlation.ts'
import { Secret } from '../core/names.ts'
import type { Audit, RaiseEvent, Store } from '../core/ports.ts'
import { createServer } from '../server/index.ts'
import type { Pages } from '../server/pages.ts'
import { openSqliteStore } from '../stores/sql/index.ts'
import { serveManagement, socketPathOf } from '../stores/management.ts'
import { createMemoryStore } from '../stores/memory.ts'
import { type Alarm, createAlarm } from './alarm.ts'
import { startClockWatch } from './clock-watch.ts'
import type { Config, StoreConfig } from './config/index.ts'
import { type ChangingSigningKeys, openSigningKeys } from './keys.ts'
import { tellingOfChanges } from './keys/told.ts'
import { listen } from './listener.ts'
import { createPasswords } from './passwords.ts'
import { openOutbound } from './outbound.ts'
import { startReaper } from './reaper.ts'
import { createMac, createVerifier, random, sha256, systemClock } from './runtime.ts'
import { createPairwiseMac, createSubjectMac } from './subject-mac.ts'
import { openTrustAnchors } from './tls/trust-anchors.ts'
import { openUpstream } from './upstream.ts'
import { warningsOf } from './warnings.ts'
import { createWebAuthn } from './web-authn.ts'

/** What a service does not decide itself. */
export type ServiceOptions = {
  readonly audit: Audit
  readonly pages: Pages
}

/** A service that is up. */
export type Service = {
  /** Where it listens, with the port that was taken. */
  readonly url: string
  /** Where the entrance that asks for client certificates listens, if there is one. */
  readonly mutualTlsUrl: string | undefined
  /** What an operator should look at, as it was at the start; one line each. */
  readonly warnings: readonly string[]
  /** Accepts nothing more, lets running requests end, then gives the database back. */
  readonly close: () => Promise<void>
}

/** How many keys of clients and proofs are kept ready: about 2 kB each. */
const keyCacheSize = 5_000

/**
 * Starts everything, or nothing: what was opened before a failure is closed again.
 * @throws StoreUnavailable, SigningKeysUnavailable, ListenerUnavailable, ServerCertificateUnavailable,
 * CertificateHeaderUnsafe, TrustAnchorsUnavailable, each with one line for the operator
 */
export async function startService(config: Config, { audit, pages }: ServiceOptions): Promise<Service> {
  const opened: (() => Promise<void>)[] = []
  const close = closeInReverse(opened)
  try {
    const store = await openStore(config.store)
    opened.push(store.close)
    const warnings = await warningsOf(config, store.clients)
    const alarm = await turnOnAlarm(config, store, audit)
    opened.push(alarm.close)
    opened.push(watchClock(alarm.raise).stop)
    const keys = await openKeys(config, store, { audit, raise: alarm.raise })
    opened.push(keys.stop)
    const told = { raise: alarm.raise, eventsAbout: alarm.about }
    const outbound = openOutbound(alarm.raise)
    const upstream = openUpstream(config.upstream, outbound, {
      clock: systemClock,
      onTrouble: (trouble) => audit(failure('upstream', trouble)),
    })
    const ports = { ...(await portsOf(config, store, audit)), ...outbound, upstream, ...told }
    const handler = createServer(config.server, { ...ports, keys, audit, pages })
    if (config.store.kind === 'sqlite') {
      const managed = { ...store, keys: tellingOfChanges(store.keys, () => noticeKeys(keys, audit)) }
      opened.push((await serveManagement(managed, socketPathOf(config.store.path), { hash: sha256 })).close)
    }
    const reaper = startReaper({ store, clock: systemClock, onFailure: (cause) => audit(failure('reaper', cause)) })
    opened.push(reaper.stop)
    const onFailure = (cause: unknown) => audit(failure('listener', cause))
    const listener = await listen(handler, { ...config.listen, onFailure })
    opened.push(listener.close)
    const second = config.mtls && (await listen(handler, { ...config.mtls, entrance: 'mtls', onFailure }))
    if (second !== undefined) opened.push(second.close)
    return { url: listener.url, mutualTlsUrl: second?.url, warnings, close }
  } catch (cause) {
    await close()
    throw cause
  }
}

function openStore(store: StoreConfig): Promise<Store> {
  if (store.kind === 'memory') return Promise.resolve(createMemoryStore({ clock: systemClock }))
  return openSqliteStore({ path: store.path, clock: systemClock, hash: sha256 })
}

function turnOnAlarm({ keys }: Config, store: Store, audit: Audit): Promise<Alarm> {
  return createAlarm({
    store: store.events,
    clock: systemClock,
    random,
    hash: sha256,
    subjectMac: createSubjectMac(keys.sealing),
    onTrouble: (cause) => audit(failure('trail', cause)),
  })
}

function watchClock(raise: RaiseEvent): { readonly stop: () => Promise<void> } {
  return startClockWatch({
    wall: Date.now,
    steady: () => performance.now(),
    onJump: (seconds) =>
      void raise({
        type: 'clock.jump',
        outcome: 'allowed',
        reason: seconds > 0 ? 'set_forward' : 'set_back',
        endpoint: 'process',
        correlationId: newCorrelationId(random),
        evidence: { seconds },
        attacks: ['AL-18'],
      }),
  })
}

/** A change of keys from outside counts at once. */
async function noticeKeys({ refresh }: ChangingSigningKeys, audit: Audit): Promise<void> {
  await refresh().catch((cause: unknown) => audit(failure('keys', cause)))
}

/** Signing keys that follow their schedule, every change of which is a security event. */
function openKeys(
  { keys }: Config,
  store: Store,
  { audit, raise }: { readonly audit: Audit; readonly raise: RaiseEvent },
): Promise<ChangingSigningKeys> {
  return openSigningKeys({
    clock: systemClock,
    random,
    hash: sha256,
    ...keys,
    store: store.keys,
    // Without an operator's key nothing outlives the process, and a key of the process will do.
    sealing: keys.sealing ?? new Secret(random(32)),
    onChange: ({ what, kid, alg }) =>
      raise({
        type: 'admin.key_event',
        outcome: 'allowed',
        reason: what,
        endpoint: 'keys',
        correlationId: newCorrelationId(random),
        evidence: { kid, alg },
      }),
    watch: { onFailure: (cause) => audit(failure('keys', cause)) },
  })
}

/** Without files nobody is trusted to name clients. */
function openAnchors({ clientCertificates: { trustAnchors: files } }: Config, audit: Audit) {
  if (files.length === 0) return Promise.resolve(undefined)
  const onFailure = (cause: unknown) => audit(failure('trust anchors', cause))
  return openTrustAnchors({ source: { files }, onFailure })
}

async function portsOf(config: Config, store: Store, audit: Audit) {
  const ambient = { clock: systemClock, random, hash: sha256 } as const
  return {
    ...ambient,
    store,
    mac: createMac(),
    verify: createVerifier({ cacheSize: keyCacheSize }),
    passwords: createPasswords(),
    webAuthn: createWebAuthn({ issuer: config.server.issuer, name: new URL(config.server.issuer).host }),
    pairwise: createPairwiseMac(config.keys.sealing),
    trustAnchors: await openAnchors(config, audit),
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
