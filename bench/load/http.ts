/**
 * A closed loop of HTTP/1.1 over kept-alive connections that costs as little as it can: whole requests as bytes, answers
 * read only as far as to know where they end and which status they have.
 */

import { connect, type Socket } from 'node:net'

/** What came of one window. */
export type Window = {
  readonly seconds: number
  /** One for each answer, in milliseconds, sorted. */
  readonly latencies: Float64Array
  /** How many answers were not 2xx. */
  readonly errors: number
  /** The first of them, as it came. */
  readonly firstError: string | undefined
}

/** Connections that wait for their requests. */
export type Connections = {
  /** Sends all requests, one at a time on each connection, and waits for the last answer. */
  readonly send: (requests: readonly Buffer[]) => Promise<Window>
  readonly close: () => void
}

/** Opens `count` connections. */
export async function openConnections(origin: URL, count: number): Promise<Connections> {
  const sockets = await Promise.all(Array.from({ length: count }, () => open(origin)))
  return {
    send: (requests) => sendAll(sockets, requests),
    close: () => sockets.forEach((socket) => socket.destroy()),
  }
}

function open({ hostname, port }: URL): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}

async function sendAll(sockets: readonly Socket[], requests: readonly Buffer[]): Promise<Window> {
  const latencies = new Float64Array(requests.length)
  const state: Shared = { requests, latencies, next: 0, errors: 0, firstError: undefined }
  const started = performance.now()
  await Promise.all(sockets.map((socket) => keepBusy(socket, state)))
  const seconds = (performance.now() - started) / 1000
  const { errors, firstError } = state
  return { seconds, latencies: latencies.toSorted(), errors, firstError }
}

type Shared = {
  readonly requests: readonly Buffer[]
  readonly latencies: Float64Array
  next: number
  errors: number
  firstError: string | undefined
}

/** Sends on one socket until nothing is left. */
function keepBusy(socket: Socket, state: Shared): Promise<void> {
  return new Promise((resolve, reject) => {
    let index = 0
    let sentAt = 0
    let received: Buffer | undefined
    const stop = (error?: Error) => {
      socket.off('data', take).off('close', closed).off('error', stop)
      if (error === undefined) resolve()
      else reject(error)
    }
    const closed = () => stop(new Error('the server closed a connection'))
    const sendNext = () => {
      index = state.next
      const request = state.requests[index]
      if (request === undefined) return stop()
      state.next += 1
      sentAt = performance.now()
      socket.write(request)
    }
    const take = (chunk: Buffer) => {
      received = received === undefined ? chunk : Buffer.concat([received, chunk])
      if (!isWhole(received)) return
      state.latencies[index] = performance.now() - sentAt
      // "HTTP/1.1 2…"
      if (received[9] !== 0x32) {
        state.errors += 1
        state.firstError ??= received.toString()
      }
      received = undefined
      sendNext()
    }
    socket.on('data', take).on('close', closed).on('error', stop)
    sendNext()
  })
}

/** Whether an answer has come in full: as long as it says, or up to its last chunk. */
function isWhole(received: Buffer): boolean {
  const end = received.indexOf('\r\n\r\n')
  if (end === -1) return false
  const head = received.toString('latin1', 0, end)
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (length !== undefined) return received.length >= end + 4 + Number(length)
  return received.toString('latin1', received.length - 5) === '0\r\n\r\n'
}
