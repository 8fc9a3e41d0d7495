/** Certificates in their text form. RFC 7468 §5. */

const block = /-----BEGIN CERTIFICATE-----\r?\n?([A-Za-z0-9+/=\r\n]+)-----END CERTIFICATE-----(?:\r?\n|$)/y

/**
 * The DER of a run of certificates, nothing else between and around them; undefined when anything else is there, or no
 * certificate.
 */
export function parsePemChain(text: string): readonly Uint8Array[] | undefined {
  const chain: Uint8Array[] = []
  let at = 0
  while (at < text.length) {
    block.lastIndex = at
    const [whole, body = ''] = block.exec(text) ?? []
    const der = whole === undefined ? undefined : parseBase64(body.replaceAll(/[\r\n]/g, ''))
    if (whole === undefined || der === undefined) return undefined
    chain.push(der)
    at += whole.length
  }
  return chain.length === 0 ? undefined : chain
}

/** The bytes of base64 in its one spelling, padded; undefined for any other, and for nothing. RFC 4648 §4, §3.5. */
export function parseBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.length > 0 && bytes.toString('base64') === text ? bytes : undefined
}

/**
 * The DER of the certificates in a file, in which text may stand around them as RFC 7468 §5.2 allows; undefined when one
 * of them cannot be read, or there is none.
 */
export function parsePemFile(text: string): readonly Uint8Array[] | undefined {
  const blocks = text.split(/^(?=-----BEGIN CERTIFICATE-----)/m).filter((part) => part.startsWith('-----BEGIN'))
  const chain = blocks.map((part) => parsePemChain(part.slice(0, endOf(part)))?.[0])
  const read = chain.filter((der) => der !== undefined)
  return read.length === 0 || read.length !== chain.length ? undefined : read
}

function endOf(part: string): number {
  const line = '-----END CERTIFICATE-----'
  const at = part.indexOf(line)
  return at < 0 ? 0 : at + line.length
}
