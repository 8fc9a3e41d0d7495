import { endpointPaths } from '../../core/metadata.ts'
import { publicRefusal, type RuleSlug } from '../../core/rules.ts'
import { type Answer, seeOther } from '../answers.ts'
import type { Call } from '../call.ts'
import { languagesOf } from '../languages.ts'
import type { AccountNotice, AccountView } from '../pages.ts'
import { pageHeaders } from '../security-headers.ts'
import type { Server } from '../server.ts'
import { accountPath } from '../sign-in/occasion.ts'
import { allowedClients } from './access.ts'
import { happenings } from './happenings.ts'
import { enrolmentView, passkeyPaths } from './passkeys.ts'
import { signIns } from './sign-ins.ts'
import type { Visitor } from './visitor.ts'

/** What the page says was just done, or why it was not. */
type Told = { readonly notice?: AccountNotice | undefined; readonly failed?: RuleSlug }

/** The account page: everything there is about one person, for that person. */
export async function accountPage(
  visitor: Visitor,
  { notice, failed }: Told,
  call: Call<unknown>,
  server: Server,
): Promise<Answer> {
  const { session, user, browser, csrf } = visitor
  const view: AccountView = {
    languages: languagesOf(call.connection),
    username: user.username,
    csrf,
    actions: actionsOf(server),
    ...(await allowedClients(visitor, call, server)),
    sessions: await signIns(visitor, call, server),
    passkeys: await server.store.passkeys.list(user.subject),
    enrolment: await enrolmentView(session, browser.secret, call, server),
    events: await happenings(visitor, server),
    notice,
    failed: failed === undefined ? undefined : publicRefusal(failed),
  }
  const page = {
    status: failed === undefined ? 200 : publicRefusal(failed).status,
    headers: pageHeaders(server, undefined, view.enrolment.kind === 'open' ? 'script' : 'no_script'),
    cookies: browser.cookies,
    body: server.pages.account(view),
  }
  return failed === undefined ? page : { ...page, refused: failed }
}

function actionsOf(server: Server): AccountView['actions'] {
  const url = (path: string) => server.url(accountPath + path)
  return {
    endAccess: url('/access/end'),
    endSession: url('/sessions/end'),
    renamePasskey: server.url(passkeyPaths.rename),
    removePasskey: server.url(passkeyPaths.remove),
    signInAgain: url('/sign-in'),
    signOut: server.url(endpointPaths.endSession),
  }
}

/** Back to the page, which says what was done: reloading it does nothing twice. */
export function done(notice: AccountNotice, { browser }: Visitor, server: Server): Answer {
  return seeOther(`${server.url(accountPath)}?done=${notice}`, browser.cookies)
}
