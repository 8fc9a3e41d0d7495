import type { ClientRecord } from '../../core/client.ts'
import type { Session } from '../../core/people.ts'
import { type IdTokenHint, verifyIdTokenHint } from '../../core/id-token.ts'
import { endpointPaths } from '../../core/metadata.ts'
import { clientId, orUndefined, registeredRedirectUri, type RegisteredRedirectUri } from '../../core/names.ts'
import { refuse } from '../../core/oauth-error.ts'
import { type EndSessionParameters, EndSessionRequest, SignOutForm } from '../../core/wire/end-session.ts'
import { type Answer, backAfterLogout, seeOther } from '../answers.ts'
import type { Call } from '../call.ts'
import { formEndpoint, pageEndpoint } from '../endpoint.ts'
import { currentSession, endedSessionCookie, recogniseBrowser } from '../interaction/cookies.ts'
import { checkPostedHere, csrfToken } from '../interaction/csrf.ts'
import { languagesOf } from '../languages.ts'
import type { SignOutView } from '../pages.ts'
import { pageHeaders } from '../security-headers.ts'
import type { Server } from '../server.ts'
import { endSignIn } from '../sign-out.ts'
import { sidFor, subjectFor } from '../subject.ts'

const path = endpointPaths.endSession
const formPath = `${path}/confirm`

/** End session endpoint, by GET and POST, and the form of its page. OIDC RP-Initiated Logout §2. */
export const endSession = [
  pageEndpoint('logout', path, EndSessionRequest, async (call, server) => {
    const asked = await judgeRequest(call.form, server)
    const session = await currentSession(call, server)
    if (session === undefined) return signedOut(asked, [], call, server)
    note(call, asked, session)
    return isFromThisSignIn(asked, session, server)
      ? end(asked, session, call, server)
      : ask(asked, session, call, server)
  }),
  formEndpoint('logout', path, EndSessionRequest, async (call, server) => {
    const asked = await judgeRequest(call.form, server)
    const session = await currentSession(call, server)
    // A form of another site comes without our cookies. They come along when the browser asks once more, by GET, which
    // keeps the ID token out of the address, and so the person is asked.
    if (session === undefined) return seeOther(addressOf(asked, server))
    note(call, asked, session)
    return isFromThisSignIn(asked, session, server)
      ? end(asked, session, call, server)
      : ask(asked, session, call, server)
  }),
  formEndpoint('logout', formPath, SignOutForm, async (call, server) => {
    const asked = await judgeRequest(call.form, server)
    const session = await currentSession(call, server)
    const { secret } = recogniseBrowser(call, server)
    checkPostedHere(call, csrfToken(secret, 'sign-out', session, server), server)
    // The page is shown only to who is signed in.
    if (session === undefined) return refuse('csrf_token_invalid')
    note(call, asked, session)
    return end(asked, session, call, server)
  }),
]

/** A request to sign out, as far as it can be believed. */
type Asked = {
  readonly hint: IdTokenHint | undefined
  readonly client: ClientRecord | undefined
  /** Where the person goes afterwards: registered by the client, byte for byte. */
  readonly target: RegisteredRedirectUri | undefined
  readonly state: string | undefined
}

/**
 * Who asks, and where the person is to go afterwards. Nothing here sends anybody anywhere that was not registered.
 * OIDC RP-Initiated Logout §2, §3.
 * @throws OAuthError id_token_hint_invalid, logout_client_mismatch, post_logout_redirect_uri_unregistered
 */
async function judgeRequest(form: EndSessionParameters, server: Server): Promise<Asked> {
  const { issuer, keys, verify, store } = server
  const hint =
    form.idTokenHint === undefined
      ? undefined
      : await verifyIdTokenHint(form.idTokenHint, { issuer, keys: keys.published() }, verify)
  if (hint !== undefined && form.clientId !== undefined && form.clientId !== hint.audience) {
    refuse('logout_client_mismatch')
  }
  const named = form.clientId === undefined ? hint?.audience : clientIdOf(form.clientId)
  const client = named === undefined ? undefined : await store.clients.find(named)
  if (named !== undefined && client === undefined) refuse('logout_client_mismatch')
  return { hint, client, target: targetOf(form.postLogoutRedirectUri, client, server), state: form.state }
}

function clientIdOf(text: string) {
  return orUndefined(() => clientId(text)) ?? refuse('logout_client_mismatch')
}

function targetOf(
  asked: string | undefined,
  client: ClientRecord | undefined,
  { issuer }: Server,
): RegisteredRedirectUri | undefined {
  if (asked === undefined) return undefined
  // Byte for byte, also the port of a native application's loopback address.
  if (client?.status !== 'active' || !client.postLogoutRedirectUris.includes(asked)) {
    return refuse('post_logout_redirect_uri_unregistered')
  }
  const { applicationType, postLogoutRedirectUris: redirectUris } = client
  return (
    registeredRedirectUri(asked, { applicationType, redirectUris }, issuer) ??
    refuse('post_logout_redirect_uri_unregistered')
  )
}

/**
 * Whether the request shows an ID token of the very sign-in of this browser: its client may end it without asking. Any
 * other site may only ask the person. OIDC RP-Initiated Logout §2.
 */
function isFromThisSignIn({ hint, client }: Asked, { sid, subject }: Session, server: Server): boolean {
  return (
    hint !== undefined &&
    client?.status === 'active' &&
    hint.sid === sidFor(client, sid, server) &&
    hint.subject === subjectFor(client, subject, server)
  )
}

function note(call: Call<unknown>, { client }: Asked, { subject }: Session): void {
  call.note({ subject, ...(client === undefined ? {} : { clientId: client.clientId }) })
}

/** The page that asks the person: the request stands in its form once more, without the ID token. */
async function ask(asked: Asked, session: Session, call: Call<unknown>, server: Server): Promise<Answer> {
  const browser = recogniseBrowser(call, server)
  const user = await server.store.users.bySubject(session.subject)
  const view: SignOutView = {
    languages: languagesOf(call.connection),
    client: asked.client?.name,
    username: user?.username ?? '',
    action: server.url(formPath),
    csrf: csrfToken(browser.secret, 'sign-out', session, server),
    fields: fieldsOf(asked),
  }
  return {
    status: 200,
    headers: pageHeaders(server, asked.target),
    cookies: browser.cookies,
    body: server.pages.signOut(view),
  }
}

function fieldsOf({ client, target, state }: Asked): readonly (readonly [name: string, value: string])[] {
  const fields = { client_id: client?.clientId, post_logout_redirect_uri: target, state }
  return Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
}

function addressOf(asked: Asked, server: Server): string {
  const query = new URLSearchParams(fieldsOf(asked).map(([name, value]): [string, string] => [name, value])).toString()
  return server.url(query === '' ? path : `${path}?${query}`)
}

/** Ends the sign-in, and sends the person on. */
async function end(asked: Asked, session: Session, call: Call<unknown>, server: Server): Promise<Answer> {
  call.note({
    event: 'user.logout.done',
    outcome: 'revoked',
    reason: asked.hint === undefined ? 'by_the_person' : 'by_the_client',
    evidence: await endSignIn(session, call, server),
  })
  return signedOut(asked, [endedSessionCookie(server)], call, server)
}

/** Back to the client where it registered a place for that, or a page that says so. */
function signedOut({ target, state }: Asked, cookies: readonly string[], call: Call<unknown>, server: Server): Answer {
  if (target !== undefined) return backAfterLogout(target, state, cookies)
  return {
    status: 200,
    headers: pageHeaders(server, undefined),
    cookies,
    body: server.pages.signedOut({ languages: languagesOf(call.connection) }),
  }
}
