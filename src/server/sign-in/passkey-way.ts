import { passkeyAcr } from '../../core/authentication-context.ts'
import type { AuthorizationRequest } from '../../core/flow.ts'
import type { Call } from '../call.ts'
import type { PasskeyWay } from '../pages.ts'
import type { Server } from '../server.ts'
import { type ChallengePurpose, newChallenge } from './challenge.ts'
import { type Occasion, signInUrl } from './occasion.ts'

/** The way to sign in with a passkey, where this server has passkeys and one would serve. */
export async function passkeyWay(
  occasion: Occasion,
  call: Call<unknown>,
  server: Server,
): Promise<PasskeyWay | undefined> {
  const { webAuthn } = server
  if (webAuthn === undefined || !wouldServe(occasion.pending?.request.request)) return undefined
  const options = await webAuthn.signIn(newChallenge(challengePurpose(occasion), call.now, server))
  return { action: signInUrl(occasion, server, '/passkey'), options }
}

function wouldServe(request: AuthorizationRequest | undefined): boolean {
  const essential = request?.claims.essentialAcr
  return essential === undefined || essential.includes(passkeyAcr)
}

/** What the challenges of a sign-in are for. */
export function challengePurpose({ browser, about }: Occasion): ChallengePurpose {
  return { kind: 'sign_in', browser, about }
}
