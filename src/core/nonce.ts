import { equalInConstantTime } from './constant-time.ts'
import type { JwkThumbprint, NumericDate } from './names.ts'
import type { Mac } from './ports.ts'
import { profile } from './profile.ts'

/**
 * DPoP nonces of one server: a keyed hash of who issued it, the key it is for, and the span of time. They need no
 * storing (the latest are kept for speed); the nonce of the current span and of the one before are accepted. RFC 9449 §8, §11.3.
 */
export type DpopNonces = {
  /** The nonce this key should use now. */
  readonly current: (key: JwkThumbprint, now: NumericDate) => string
  readonly accepts: (nonce: string, key: JwkThumbprint, now: NumericDate) => boolean
}

/** A request asks for the nonce of its key twice, and the next one of the same key asks again. About 200 bytes each. */
const rememberedNonces = 1000

/** Nonces for one audience (an issuer, or a protected resource), under a key nobody else has. */
export function createDpopNonces(audience: string, mac: Mac): DpopNonces {
  const made = new Map<string, string>()
  const nonceOf = (key: JwkThumbprint, span: number) => {
    const name = `${key}\n${span}`
    const known = made.get(name)
    if (known !== undefined) return known
    // What is forgotten can be made again.
    if (made.size >= rememberedNonces) made.clear()
    const nonce = mac(`dpop-nonce\n${audience}\n${name}`)
    made.set(name, nonce)
    return nonce
  }
  const spanOf = (now: NumericDate) => Math.floor(now / profile.dpopNonceSpan)
  return {
    current: (key, now) => nonceOf(key, spanOf(now)),
    accepts: (nonce, key, now) => {
      const span = spanOf(now)
      return equalInConstantTime(nonce, nonceOf(key, span)) || equalInConstantTime(nonce, nonceOf(key, span - 1))
    },
  }
}
