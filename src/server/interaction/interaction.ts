import { NoParameters } from '../../core/wire/form.ts'
import { pageEndpoint } from '../endpoint.ts'
import { signInPage } from '../sign-in/page.ts'
import { occasionOf } from '../sign-in/occasion.ts'
import { consentPage } from './pages.ts'
import { approve } from './decision.ts'
import { isAllowedBefore, judgeSession } from './demands.ts'
import { findPending, interactionPath } from './pending.ts'

/**
 * The page of a pending interaction: sign-in until somebody is signed in as the request demands, then consent, unless
 * the person allowed as much before.
 */
export const interaction = pageEndpoint('interaction', interactionPath, NoParameters, async (call, server) => {
  const pending = await findPending(call, server)
  const { signedIn } = pending.interaction
  const judged = judgeSession(pending.session, { ...pending, signedIn }, call.now, server)
  if ('missing' in judged) return signInPage(occasionOf(pending), undefined, call, server)
  const { session } = judged
  if (!(await isAllowedBefore(pending, session, server))) return consentPage(pending, session, undefined, call, server)
  return approve(pending, session, { how: 'allowed_before', details: [] }, call, server)
})
