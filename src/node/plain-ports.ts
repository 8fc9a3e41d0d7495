/** Ports of a server that trusts no certificates, knows its clients' keys by value, and has nobody to notify. */

import type { ClientKeys, PostForm, RaiseEvent } from '../core/ports.ts'
import type { EventsAbout } from '../core/sign-in-ports.ts'
import { createMac } from './runtime.ts'

/** The keys of clients that registered them by value. */
const registeredKeys: ClientKeys = (client) => Promise.resolve(client)

const unraised: RaiseEvent = () => Promise.resolve()

const unsent: PostForm = () => Promise.reject(new Error('nothing is posted from here'))

const nothingKnown: EventsAbout = () => Promise.resolve([])

/** Made anew for each server: its pairwise subjects are of this process alone. */
export function plainPorts() {
  return {
    raise: unraised,
    clientKeys: registeredKeys,
    trustAnchors: undefined,
    pairwise: createMac(),
    postForm: unsent,
    webAuthn: undefined,
    upstream: [],
    eventsAbout: nothingKnown,
  } as const
}
