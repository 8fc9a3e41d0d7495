import { NoParameters } from '../../core/wire/form.ts'
import { pageEndpoint } from '../endpoint.ts'
import { consentPage, signInPage } from './pages.ts'
import { findPending, interactionPath, isSignedInFreshly } from './pending.ts'

/** The page of a pending interaction: sign-in until somebody is signed in freshly enough, then consent. */
export const interaction = pageEndpoint('interaction', interactionPath, NoParameters, async (call, server) => {
  const pending = await findPending(call, server)
  const { session, request } = pending
  if (!isSignedInFreshly(session, request, pending.interaction.signedIn, call.now)) {
    return signInPage(pending, undefined, server)
  }
  return consentPage(pending, session, server)
})
