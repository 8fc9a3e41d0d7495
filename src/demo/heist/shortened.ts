/** How much of something long stays. */
const kept = { head: 18, tail: 6 } as const

/** A text in which whatever is as long as a secret, more than 40 characters of base64url, is shortened. */
export function shortened(text: string): string {
  return text.replaceAll(/[A-Za-z0-9_.~-]{41,}/g, (long) => `${long.slice(0, kept.head)}…${long.slice(-kept.tail)}`)
}
