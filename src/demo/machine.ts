import { type Client, createClient, nodeClientPorts } from '../client/index.ts'
import type { Certificates } from './certificates.ts'
import { createRecorder, type Recorder } from './recorder.ts'

/** A program without a person: a certificate says who it is, and its tokens are bound to it. */
export type Machine = {
  readonly clientId: string
  readonly client: Client
  /** What it sends, as somebody with its logs would have it. */
  readonly recorder: Recorder
}

/** Where the machine goes. */
export type MachineOptions = {
  readonly issuer: string
  readonly mtls: string
  readonly statements: string
  readonly certificates: Certificates
}

/** The identifier the machine is registered under. */
export const machineId = 'ledger'

/** The machine, which shows its certificate wherever it is asked for one. */
export async function createMachine({ issuer, mtls, statements, certificates }: MachineOptions): Promise<Machine> {
  const ports = nodeClientPorts({ allowedOrigins: [issuer, mtls, statements], tls: certificates.machine })
  const recorder = createRecorder('machine', ports.fetch)
  const client = await createClient(
    {
      issuer,
      resource: statements,
      clientId: machineId,
      // Nobody is ever sent back to a machine.
      redirectUri: 'https://ledger.example/never',
      scope: 'statements',
      authentication: 'tls_client_auth',
      binding: 'certificate',
      keys: {},
    },
    { ...ports, fetch: recorder.fetch },
  )
  return { clientId: machineId, client, recorder }
}

/** The honest way: a token for the certificate, and statements for both. Gives the status. */
export async function readStatements({ client }: Machine): Promise<number> {
  const session = await client.clientCredentials()
  const { status } = await client.call(session, '/statements')
  return status
}
