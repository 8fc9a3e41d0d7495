/** JSON documents that are read without credentials. */

import { isJsonObject, type JsonObject } from '../core/names.ts'
import { fail } from './errors.ts'
import type { ClientPorts } from './ports.ts'

/**
 * The JSON object at the URL; undefined where there is none (404).
 * @throws ClientError metadata_unavailable, metadata_malformed
 */
export async function readJson(url: string, fetch: ClientPorts['fetch']): Promise<JsonObject | undefined> {
  const answer = await fetchText(url, fetch)
  if (answer === undefined) return undefined
  const document = parseJson(answer)
  return isJsonObject(document) ? document : fail('metadata_malformed', { detail: 'not a JSON object' })
}

async function fetchText(url: string, fetch: ClientPorts['fetch']): Promise<string | undefined> {
  const { origin } = new URL(url)
  try {
    const init = { headers: { accept: 'application/json' }, redirect: 'manual' } as const
    const response = await fetch(url, init)
    if (response.status === 404) return undefined
    if (response.status === 200) return await response.text()
  } catch {
    // Whatever a transport says of it, the outcome is the same.
  }
  return fail('metadata_unavailable', { detail: `no usable answer from ${origin}` })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
