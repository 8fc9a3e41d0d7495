import type { RuleSlug } from '../../core/rules.ts'
import type { Browser } from '../browser.ts'
import type { Attempted, Prover } from '../thief.ts'
import type { World } from '../world.ts'

/** What the thief has and where it happens. */
export type Scene = {
  readonly world: World
  /** The browser of the person, signed in and connected. */
  readonly alice: Browser
  /** The latest call of the app to the bank, word for word, as it stands in a log. */
  readonly stolen: { readonly url: string; readonly token: string; readonly proof: string }
  /** Makes proofs with a key of the thief. */
  readonly prove: Prover
}

/** What followed from a theft, beside its refusal. */
export type Consequence = { readonly name: string; readonly ok: boolean; readonly detail: string }

/** One theft: a real exchange over HTTP, and the one refusal that must stop it. */
export type Theft = {
  /** What the thief does, in words. */
  readonly name: string
  /** Its row in the catalogue of attacks. */
  readonly attack: string
  readonly expected: RuleSlug
  /** Where the protocol wants an answer and no error: all that may be told, with status 200. RFC 7662 §2.2. */
  readonly told?: string
  readonly attempt: (scene: Scene) => Promise<Attempted & { readonly consequences?: readonly Consequence[] }>
}
