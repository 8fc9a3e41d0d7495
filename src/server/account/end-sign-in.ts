import { endpointPaths } from '../../core/metadata.ts'
import { EndSignInForm } from '../../core/wire/account.ts'
import { seeOther } from '../answers.ts'
import { endSignIn } from '../sign-out.ts'
import { accountPage, done } from './page.ts'
import { liveSessions } from './sign-ins.ts'
import { accountForm } from './visitor.ts'

/**
 * The form that ends another sign-in of the person: what was granted in it ends too, and its clients are told. The
 * sign-in of this very browser ends where one signs out. OIDC Back-Channel Logout §2.5.
 */
export const endOtherSignIn = accountForm('/sessions/end', EndSignInForm, async (visitor, call, server) => {
  const { sid } = call.form
  if (sid === visitor.session.sid) return seeOther(server.url(endpointPaths.endSession))
  const session = (await liveSessions(visitor, call, server)).find((one) => one.sid === sid)
  if (session === undefined) return accountPage(visitor, { failed: 'session_unknown' }, call, server)
  const evidence = await endSignIn(session, call, server)
  call.note({ event: 'user.session.ended', outcome: 'revoked', reason: 'by_the_person', evidence })
  return done('session_ended', visitor, server)
})
