/** The whole story without a browser: a person connects a bank, a thief tries everything, and the app goes on. */

import { Browser, headingOf } from './browser.ts'
import { decide, startAtApp } from './person.ts'
import { type Performance, perform } from './performance.ts'
import { createProver } from './thief.ts'
import { type Consequence, thefts } from './thefts/index.ts'
import { machineReads } from './thefts/machine-thefts.ts'
import { personWith, type Victim } from './victim.ts'
import type { World } from './world.ts'

/** One honest step. */
export type Step = Consequence

/** How one theft ended. */
export type TheftOutcome = {
  readonly name: string
  readonly attack: string
  readonly status: number
  /** The precise rule that stopped it, as the operator sees it. */
  readonly refusedBy: string | undefined
  /** Whether it was refused, by exactly the rule that must. */
  readonly ok: boolean
}

/** How the story ended. */
export type Story = {
  readonly steps: readonly Step[]
  readonly thefts: readonly TheftOutcome[]
  /** Everything honest worked and everything stolen was refused by the right rule. */
  readonly ok: boolean
}

/** Tells the story in this world. `progress` hears of everything as it happens. */
export async function tellStory(world: World, progress: (line: string) => void): Promise<Story> {
  const steps: Step[] = []
  const outcomes: TheftOutcome[] = []
  const record = (step: Step) => {
    steps.push(step)
    progress(`${step.ok ? '✔' : '✖'} ${step.name}: ${step.detail}`)
  }

  const alice = new Browser()
  const victim = personWith(alice, world)
  await connectBank(victim, world, record)
  record(await denyOnce(world))
  record(await machineReads(world, 'a machine gets a token by its certificate, and statements for both'))
  const prove = await createProver()
  // One after the other, each followed by an honest call.
  for (const theft of thefts) {
    const performance = await perform(theft, world, () => Promise.resolve(victim), prove)
    const outcome = outcomeOf(performance)
    outcomes.push(outcome)
    progress(`${outcome.ok ? '✔' : '✖'} ${theft.attack} ${theft.name}: ${outcome.refusedBy ?? 'not refused'}`)
    consequencesOf(performance).forEach(record)
    record({ name: `the app still works after: ${theft.name}`, ...performance.honest })
  }
  const ok = [...steps, ...outcomes].every((entry) => entry.ok)
  return { steps, thefts: outcomes, ok }
}

async function connectBank(victim: Victim, world: World, record: (step: Step) => void): Promise<void> {
  const alice = victim.browser
  const url = new URL(await startAtApp(alice, world))
  const names = [...url.searchParams.keys()].join(', ')
  record({
    name: 'the app pushes its request; the browser carries only a reference',
    ok: names === 'client_id, request_uri',
    detail: names,
  })
  const back = await decide(alice, url.href, 'allow')
  record({
    name: 'alice signs in at the server, allows it, and is back at a clean URL of the app',
    ok: back.url === `${world.app}/`,
    detail: back.url,
  })
  record({ name: 'the app shows the accounts it read through the guard', ...(await victim.use()) })
}

async function denyOnce(world: World): Promise<Step> {
  const browser = new Browser()
  const back = await decide(browser, await startAtApp(browser, world), 'deny')
  const ok = back.url === `${world.app}/` && back.text.includes('You did not allow it, and that is fine.')
  return { name: 'a person who does not allow it is told that nothing was shared', ok, detail: headingOf(back) }
}

/** How the script tells a theft. */
function outcomeOf({ theft, verdict, status, incident }: Performance): TheftOutcome {
  const { name, attack } = theft
  return { name, attack, status, refusedBy: incident?.rule, ok: verdict === 'refused' }
}

function consequencesOf({ consequences, failure }: Performance): readonly Consequence[] {
  if (failure === undefined) return consequences
  return [{ name: 'the theft could be tried', ok: false, detail: failure }]
}
