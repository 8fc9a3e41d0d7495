/** Answers as they came: each part is read only when somebody asks for it. */

import { isJsonObject } from '../../src/core/names.ts'

/** One whole answer. */
export class Answer {
  readonly #raw: Buffer

  constructor(raw: Buffer) {
    this.#raw = raw
  }

  get status(): number {
    // "HTTP/1.1 200 …"
    return Number(this.#raw.toString('latin1', 9, 12))
  }

  /** Every value of a field, in order. */
  values(name: string): readonly string[] {
    const head = this.#raw.toString('latin1', 0, this.#raw.indexOf('\r\n\r\n'))
    return [...head.matchAll(new RegExp(`\r\n${name}: *([^\r]*)`, 'gi'))].map(([, value = '']) => value)
  }

  get body(): string {
    const start = this.#raw.indexOf('\r\n\r\n') + 4
    const [encoding] = this.values('transfer-encoding')
    return encoding === undefined ? this.#raw.toString('utf8', start) : joinChunks(this.#raw.subarray(start))
  }

  /** Whether the text is somewhere in it. */
  includes(text: string): boolean {
    return this.#raw.includes(text)
  }

  /**
   * A member of the JSON document it holds.
   * @throws WrongAnswer
   */
  member(name: string): string {
    const document: unknown = JSON.parse(this.body)
    const value = isJsonObject(document) ? document[name] : undefined
    return typeof value === 'string' ? value : wrong(this, `there is no ${name}`)
  }

  toString(): string {
    return this.#raw.toString()
  }
}

/** RFC 9112 §7.1. */
function joinChunks(framed: Buffer): string {
  const chunks: Buffer[] = []
  let at = 0
  for (;;) {
    const end = framed.indexOf('\r\n', at)
    const size = Number.parseInt(framed.toString('latin1', at, end), 16)
    if (!(size > 0)) return Buffer.concat(chunks).toString()
    chunks.push(framed.subarray(end + 2, end + 2 + size))
    at = end + 2 + size + 2
  }
}

/** An answer that is not what the work wants: the run is worthless. */
export class WrongAnswer extends Error {
  override readonly name = 'WrongAnswer'
}

/** @throws WrongAnswer with the whole answer */
export function wrong(answer: Answer, what: string): never {
  throw new WrongAnswer(`${what}:\n${answer.toString()}`)
}

/**
 * A success is a 2xx that holds what was asked for: some refusals are answered with 200.
 * @throws WrongAnswer
 */
export function expectSuccess(answer: Answer, mark: string): void {
  const { status } = answer
  if (status < 200 || status > 299) wrong(answer, 'refused')
  if (!answer.includes(mark)) wrong(answer, `without ${mark}`)
}
