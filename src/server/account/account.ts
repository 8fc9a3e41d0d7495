import { AccountQuery } from '../../core/wire/account.ts'
import { NoParameters } from '../../core/wire/form.ts'
import { seeOther } from '../answers.ts'
import { pageEndpoint } from '../endpoint.ts'
import { accountPath } from '../sign-in/occasion.ts'
import { accountPage } from './page.ts'
import { askToSignIn, findVisitor } from './visitor.ts'

const signInPath = `${accountPath}/sign-in`

/** The account page of who is signed in; anybody else signs in first. */
export const account = pageEndpoint('account', accountPath, AccountQuery, async (call, server) => {
  const visitor = await findVisitor(call, server)
  if (visitor === undefined) return seeOther(server.url(signInPath))
  return accountPage(visitor, { notice: call.form.done }, call, server)
})

/** Where one signs in to see the account, or again: what is sensitive there wants a fresh sign-in. */
export const accountSignIn = pageEndpoint('account', signInPath, NoParameters, (call, server) =>
  askToSignIn(undefined, call, server),
)
