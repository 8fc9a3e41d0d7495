/** One theft from beginning to end: what was stolen, what the thief sent, what became of it, and whether the victim noticed. */

import type { Incident } from './incidents.ts'
import type { Stage } from './stage.ts'
import type { Attempted, Prover } from './thief.ts'
import type { Consequence, StolenCall, Theft } from './thefts/index.ts'
import { type Exchange, fieldOf, latestExchange, type Loot, take, traced } from './trace.ts'
import type { Use, Victim } from './victim.ts'

/**
 * How a theft ended. `refused`: by exactly the rule that must. `otherwise`: by another one. `succeeded`: the thief has
 * something. `untried`: it could not be tried.
 */
export type Verdict = 'refused' | 'otherwise' | 'succeeded' | 'untried'

/** A theft that was tried. */
export type Performance = {
  readonly theft: Theft
  readonly verdict: Verdict
  /** The status of the answer to the thief. */
  readonly status: number
  /** What the operator sees of the refusal. */
  readonly incident: Incident | undefined
  readonly consequences: readonly Consequence[]
  /** The honest use right after. */
  readonly honest: Use
  readonly whose: Victim['whose'] | undefined
  readonly loot: readonly Loot[]
  readonly exchanges: readonly Exchange[]
  /** How many exchanges there were before the honest use. */
  readonly honestFrom: number
  /** Why it could not be tried. */
  readonly failure: string | undefined
}

/** Tries the theft, and then whether the victim can go on. */
export function perform(
  theft: Theft,
  stage: Stage,
  findVictim: () => Promise<Victim>,
  prove: Prover,
): Promise<Performance> {
  return traced(async ({ loot, exchanges }) => {
    const victim = await settled(findVictim)
    if ('failure' in victim) {
      const honest = { ok: false, detail: victim.failure }
      return { theft, ...untried(victim.failure), honest, whose: undefined, loot, exchanges, honestFrom: 0 }
    }
    const scene = { world: stage, alice: victim.browser, readAlong: () => readAlong(stage, victim), prove }
    const attempted = await settled(() => theft.attempt(scene))
    const honestFrom = exchanges.length
    const use = await settled(victim.use)
    const honest = 'failure' in use ? { ok: false, detail: use.failure } : use
    const common = { theft, honest, whose: victim.whose, loot, exchanges, honestFrom }
    if ('failure' in attempted) return { ...common, ...untried(attempted.failure) }
    const incident = stage.incidents.find(attempted.correlationId)
    const { status, consequences = [] } = attempted
    const verdict = judge(theft, attempted, incident)
    return { ...common, verdict, status, incident, consequences, failure: undefined }
  })
}

function untried(failure: string) {
  return { verdict: 'untried', status: 0, incident: undefined, consequences: [], failure } as const
}

/** The app calls the bank for the victim, and the thief has its log. */
export async function readAlong({ bank }: Stage, victim: Victim): Promise<StolenCall> {
  const { ok, detail } = await victim.use()
  if (!ok) throw new Error(`the honest connection does not work: ${detail}`)
  const call = latestExchange(({ from, url }) => from === 'app' && url === `${bank}/accounts`)
  if (call === undefined) throw new Error('the app made no call that could be read')
  const [, token = ''] = (fieldOf(call.request, 'authorization') ?? '').split(' ')
  const proof = fieldOf(call.request, 'dpop') ?? ''
  take('access_token', token, call)
  take('dpop_proof', proof, call)
  return { url: call.url, token, proof }
}

function judge(theft: Theft, attempted: Attempted, incident: Incident | undefined): Verdict {
  if (!isInVain(theft, attempted)) return 'succeeded'
  return incident?.rule === theft.expected ? 'refused' : 'otherwise'
}

/** Whether the thief has nothing: an error, or an answer that tells no more than it may. */
function isInVain({ told }: Theft, { status, text }: Attempted): boolean {
  return told === undefined ? status >= 400 : status === 200 && text === told
}

async function settled<T>(run: () => Promise<T>): Promise<T | { readonly failure: string }> {
  try {
    return await run()
  } catch (error) {
    return { failure: String(error) }
  }
}
