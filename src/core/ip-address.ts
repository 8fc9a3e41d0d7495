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
