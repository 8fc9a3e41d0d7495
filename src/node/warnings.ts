/** What an operator should be told at the start although everything runs. */

import type { ClientId } from '../core/names.ts'
import type { ClientStore } from '../core/ports.ts'
import type { Config } from './config/index.ts'

/** One line each, without a full stop. */
export async function warningsOf(
  { listen, mode, server: { signInApp } }: Config,
  clients: Pick<ClientStore, 'find'>,
): Promise<readonly string[]> {
  const warnings: string[] = []
  if (mode === 'production' && listen.tls === undefined && listen.addressHeader === 'none') {
    warnings.push('listen.addressHeader is not set: sign-ins are not bounded by the address they come from')
  }
  const problem = signInApp && (await whyNotSignInApp(signInApp.clientId, clients))
  if (problem !== undefined) warnings.push(`signIn.app.clientId: ${problem}: nobody can sign in`)
  return warnings
}

/** Why the server would not listen to the application that people are sent to; undefined when it would. */
async function whyNotSignInApp(id: ClientId, clients: Pick<ClientStore, 'find'>): Promise<string | undefined> {
  const client = await clients.find(id)
  if (client === undefined) return `there is no client "${id}"`
  if (client.role.kind !== 'sign_in_app') return `the client "${id}" is not registered with sign_in_app`
  return client.status === 'suspended' ? `the client "${id}" is suspended` : undefined
}
