/** The Distinguished Encoding Rules, as far as certificates need them: one spelling for everything. X.690 §8, §10. */

/** Bytes that are not DER, or not what had to stand there. */
export class MalformedDer extends Error {
  override readonly name = 'MalformedDer'
}

/** One element: its identifier octet, what it holds, and itself as a whole. */
export type Element = { readonly tag: number; readonly content: Uint8Array; readonly whole: Uint8Array }

/** The identifier octets that occur in certificates. */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const

/** Reads the elements of one constructed value in order. Every method throws MalformedDer. */
export class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Whether everything was read. */
  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  /** The identifier octet of the next element, undefined at the end. */
  get nextTag(): number | undefined {
    return this.#bytes[this.#at]
  }

  /** The next element, which must have this tag. */
  read(tag: number): Element {
    const element = this.readAny()
    if (element.tag !== tag) throw new MalformedDer('an element is not of the kind it must be')
    return element
  }

  /** The next element if it has this tag. */
  readOptional(tag: number): Element | undefined {
    return this.nextTag === tag ? this.readAny() : undefined
  }

  /** The next element: one identifier octet, a definite length in its shortest form. X.690 §10.1. */
  readAny(): Element {
    const start = this.#at
    const tag = this.#octet()
    if ((tag & 0x1f) === 0x1f) throw new MalformedDer('a tag is too high')
    const length = this.#length()
    const end = this.#at + length
    if (end > this.#bytes.length) throw new MalformedDer('an element is cut off')
    const content = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return { tag, content, whole: this.#bytes.subarray(start, end) }
  }

  /** Nothing may follow. */
  end(): void {
    if (!this.isAtEnd) throw new MalformedDer('something follows that does not belong there')
  }

  #octet(): number {
    const octet = this.#bytes[this.#at]
    if (octet === undefined) throw new MalformedDer('an element is missing')
    this.#at += 1
    return octet
  }

  #length(): number {
    const first = this.#octet()
    if (first < 0x80) return first
    const octets = first - 0x80
    if (octets < 1 || octets > 3) throw new MalformedDer('a length is not definite, or too large')
    let length = 0
    for (let count = 0; count < octets; count += 1) length = length * 256 + this.#octet()
    if (length < 0x80 || length < 256 ** (octets - 1)) throw new MalformedDer('a length is not in its shortest form')
    return length
  }
}

/** The one element these bytes are. */
export function readOnly(bytes: Uint8Array, tag: number): Element {
  const reader = new Reader(bytes)
  const element = reader.read(tag)
  reader.end()
  return element
}

/** Every element of a SEQUENCE or SET. */
export function elementsOf({ content }: Element): readonly Element[] {
  const reader = new Reader(content)
  const elements: Element[] = []
  while (!reader.isAtEnd) elements.push(reader.readAny())
  return elements
}

/** X.690 §11.1: true is FF. */
export function booleanOf({ content }: Element): 'true' | 'false' {
  const [octet] = content
  if (content.length !== 1 || (octet !== 0 && octet !== 0xff)) throw new MalformedDer('not a BOOLEAN')
  return octet === 0 ? 'false' : 'true'
}

/** A whole number from 0 to 2^31 - 1 in its shortest form. X.690 §8.3. */
export function smallIntegerOf({ content }: Element): number {
  const [first = 0x80, second = 0xff] = content
  const isShortest = content.length === 1 || first !== 0 || second >= 0x80
  if (content.length === 0 || content.length > 4 || first >= 0x80 || !isShortest) {
    throw new MalformedDer('not a small whole number')
  }
  return content.reduce((sum, octet) => sum * 256 + octet, 0)
}

/** An object identifier as dotted numbers. X.690 §8.19. */
export function oidOf({ content }: Element): string {
  const numbers: number[] = []
  let number = 0
  let isInside = false
  for (const octet of content) {
    if (!isInside && octet === 0x80) throw new MalformedDer('not an OBJECT IDENTIFIER')
    number = number * 128 + (octet & 0x7f)
    if (!Number.isSafeInteger(number)) throw new MalformedDer('an OBJECT IDENTIFIER is too large')
    isInside = octet >= 0x80
    if (isInside) continue
    numbers.push(number)
    number = 0
  }
  const [first, ...rest] = numbers
  if (first === undefined || isInside) throw new MalformedDer('not an OBJECT IDENTIFIER')
  const root = Math.min(2, Math.floor(first / 40))
  return [root, first - root * 40, ...rest].join('.')
}

/** The octets of a BIT STRING, and how many bits of the last one are not used. X.690 §8.6, §11.2. */
export function bitsOf({ content }: Element): { readonly octets: Uint8Array; readonly unused: number } {
  const [unused = 8, ...octets] = content
  const last = octets.at(-1) ?? 0
  if (unused > 7 || (octets.length === 0 && unused > 0) || (last & ((1 << unused) - 1)) !== 0) {
    throw new MalformedDer('not a BIT STRING')
  }
  return { octets: content.subarray(1), unused }
}

/** A time in the one form certificates may have, in whole seconds since 1970. RFC 5280 §4.1.2.5. */
export function timeOf({ tag, content }: Element): number {
  const text = String.fromCharCode(...content)
  const isUtc = tag === tags.utcTime
  const pattern = isUtc ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/ : /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
  const parts =
    tag === tags.utcTime || tag === tags.generalizedTime ? pattern.exec(text)?.slice(1).map(Number) : undefined
  if (parts === undefined) throw new MalformedDer('not a time')
  const [years = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
  const year = isUtc ? years + (years >= 50 ? 1900 : 2000) : years
  const iso = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}.000Z`
  const time = Date.parse(iso)
  if (Number.isNaN(time) || new Date(time).toISOString() !== iso) throw new MalformedDer('not a time')
  return time / 1000
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}

/** One element with this tag around the parts. */
export function encode(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts)
  const { length } = content
  const header =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : length < 0x1_0000
          ? [tag, 0x82, length >> 8, length & 0xff]
          : [tag, 0x83, length >> 16, (length >> 8) & 0xff, length & 0xff]
  return Buffer.concat([Buffer.from(header), content])
}

/** An object identifier. */
export function encodeOid(dotted: string): Uint8Array {
  const [root = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const octets = [root * 40 + second, ...rest].flatMap((number) => {
    const groups = [number % 128]
    for (let left = Math.floor(number / 128); left > 0; left = Math.floor(left / 128))
      groups.unshift((left % 128) + 128)
    return groups
  })
  return encode(tags.oid, Uint8Array.from(octets))
}

/** A positive whole number from its big-endian octets. */
export function encodeInteger(octets: Uint8Array): Uint8Array {
  const first = octets.findIndex((octet) => octet !== 0)
  const shortest = first < 0 ? Uint8Array.of(0) : octets.subarray(first)
  return encode(tags.integer, (shortest[0] ?? 0) >= 0x80 ? Uint8Array.of(0) : Uint8Array.of(), shortest)
}

/** A time as certificates have it: two digits of the year before 2050. RFC 5280 §4.1.2.5. */
export function encodeTime(seconds: number): Uint8Array {
  const digits = new Date(seconds * 1000).toISOString().replaceAll(/\.\d{3}|[-:T]/g, '')
  const isUtc = digits < '2050' && digits >= '1950'
  return encode(isUtc ? tags.utcTime : tags.generalizedTime, Buffer.from(isUtc ? digits.slice(2) : digits))
}
