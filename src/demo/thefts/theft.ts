import type { RuleSlug } from '../../core/rules.ts'
import type { Browser } from '../browser.ts'
import type { Stage } from '../stage.ts'
import type { Attempted, Prover } from '../thief.ts'

/** What the thief can reach. */
export type Scene = {
  readonly world: Stage
  /** A browser of the person. */
  readonly alice: Browser
  /** Reads along while the app calls the bank: that call, word for word, as it stands in a log. */
  readonly readAlong: () => Promise<StolenCall>
  /** Makes proofs with a key of the thief. */
  readonly prove: Prover
}

/** A call of the app to the bank. */
export type StolenCall = { readonly url: string; readonly token: string; readonly proof: string }

/** What followed from a theft, beside its refusal. */
export type Consequence = { readonly name: string; readonly ok: boolean; readonly detail: string }

/** One theft: a real exchange over HTTP, and the one refusal that must stop it. */
export type Theft = {
  /** Its name in URLs. */
  readonly id: string
  /** What the thief does, in words; as the script tells it. */
  readonly name: string
  /** The same as the heading of a page. */
  readonly title: string
  /** What the thief hopes for, in one sentence. */
  readonly hope: string
  /** Its row in the catalogue of attacks. */
  readonly attack: string
  readonly expected: RuleSlug
  /** Where the protocol wants an answer and no error: all that may be told, with status 200. RFC 7662 §2.2. */
  readonly told?: string
  readonly attempt: (scene: Scene) => Promise<Attempted & { readonly consequences?: readonly Consequence[] }>
}

/** Thefts of one kind. */
export type Chapter = {
  readonly id: string
  readonly title: string
  /** How the thief came to what is stolen here. */
  readonly lede: string
  /** Whose honest call shows that the theft did no harm. */
  readonly victim: 'person' | 'machine'
  /** Whether the connection of whoever reads the page will do for a victim. */
  readonly stealsFrom: 'any_connection' | 'a_person_of_its_own'
  readonly thefts: readonly Theft[]
}
