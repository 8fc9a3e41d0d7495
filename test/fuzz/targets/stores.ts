/** What stores and their socket read: rows somebody may have edited, lines of another process. */

import assert from 'node:assert/strict'
import { connect, Socket } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isJsonObject, numericDate } from '../../../src/core/names.ts'
import { sha256 } from '../../../src/node/runtime.ts'
import { clientJson, parseClient } from '../../../src/stores/client-record.ts'
import { aClient, aGrant, aKey, anApproval, anEvent, aRequest, aUser } from '../../../src/stores/contract-fixtures.ts'
import { CorruptRecord } from '../../../src/stores/errors.ts'
import { parseEvent, parseEvents, parseNewEvent } from '../../../src/stores/event-record.ts'
import { linesOf } from '../../../src/stores/lines.ts'
import { managementVerbs, serveManagement } from '../../../src/stores/management.ts'
import { createMemoryStore } from '../../../src/stores/memory.ts'
import {
  parseApproval,
  parseAuthorizationRequest,
  parseConsent,
  parseGrant,
  parseStoredKey,
  parseUser,
} from '../../../src/stores/records.ts'
import type { Draw } from '../draw.ts'
import { jsonText, mutatedBytes, mutatedJson, mutatedText } from '../mutate.ts'
import { now } from '../samples.ts'
import { type Target, target, unless, unlessLater } from '../target.ts'

const written = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
const newEvent = written(anEvent('one'))
const records: Readonly<Record<string, { readonly sample: unknown; readonly parse: (value: unknown) => unknown }>> = {
  request: { sample: written(aRequest('one', 'shop').request), parse: parseAuthorizationRequest },
  approval: { sample: written(anApproval('one', 'ada')), parse: parseApproval },
  grant: { sample: written(aGrant('one', 'shop', 'ada')), parse: parseGrant },
  consent: {
    sample: { subject: 'sub-ada', clientId: 'shop', scope: ['openid'], resources: [], givenAt: now },
    parse: parseConsent,
  },
  key: { sample: written(aKey('one')), parse: parseStoredKey },
  user: { sample: written(aUser('ada')), parse: parseUser },
  client: { sample: written(clientJson(aClient('shop'))), parse: (value) => parseClient(value, sha256) },
  'new event': { sample: newEvent, parse: parseNewEvent },
  event: {
    sample: { ...(isJsonObject(newEvent) ? newEvent : {}), seq: 1, previousHash: 'A'.repeat(43), hash: 'A'.repeat(43) },
    parse: parseEvent,
  },
  events: { sample: [], parse: parseEvents },
}

/** Listens once for all, until nobody waits for the process. */
let socket: Promise<string> | undefined

async function managed(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'strongroom-fuzz-'))
  const path = join(directory, 's')
  const store = createMemoryStore({ clock: () => numericDate(now), epoch: numericDate(0) })
  const { close } = await serveManagement(store, path, { hash: sha256 })
  stops.push(async () => {
    await close()
    rmSync(directory, { recursive: true, force: true })
  })
  return path
}

const stops: (() => Promise<void>)[] = []

/** Ends what the targets of this file opened. */
export async function stopStores(): Promise<void> {
  socket = undefined
  await Promise.all(stops.splice(0).map((stop) => stop()))
}

/** Says some lines on the socket and reads until it falls silent or ends. */
function converse(path: string, lines: string): Promise<readonly string[]> {
  return new Promise((resolve) => {
    let text = ''
    const connection = connect(path)
    connection.setEncoding('utf8')
    const done = () => {
      connection.destroy()
      resolve(text.split('\n').filter((line) => line !== ''))
    }
    connection.on('data', (chunk: string) => (text += chunk))
    connection.on('close', done)
    connection.on('error', done)
    // What is not understood closes the connection; what is gets an answer, and then the end of ours.
    connection.end(lines)
  })
}

const requests: readonly unknown[] = [
  { id: 1, verb: 'ping', args: {} },
  { id: 2, verb: 'users.list', args: { limit: 5, after: 'alice' } },
  { id: 3, verb: 'clients.add', args: { client: records['client']?.sample } },
  { id: 4, verb: 'grants.list', args: { limit: 1e9, clientId: 'shop', subject: 'sub-ada', sid: 'A'.repeat(22) } },
  { id: 5, verb: 'events.append', args: { events: [newEvent] } },
  { id: 6, verb: 'keys.retire', args: { kid: 'one', publishedUntil: now } },
  { id: 7, verb: 'users.setLocked', args: { username: 'ada', locked: 'locked', now } },
]

function aLine(draw: Draw): string {
  const request = mutatedJson(draw, requests)
  const named = draw.once(3) && isJsonObject(request) ? { ...request, verb: draw.pick(managementVerbs) } : request
  return draw.once(12) ? mutatedText(draw, [JSON.stringify(named) ?? '']) : jsonText(draw, named)
}

export const storeTargets: readonly Target[] = [
  target(
    'stored records',
    12,
    (draw) => {
      const kind = draw.pick(Object.keys(records))
      return { kind, value: mutatedJson(draw, [records[kind]?.sample]) }
    },
    ({ kind, value }) => unless([CorruptRecord], () => records[kind]?.parse(written(value ?? null))),
  ),
  target(
    'lines of a socket',
    3,
    (draw) =>
      draw.some(6, () => mutatedBytes(draw, [Buffer.from('{"id":1}\n{"id":2}\n'), Buffer.from('x'.repeat(300))])),
    (chunks) =>
      unlessLater([RangeError], async () => {
        const stream = new Socket()
        for (const chunk of chunks) stream.push(chunk)
        stream.push(null)
        const lines: string[] = []
        for await (const line of linesOf(stream, 256)) lines.push(line)
        assert.ok(lines.every((line) => Buffer.byteLength(line) <= 3 * 256 && !line.includes('\n')))
      }),
  ),
  target(
    'management socket',
    1,
    (draw) => [aLine(draw), ...draw.some(3, () => aLine(draw))].map((line) => line.replaceAll('\n', ' ')),
    async (lines) => {
      socket ??= managed()
      const answers = await converse(await socket, lines.map((line) => `${line}\n`).join(''))
      for (const answer of answers) {
        const parsed: unknown = JSON.parse(answer)
        assert.ok(isJsonObject(parsed) && ('value' in parsed || typeof parsed['error'] === 'string'), answer)
        assert.doesNotMatch(answer, /"error":"(TypeError|ReferenceError|AssertionError)/)
      }
      assert.ok(answers.length <= lines.length)
      return answers.length === lines.length ? 'taken' : 'refused'
    },
  ),
]
