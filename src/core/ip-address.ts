/** IP addresses in one spelling, so that they can be compared as texts. */

/**
 * The canonical text of an IP address: four decimal numbers, or the lower-case form with the longest run of zeros left
 * out. Undefined for everything else. RFC 8705 §2.1.2; RFC 5952 §4.
 */
export function canonicalIpAddress(text: string): string | undefined {
  if (/^(?:\d{1,3}\.){3}\d{1,3}$/.test(text)) return isDottedDecimal(text) ? text : undefined
  if (!/^[0-9a-fA-F:.]{2,45}$/.test(text) || !text.includes(':')) return undefined
  const url = `http://[${text}]/`
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : undefined
}

function isDottedDecimal(text: string): boolean {
  return text.split('.').every((part) => String(Number(part)) === part && Number(part) <= 255)
}

/**
 * The network one subscriber is given, as a name: the address of IPv4, in either of its spellings, and the first 64 bits
 * of one of IPv6. What is no address stands for itself. RFC 6177 §2; RFC 4291 §2.5.5.2.
 */
export function networkOf(text: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1]
  const address = canonicalIpAddress(mapped ?? text.replace(/%.*$/, ''))
  if (address === undefined || !address.includes(':')) return address ?? text
  const [head = '', tail = ''] = address.split('::')
  const [before, behind] = [head, tail].map((part) => part.split(':').filter((group) => group !== ''))
  const written = [...(before ?? []), ...(behind ?? [])]
  const zeros = Array.from({ length: 8 - written.length }, () => '0')
  return [...(before ?? []), ...zeros, ...(behind ?? [])].slice(0, 4).join(':')
}
