/** Why somebody signs in: for a request that waits, or to see their own account. */

import type { Session } from '../../core/people.ts'
import type { RowId } from '../../core/names.ts'
import { refuse } from '../../core/oauth-error.ts'
import type { Call } from '../call.ts'
import { browserSecret, currentSession } from '../interaction/cookies.ts'
import { checkOwnPages, findPending, interactionPath, interactionUrl, type Pending } from '../interaction/pending.ts'
import type { Server } from '../server.ts'

/** One browser that is about to sign in. */
export type Occasion = {
  /** What its forms belong to. */
  readonly about: RowId | 'account'
  readonly browser: string
  readonly session: Session | undefined
  /** The request that waits for it, if one does. */
  readonly pending: Pending | undefined
}

/** The path of the account page, below the issuer. */
export const accountPath = '/account'

/** Where the forms of each occasion post to, below the issuer: one way to sign in after this prefix. */
export const signInPaths = [`${interactionPath}/sign-in`, `${accountPath}/sign-in`] as const

/** The occasion of a request that waits. */
export function occasionOf(pending: Pending): Occasion {
  const { interaction, browser, session } = pending
  return { about: interaction.id, browser, session, pending }
}

/**
 * The occasion a form belongs to: the interaction in its path, or the account.
 * @throws OAuthError of `findPending`; own_pages_off, interaction_foreign
 */
export async function findOccasion(call: Call<unknown>, server: Server): Promise<Occasion> {
  if (call.path['id'] !== undefined) return occasionOf(await findPending(call, server))
  checkOwnPages(server)
  const browser = browserSecret(call, server) ?? refuse('interaction_foreign')
  return { about: 'account', browser, session: await currentSession(call, server), pending: undefined }
}

/** Where the forms of an occasion post to: `way` is empty for a password, else `/passkey` or `/upstream/…`. */
export function signInUrl({ pending }: Pick<Occasion, 'pending'>, server: Server, way = ''): string {
  if (pending === undefined) return server.url(`${accountPath}/sign-in${way}`)
  return interactionUrl(pending.interaction.id, server, 'sign-in') + way
}

/** Where somebody goes who has signed in. */
export function afterSignIn({ pending }: Occasion, server: Server): string {
  return pending === undefined ? server.url(accountPath) : interactionUrl(pending.interaction.id, server)
}
