import type { Client } from '../client/index.ts'
import type { Certificates } from './certificates.ts'
import type { Incidents } from './incidents.ts'
import type { Machine } from './machine.ts'
import type { Recorder } from './recorder.ts'
import type { Credentials, Registered } from './registrations.ts'
import type { Sender } from './trace.ts'

/** Everybody and everything a theft may involve. */
export type Stage = {
  readonly issuer: string
  readonly mtls: string
  readonly bank: string
  readonly statements: string
  readonly app: string
  readonly incidents: Incidents
  /** What the app sends, as somebody with its logs would have it. */
  readonly recorder: Recorder
  /** The client inside the app. */
  readonly client: Client
  readonly tally: Registered
  /** Another registered application, whose owner is a thief. */
  readonly magpie: Registered
  /** The bank, as it asks the server about tokens. */
  readonly bankServer: Credentials
  readonly machine: Machine
  readonly certificates: Certificates
  /** How somebody else than the machine reaches the entrances for certificates: with none, or with one of the thief. */
  readonly overTls: { readonly nobody: Sender; readonly thief: Sender }
}
