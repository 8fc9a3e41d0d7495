import type { AuthorizationDetail } from '../../core/authorization-details.ts'
import type { Confirmation } from '../../core/confirmation.ts'
import type { ClientRecord } from '../../core/client.ts'
import type { Once } from '../../core/ports.ts'
import type { TokenParameters } from '../../core/wire/token-request.ts'
import type { Call } from '../call.ts'
import type { Possession } from '../proof-of-possession.ts'
import type { Server } from '../server.ts'

/** A token request whose client and key are proved. */
export type GrantRequest = {
  readonly call: Call<TokenParameters>
  readonly client: ClientRecord
  readonly possession: Possession
  /** What the grant spends when nothing else can fail before the grant itself. */
  readonly spend: readonly Once[]
}

/** What leaves the token endpoint. */
export type IssuedTokens = {
  readonly accessToken: string
  readonly confirmation: Confirmation
  readonly refreshToken: string | undefined
  /** Seconds. */
  readonly expiresIn: number
  readonly scope: readonly string[]
  readonly details: readonly AuthorizationDetail[]
  readonly idToken: string | undefined
}

/** One grant type. */
export type GrantHandler = (request: GrantRequest, server: Server) => Promise<IssuedTokens>
