/** Who signed in, from what a provider says under its signature. OIDC Core §2, §5.1. */

import { upstreamAcr } from '../../core/authentication-context.ts'
import { type JsonObject, numericDate, orUndefined } from '../../core/names.ts'
import { refuse } from '../../core/oauth-error.ts'
import type { UpstreamPerson } from '../../core/sign-in-ports.ts'
import type { UpstreamConfig } from './config.ts'

/** Claims of an ID token, and of userinfo where they were asked for. */
export type Said = { readonly idToken: JsonObject; readonly userinfo: JsonObject }

/**
 * The person, with the time they signed in, which the ID token must tell.
 * @throws OAuthError upstream_answer_invalid
 */
export function personOf(
  { idToken, userinfo }: Said,
  { claims, acr: worth }: Pick<UpstreamConfig, 'claims' | 'acr'>,
): UpstreamPerson {
  const { sub, auth_time: time, acr, amr } = idToken
  if (typeof sub !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(sub)) refuse('upstream_answer_invalid', { detail: 'sub' })
  const authTime = typeof time === 'number' ? orUndefined(() => numericDate(Math.floor(time))) : undefined
  if (authTime === undefined) return refuse('upstream_answer_invalid', { detail: 'auth_time' })
  const said = (name: string) => textOf(idToken[name]) ?? textOf(userinfo[name])
  const name = said(claims.name)
  const email = emailIn(idToken, claims.email) ?? emailIn(userinfo, claims.email)
  return {
    subject: sub,
    username: said(claims.username),
    authTime,
    acr: typeof acr === 'string' && Object.hasOwn(worth, acr) ? (worth[acr] ?? upstreamAcr) : upstreamAcr,
    amr: methodsIn(amr),
    claims: { ...(name === undefined ? {} : { name }), ...(email === undefined ? {} : { email }) },
  }
}

/** Whether userinfo could say what the ID token does not. */
export function isSilentOn(idToken: JsonObject, { username, name, email }: UpstreamConfig['claims']): boolean {
  return [username, name].some((claim) => textOf(idToken[claim]) === undefined) || emailIn(idToken, email) === undefined
}

/** An address that nobody verified could be anybody's. OIDC Core §5.1. */
function emailIn(said: JsonObject, claim: string): string | undefined {
  return said['email_verified'] === true ? textOf(said[claim]) : undefined
}

/** A text that may be shown: bounded, without control characters. */
function textOf(value: unknown): string | undefined {
  const isText = typeof value === 'string' && value.trim() !== '' && value.length <= 255
  return isText && !/[\p{Cc}\p{Cf}\p{Cs}]/u.test(value) ? value : undefined
}

/** RFC 8176 §1. */
function methodsIn(amr: unknown): readonly string[] {
  const values: readonly unknown[] = Array.isArray(amr) ? amr : []
  const texts = values.filter(
    (value): value is string => typeof value === 'string' && /^[\x21-\x7e]{1,64}$/.test(value),
  )
  return [...new Set(texts)].slice(0, 16)
}
