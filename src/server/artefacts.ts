/**
 * What others hold of us: `row id . secret`. The id finds the row, the secret proves the right to it; only the digest of
 * the secret is stored, one per artefact and purpose. 256 bits each. FAPI 2.0 SP §5.4.1-4.
 */

import { rowId, type RowId, type Sha256 } from '../core/names.ts'
import type { Hash, Random } from '../core/ports.ts'

/** A name with the secret that goes with it. */
export type Handle = { readonly id: RowId; readonly secret: string }

/** What a secret is for; the digest of one is never that of another. */
export type Purpose = 'request_uri' | 'code' | 'refresh_token' | 'session' | 'browser' | 'decision'

const requestUriPrefix = 'urn:ietf:params:oauth:request_uri:'

/** A name nobody can guess. */
export function newHandle(random: Random): Handle {
  return { id: newRowId(random), secret: random(32) }
}

/** The key of a new row. */
export function newRowId(random: Random): RowId {
  return rowId(random(16))
}

/** The text that others hold. */
export function handleText({ id, secret }: Handle): string {
  return `${id}.${secret}`
}

/** The handle in a text, or undefined when it never was one of ours. */
export function parseHandle(text: string): Handle | undefined {
  const [, id, secret] = /^([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})$/.exec(text) ?? []
  return id === undefined || secret === undefined ? undefined : { id: rowId(id), secret }
}

/** What is stored of a secret. */
export function digestOf(purpose: Purpose, secret: string, hash: Hash): Sha256 {
  return hash(`${purpose}\n${secret}`)
}

/** The request_uri of a pushed request. RFC 9126 §2.2. */
export function requestUriText(handle: Handle): string {
  return requestUriPrefix + handleText(handle)
}

/** The handle in a request_uri; `foreign` when it is no name of a pushed request at all. */
export function parseRequestUri(text: string): Handle | 'foreign' | undefined {
  return text.startsWith(requestUriPrefix) ? parseHandle(text.slice(requestUriPrefix.length)) : 'foreign'
}
