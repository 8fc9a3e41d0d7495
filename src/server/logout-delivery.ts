/** Telling clients that a person signed out, in the background. OIDC Back-Channel Logout §2.5. */

import type { ClientRecord } from '../core/client.ts'
import { createLogoutToken } from '../core/logout-token.ts'
import type { CorrelationId, RowId, Subject } from '../core/names.ts'
import type { Server } from './server.ts'
import { sidFor, subjectFor } from './subject.ts'
import { tokenSigners } from './tokens.ts'

/** One client that is to be told. */
export type LogoutNotice = {
  readonly client: ClientRecord
  readonly uri: string
  /** The person, as this server knows them. */
  readonly subject: Subject
  readonly sid: RowId
  readonly correlationId: CorrelationId
}

/**
 * Has every client told, at its own pace: whoever signed out waits for none of them. What does not arrive is an event,
 * and is not tried again.
 */
export async function announceLogout(notices: readonly LogoutNotice[], server: Server): Promise<void> {
  for (const notice of notices) {
    const taken = server.logouts.add(notice.client.clientId, () => tell(notice, server))
    if (taken === 'full') await raiseUndelivered(notice, { reason: 'too_many_waiting', evidence: {} }, server)
  }
}

type Failure = { readonly reason: string; readonly evidence: Readonly<Record<string, string | number>> }

async function tell(notice: LogoutNotice, server: Server): Promise<void> {
  const failure = await failureOfPosting(notice, server)
  if (failure !== undefined) await raiseUndelivered(notice, failure, server)
}

/** 200 and 204 mean that the client signed the person out, anything else that it did not. */
async function failureOfPosting(notice: LogoutNotice, server: Server): Promise<Failure | undefined> {
  try {
    const { status } = await server.postForm(notice.uri, [['logout_token', await tokenFor(notice, server)]])
    return status === 200 || status === 204 ? undefined : { reason: 'not_accepted', evidence: { status } }
  } catch {
    return { reason: 'not_reached', evidence: {} }
  }
}

/** Made when it is sent: it is valid for two minutes, however long it waited. */
function tokenFor({ client, subject, sid }: LogoutNotice, server: Server): Promise<string> {
  const { issuer, random, clock } = server
  return createLogoutToken(
    {
      issuer,
      audience: client.clientId,
      subject: subjectFor(client, subject, server),
      sid: sidFor(client, sid, server),
      jti: random(16),
      issuedAt: clock(),
    },
    tokenSigners(client, server).idToken,
  )
}

function raiseUndelivered(
  { client, subject, correlationId }: LogoutNotice,
  { reason, evidence }: Failure,
  server: Server,
): Promise<void> {
  const { clientId } = client
  return server.raise({
    type: 'user.logout.undelivered',
    outcome: 'blocked',
    reason,
    endpoint: 'logout',
    correlationId,
    clientId,
    subject,
    evidence,
  })
}
