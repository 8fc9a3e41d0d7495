/**
 * The envelope around every endpoint: what arrives, what every answer carries, audit, and errors → HTTP. Endpoints
 * inside it read as sentences.
 */

import { newCorrelationId, presentedInteractionId } from '../core/correlation.ts'
import { OAuthError, refusalOf } from '../core/oauth-error.ts'
import type { CorrelationId } from '../core/names.ts'
import type { Connection } from '../core/ports.ts'
import { presentedScheme } from '../core/protected-resource.ts'
import { failureBody, headersAtResource, headersOfWaiting, refusalBody, statusAtResource } from '../core/refusal.ts'
import { publicRefusal, type RuleSlug, type Step } from '../core/rules.ts'
import { type Message, type MessageSchema, type Pairs, parseForm, parseMessage } from '../core/wire/form.ts'
import { type About, finerEvent, mergeAbout, securityEvents } from './alarm.ts'
import type { Answer } from './answers.ts'
import { type Call, headerValues, queryOf, readFormBody, rememberProof } from './call.ts'
import { languagesOf } from './languages.ts'
import { countsAsFailure, refuseWhileWaiting } from './rate-limits.ts'
import { pageHeaders, securityHeaders } from './security-headers.ts'
import type { Server } from './server.ts'

/** One method on one path, ready to be routed. */
export type Endpoint = {
  readonly method: 'GET' | 'POST'
  /** Below the issuer, with `:name` for values; from the root when it starts with `//`. */
  readonly path: string
  /** Where its refusals are listed. */
  readonly step: Kind['step']
  readonly handle: (
    server: Server,
    arrived: {
      readonly connection: Connection
      readonly method: string
      readonly path: Readonly<Record<string, string>>
    },
  ) => Promise<Response>
}

/** What sets one kind of endpoint apart from another. */
type Kind = {
  readonly step: Step | 'metadata'
  readonly pairs: (connection: Connection) => Promise<Pairs>
  readonly refusal: (error: OAuthError, context: AnswerContext) => Answer
  /** Whether answers carry the DPoP nonce of the caller's key. */
  readonly nonce: 'sent' | 'none'
}

type AnswerContext = { readonly server: Server; readonly connection: Connection; readonly correlationId: CorrelationId }

type Work<Schema extends MessageSchema> = (call: Call<Message<Schema>>, server: Server) => Promise<Answer>

/** An endpoint that clients call: a form in, JSON out. */
export function backChannelEndpoint<Schema extends MessageSchema>(
  step: Step,
  path: string,
  schema: Schema,
  work: Work<Schema>,
): Endpoint {
  return endpoint('POST', path, schema, work, { step, pairs: readFormBody, refusal: refusalAsJson, nonce: 'sent' })
}

/** A document everybody may read. */
export function documentEndpoint(path: string, read: (server: Server) => Answer): Endpoint {
  return {
    method: 'GET',
    path,
    step: 'metadata',
    handle: (server) => {
      const { status, headers, body } = read(server)
      return Promise.resolve(new Response(body, { status, headers: { ...securityHeaders(server.issuer), ...headers } }))
    },
  }
}

/** A page that browsers open: the query in, HTML or a redirect out. */
export function pageEndpoint<Schema extends MessageSchema>(
  step: Step,
  path: string,
  schema: Schema,
  work: Work<Schema>,
): Endpoint {
  const pairs = ({ target }: Connection) => Promise.resolve(parseForm(queryOf(target) ?? ''))
  return endpoint('GET', path, schema, work, { step, pairs, refusal: refusalAsPage, nonce: 'none' })
}

/** A form that browsers post. */
export function formEndpoint<Schema extends MessageSchema>(
  step: Step,
  path: string,
  schema: Schema,
  work: Work<Schema>,
): Endpoint {
  return endpoint('POST', path, schema, work, { step, pairs: readFormBody, refusal: refusalAsPage, nonce: 'none' })
}

/** A protected resource of our own. */
export function resourceEndpoint<Schema extends MessageSchema>(
  method: 'GET' | 'POST',
  path: string,
  schema: Schema,
  pairs: (connection: Connection) => Promise<Pairs>,
  work: Work<Schema>,
): Endpoint {
  return endpoint(method, path, schema, work, { step: 'userinfo', pairs, refusal: refusalAsChallenge, nonce: 'sent' })
}

/** Refuses everything that reaches it: the wrong method, or no such path. */
export function refusingEndpoint(
  rule: RuleSlug,
  expected: Readonly<Record<string, string>>,
  step: Kind['step'],
): Endpoint['handle'] {
  const kind: Kind = { step, pairs: () => Promise.resolve([]), refusal: refusalAsJson, nonce: 'none' }
  return (server, arrived) => envelope(kind, server, arrived, () => Promise.reject(new OAuthError(rule, { expected })))
}

function endpoint<Schema extends MessageSchema>(
  method: 'GET' | 'POST',
  path: string,
  schema: Schema,
  work: Work<Schema>,
  kind: Kind,
): Endpoint {
  return {
    method,
    path,
    step: kind.step,
    handle: (server, arrived) =>
      envelope(kind, server, arrived, async (call) => {
        const pairs = await kind.pairs(arrived.connection)
        // The time counts from here: a body that dribbles in must not stretch what had expired when it was complete.
        return work({ ...call, pairs, form: parseMessage(schema, pairs), now: server.clock() }, server)
      }),
  }
}

type Arrived = Parameters<Endpoint['handle']>[1]

async function envelope(
  kind: Kind,
  server: Server,
  { connection, method, path }: Arrived,
  work: (call: Omit<Call<unknown>, 'form' | 'pairs' | 'now'>) => Promise<Answer>,
): Promise<Response> {
  const correlationId = newCorrelationId(server.random)
  const presentedProof = rememberProof(connection, server.hash)
  let about: About = {}
  const note: Call<unknown>['note'] = (more) => {
    about = mergeAbout(about, more)
  }
  const context = { server, connection, correlationId }
  const url = server.originOf(connection.entrance) + (connection.target.split('?', 1)[0] ?? '')
  const judged = await judge(kind, context, async () => {
    if (kind.step !== 'metadata') {
      const wait = server.rates.arrives(connection.peerAddress, server.clock())
      refuseWhileWaiting(wait, 'perAddressPerMinute', note)
    }
    return work({ connection, method, url, path, step: kind.step, correlationId, presentedProof, note })
  })
  const rule = judged.error instanceof OAuthError ? judged.error.rule : judged.answer.refused
  if (rule !== undefined && countsAsFailure(rule, kind.step))
    server.rates.failed(connection.peerAddress, server.clock())
  audit(judged, { rule, step: kind.step, about }, context)
  const proof = readableProof(presentedProof)
  const { answer, outcome } = judged
  const { status } = answer
  const jkt = proof?.key.thumbprint
  // What was refused is on record before anybody is told; what was granted soon after. See docs/adr/0011-events.md.
  const finer = judged.error instanceof OAuthError ? finerEvent(judged.error) : undefined
  const happened = { outcome, rule, finer, status, step: kind.step, correlationId, connection, about, jkt }
  await Promise.all(securityEvents(happened).map(server.raise))
  const wantsNonce = kind.nonce === 'sent' && proof !== undefined
  return toResponse(
    answer,
    context,
    wantsNonce ? server.nonces.current(proof.key.thumbprint, server.clock()) : undefined,
  )
}

function audit(
  { answer, outcome, error }: Judged,
  { rule, step, about }: { rule: RuleSlug | undefined; step: string; about: About },
  { server, connection, correlationId }: AnswerContext,
): void {
  server.audit({
    correlationId,
    time: server.clock(),
    step,
    outcome,
    rule,
    status: answer.status,
    clientId: about.clientId,
    subject: about.subject,
    peerAddress: connection.peerAddress,
    detail: error instanceof OAuthError ? error.detail : undefined,
    cause: outcome === 'failed' ? error : undefined,
  })
}

type Judged = { readonly answer: Answer; readonly outcome: 'done' | 'refused' | 'failed'; readonly error: unknown }

async function judge(kind: Kind, context: AnswerContext, work: () => Promise<Answer>): Promise<Judged> {
  try {
    const answer = await work()
    return { answer, outcome: answer.refused === undefined ? 'done' : 'refused', error: undefined }
  } catch (error) {
    const refusal = refusalOf(error)
    if (refusal !== undefined) return { answer: kind.refusal(refusal, context), outcome: 'refused', error: refusal }
    return { answer: bareServerError(context.correlationId), outcome: 'failed', error }
  }
}

/** The proof that was presented; one nobody can read was refused already, and gets no nonce. */
function readableProof(presentedProof: Call<unknown>['presentedProof']): ReturnType<typeof presentedProof> {
  try {
    return presentedProof()
  } catch (error) {
    if (error instanceof OAuthError) return undefined
    throw error
  }
}

function toResponse(
  answer: Answer,
  { server, connection, correlationId }: AnswerContext,
  nonce: string | undefined,
): Response {
  const { status, body, cookies } = answer
  const fields = {
    'cache-control': 'no-store',
    ...securityHeaders(server.issuer),
    'x-correlation-id': correlationId,
    'x-fapi-interaction-id': presentedInteractionId(connection.headers) ?? correlationId,
    ...(nonce === undefined ? {} : { 'dpop-nonce': nonce }),
    ...answer.headers,
  }
  // A plain record goes to the socket as it is; only repeated fields need the costlier object.
  if (cookies.length === 0) return new Response(body, { status, headers: fields })
  const headers = new Headers(fields)
  for (const cookie of cookies) headers.append('set-cookie', cookie)
  return new Response(body, { status, headers })
}

function refusalAsJson(error: OAuthError, { server, connection, correlationId }: AnswerContext): Answer {
  const { status, slug } = publicRefusal(error.rule)
  const allow = error.expected['allow']
  const usedBasic = status === 401 && headerValues(connection, 'authorization').length > 0
  return {
    status,
    headers: {
      'content-type': 'application/json',
      ...(error.rule === 'method_not_allowed' && allow !== undefined ? { allow } : {}),
      // RFC 6749 §5.2: a client that used the Authorization header is answered in kind.
      ...(usedBasic ? { 'www-authenticate': 'Basic realm="not offered; use private_key_jwt"' } : {}),
      ...headersOfWaiting(error),
    },
    cookies: [],
    // The commonest mistake of honest clients, told with every failure alike.
    body: refusalBody(error, correlationId, slug === 'client_authentication_failed' ? { aud: server.issuer } : {}),
  }
}

function refusalAsPage(error: OAuthError, { server, connection, correlationId }: AnswerContext): Answer {
  const refusal = publicRefusal(error.rule)
  return {
    status: refusal.status,
    headers: { ...pageHeaders(server, undefined), ...headersOfWaiting(error) },
    cookies: [],
    body: server.pages.error({ refusal, correlationId, languages: languagesOf(connection) }),
  }
}

/** At a resource every refusal of a token or proof is a 401 with a challenge. RFC 6750 §3.1; RFC 9449 §7.1. */
function refusalAsChallenge(error: OAuthError, { connection, correlationId }: AnswerContext): Answer {
  const scheme = presentedScheme(connection.headers)
  return {
    status: statusAtResource(error.rule),
    headers: headersAtResource(error, { scheme, resourceMetadata: undefined }),
    cookies: [],
    body: refusalBody(error, correlationId),
  }
}

function bareServerError(correlationId: CorrelationId): Answer {
  return {
    status: 500,
    headers: { 'content-type': 'application/json' },
    cookies: [],
    body: failureBody(correlationId),
  }
}
