/**
 * A closed loop of HTTP/1.1 over kept-alive connections that costs as little as it can: whole requests as bytes, answers
 * read only as far as the work needs them.
 */

import { connect, type Socket } from 'node:net'
import { Answer, WrongAnswer } from './answer.ts'

/** A unit of work: yields one request after the other, is given each answer, and throws WrongAnswer at a wrong one. */
export type Unit = Generator<Buffer, unknown, Answer>

/** Begins a unit on a connection. */
export type UnitOf = (lane: number) => Unit

/** What came of one window. */
export type Window = {
  readonly seconds: number
  /** One for each unit, in milliseconds, sorted. */
  readonly latencies: Float64Array
  /** How many units ended with a wrong answer. */
  readonly errors: number
  /** The first of them. */
  readonly firstError: string | undefined
}

/** Connections that wait for their work. */
export type Connections = {
  /** Does all units, one at a time on each connection, and waits for the last answer. */
  readonly send: (units: readonly UnitOf[]) => Promise<Window>
  readonly close: () => void
}

/** Opens `count` connections. */
export async function openConnections(origin: URL, count: number): Promise<Connections> {
  const sockets = await Promise.all(Array.from({ length: count }, () => open(origin)))
  return {
    send: (units) => sendAll(sockets, units),
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

async function sendAll(sockets: readonly Socket[], units: readonly UnitOf[]): Promise<Window> {
  const latencies = new Float64Array(units.length)
  const state: Shared = { units, latencies, next: 0, errors: 0, firstError: undefined }
  const started = performance.now()
  await Promise.all(sockets.map((socket, lane) => keepBusy(socket, lane, state)))
  const seconds = (performance.now() - started) / 1000
  const { errors, firstError } = state
  return { seconds, latencies: latencies.toSorted(), errors, firstError }
}

type Shared = {
  readonly units: readonly UnitOf[]
  readonly latencies: Float64Array
  next: number
  errors: number
  firstError: string | undefined
}

/** Works on one socket until nothing is left. */
function keepBusy(socket: Socket, lane: number, state: Shared): Promise<void> {
  return new Promise((resolve, reject) => {
    let index = 0
    let unit: Unit | undefined
    let startedAt = 0
    let received: Buffer | undefined
    const stop = (error?: Error) => {
      socket.off('data', take).off('close', closed).off('error', stop)
      if (error === undefined) resolve()
      else reject(error)
    }
    const closed = () => stop(new Error('the server closed a connection'))
    const begin = () => {
      index = state.next
      const next = state.units[index]
      if (next === undefined) return stop()
      state.next += 1
      startedAt = performance.now()
      unit = next(lane)
      const { done, value } = unit.next()
      if (done === true) return stop(new Error('a unit without a request'))
      socket.write(value)
    }
    const end = () => {
      state.latencies[index] = performance.now() - startedAt
      begin()
    }
    const goOn = (answer: Answer) => {
      const step = unit?.next(answer)
      if (step?.done === false) socket.write(step.value)
      else end()
    }
    const take = (chunk: Buffer) => {
      received = received === undefined ? chunk : Buffer.concat([received, chunk])
      if (!isWhole(received)) return
      const answer = new Answer(received)
      received = undefined
      try {
        goOn(answer)
      } catch (cause) {
        if (!(cause instanceof WrongAnswer)) return stop(cause instanceof Error ? cause : new Error(String(cause)))
        state.errors += 1
        state.firstError ??= cause.message
        end()
      }
    }
    socket.on('data', take).on('close', closed).on('error', stop)
    begin()
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
