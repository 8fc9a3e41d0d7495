/** The whole story without a browser: a person connects a bank, a thief tries everything, and the app goes on. */

import { Browser, headingOf } from './browser.ts'
import { decide, startAtApp } from './person.ts'
import { type Attempted, createProver } from './thief.ts'
import { type Consequence, type Scene, type Theft, thefts } from './thefts/index.ts'
import { machineReads } from './thefts/machine-thefts.ts'
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
  await connectBank(alice, world, record)
  record(await denyOnce(world))
  record(await machineReads(world, 'a machine gets a token by its certificate, and statements for both'))
  const prove = await createProver()
  // One after the other, each followed by an honest call.
  for (const theft of thefts) {
    const { outcome, consequences } = await commit(theft, { world, alice, stolen: stolenFrom(world), prove })
    outcomes.push(outcome)
    progress(`${outcome.ok ? '✔' : '✖'} ${theft.attack} ${theft.name}: ${outcome.refusedBy ?? 'not refused'}`)
    consequences.forEach(record)
    record(await showsAccounts(alice, world, `the app still works after: ${theft.name}`))
  }
  const ok = [...steps, ...outcomes].every((entry) => entry.ok)
  return { steps, thefts: outcomes, ok }
}

async function connectBank(alice: Browser, world: World, record: (step: Step) => void): Promise<void> {
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
  record(await showsAccounts(alice, world, 'the app shows the accounts it read through the guard'))
}

async function denyOnce(world: World): Promise<Step> {
  const browser = new Browser()
  const back = await decide(browser, await startAtApp(browser, world), 'deny')
  const ok = back.url === `${world.app}/` && back.text.includes('You did not allow it, and that is fine.')
  return { name: 'a person who does not allow it is told that nothing was shared', ok, detail: headingOf(back) }
}

async function showsAccounts(alice: Browser, { app }: World, name: string): Promise<Step> {
  const page = await alice.open(app)
  const amounts = [...page.text.matchAll(/class="amount">([^<]*)</g)].map(([, amount = '']) => amount)
  return { name, ok: amounts.length === 2, detail: amounts.join(', ') || headingOf(page) }
}

/** The latest call of the app for the accounts, from what it sends. */
function stolenFrom({ recorder, bank }: World): Scene['stolen'] {
  const call = recorder.latest(({ url }) => url === `${bank}/accounts`)
  const [, token = ''] = (call?.headers.get('authorization') ?? '').split(' ')
  return { url: call?.url ?? bank, token, proof: call?.headers.get('dpop') ?? '' }
}

async function commit(
  theft: Theft,
  scene: Scene,
): Promise<{ readonly outcome: TheftOutcome; readonly consequences: readonly Consequence[] }> {
  const { name, attack, expected } = theft
  try {
    const { consequences = [], ...attempted } = await theft.attempt(scene)
    const { status, correlationId } = attempted
    const refusedBy = scene.world.incidents.find(correlationId)?.rule
    const ok = refusedBy === expected && isInVain(theft, attempted)
    return { outcome: { name, attack, status, refusedBy, ok }, consequences }
  } catch (error) {
    const failed = { name: 'the theft could be tried', ok: false, detail: String(error) }
    return { outcome: { name, attack, status: 0, refusedBy: undefined, ok: false }, consequences: [failed] }
  }
}

/** Whether the thief has nothing: an error, or an answer that tells no more than it may. */
function isInVain({ told }: Theft, { status, text }: Attempted): boolean {
  return told === undefined ? status >= 400 : status === 200 && text === told
}
