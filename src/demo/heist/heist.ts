/** "Try a heist": everything a thief would try, with one click each, against the servers that are running. */

import { type Context, Hono } from 'hono'
import { type BrowserSession, type BrowserSessions, isPostedHere } from '../app-sessions.ts'
import { perform } from '../performance.ts'
import type { Stage } from '../stage.ts'
import { type Chapter, chapters, type Theft, thefts } from '../thefts/index.ts'
import { createProver } from '../thief.ts'
import { holderOf, machineOf, newPerson, type Victim } from '../victim.ts'
import { type Artefact, fillBag } from './bag.ts'
import { type Keepsake, keepsakeOf } from './keepsake.ts'
import { renderOverview } from './overview-page.ts'
import { renderMessage } from './page.ts'
import { renderTheft } from './theft-page.ts'
import { tourPage } from './tour-page.ts'
import { Turns, type Wait } from './turns.ts'
import { advance, newTour, type Tour, Visitors } from './visitors.ts'

/** What the pages about thieves are made of. */
export type HeistOptions = { readonly stage: Stage; readonly sessions: BrowserSessions }

type Heist = HeistOptions & { readonly visitors: Visitors; readonly turns: Turns }

/** The pages, to be mounted in the app. */
export function createHeist(options: HeistOptions): Hono {
  const heist: Heist = { ...options, visitors: new Visitors(), turns: new Turns() }
  const pages = new Hono()
  pages.get('/', (c) => showOverview(c, heist))
  pages.post('/loot', (c) => onTurn(c, heist, (browser) => fill(c, heist, browser)))
  pages.get('/all', (c) => showTour(c, heist))
  pages.post('/all', (c) => startTour(c, heist))
  pages.get('/thefts/:id', (c) => showTheft(c, heist))
  pages.post('/thefts/:id', (c) => tryTheft(c, heist))
  pages.notFound((c) => c.html(renderMessage(nothingHere), 404))
  return pages
}

function showOverview(c: Context, { sessions, visitors }: Heist): Response | Promise<Response> {
  const { csrf, visitor, session } = sessions.recognise(c)
  const connection = session === undefined ? 'of_alice' : 'of_visitor'
  return c.html(renderOverview({ csrf, connection, ...visitors.look(visitor) }))
}

function showTheft(c: Context, { sessions, visitors }: Heist): Response | Promise<Response> {
  const { csrf, visitor } = sessions.recognise(c)
  const theft = theftOf(c)
  if (theft === undefined) return c.html(renderMessage(noSuchTheft), 404)
  return c.html(renderTheft({ csrf, theft, result: visitors.look(visitor).results.get(theft.id) }))
}

function showTour(c: Context, { sessions, visitors }: Heist): Response | Promise<Response> {
  const { csrf, visitor } = sessions.recognise(c)
  c.header('content-type', 'text/html; charset=utf-8')
  return c.body(tourPage(csrf, visitors.look(visitor).tour))
}

async function tryTheft(c: Context, heist: Heist): Promise<Response> {
  const theft = theftOf(c)
  if (theft === undefined) return c.html(renderMessage(noSuchTheft), 404)
  return onTurn(c, heist, async (browser) => {
    const keepsake = await heist.turns.run(() => attempt(heist, browser, theft))
    heist.visitors.remember(browser.visitor).results.set(theft.id, keepsake)
    return c.redirect(`/heist/thefts/${theft.id}`, 303)
  })
}

/** All thefts, one after the other; the page about it follows. */
async function startTour(c: Context, heist: Heist): Promise<Response> {
  const { sessions, turns, visitors } = heist
  const browser = sessions.recognise(c)
  if (!(await isPostedHere(c, browser))) return foreign(c)
  const wait = turns.begin(browser.visitor)
  if (wait !== 'begun') return busy(c, wait)
  const tour = newTour()
  visitors.remember(browser.visitor).tour = tour
  // Nobody waits for it: the page tells when it is over, and that it ended early if it did.
  goOn(heist, browser, tour).catch(() => {})
  return c.redirect('/heist/all', 303)
}

async function goOn(heist: Heist, browser: BrowserSession, tour: Tour): Promise<void> {
  const { turns, visitors } = heist
  try {
    for (const theft of thefts) {
      const keepsake = await turns.run(() => attempt(heist, browser, theft))
      visitors.remember(browser.visitor).results.set(theft.id, keepsake)
      tour.done.push(keepsake)
      advance(tour)
    }
  } finally {
    turns.end(browser.visitor)
    tour.state = 'over'
    advance(tour)
  }
}

/** Something that takes a while, once for each visitor at a time. */
async function onTurn(
  c: Context,
  { sessions, turns }: Heist,
  act: (browser: BrowserSession) => Promise<Response>,
): Promise<Response> {
  const browser = sessions.recognise(c)
  if (!(await isPostedHere(c, browser))) return foreign(c)
  const wait = turns.begin(browser.visitor)
  if (wait !== 'begun') return busy(c, wait)
  try {
    return await act(browser)
  } finally {
    turns.end(browser.visitor)
  }
}

async function fill(c: Context, heist: Heist, browser: BrowserSession): Promise<Response> {
  const { stage, turns, visitors } = heist
  let bag: readonly Artefact[]
  try {
    bag = await turns.run(() => fillBag(stage, findVictim(stage, browser, { stealsFrom: 'any_connection' })))
  } catch {
    return c.html(renderMessage(nothingCaught), 502)
  }
  visitors.remember(browser.visitor).bag = bag
  return c.redirect('/heist#loot', 303)
}

async function attempt({ stage }: Heist, browser: BrowserSession, theft: Theft): Promise<Keepsake> {
  const victim = findVictim(stage, browser, chapterOf(theft))
  return keepsakeOf(await perform(theft, stage, victim, await createProver()), stage)
}

/** The visitor where they are connected and it will do; else somebody of the demo. */
function findVictim(
  stage: Stage,
  { session }: BrowserSession,
  { victim = 'person', stealsFrom }: Partial<Pick<Chapter, 'victim'>> & Pick<Chapter, 'stealsFrom'>,
): () => Promise<Victim> {
  if (victim === 'machine') return () => Promise.resolve(machineOf(stage.machine))
  if (session === undefined || stealsFrom !== 'any_connection') return () => newPerson(stage)
  return () => Promise.resolve(holderOf(session, stage.client))
}

function theftOf(c: Context): Theft | undefined {
  const id = c.req.param('id')
  return thefts.find((theft) => theft.id === id)
}

function chapterOf({ id }: Theft): Pick<Chapter, 'victim' | 'stealsFrom'> {
  const found = chapters.find((chapter) => chapter.thefts.some((theft) => theft.id === id))
  return found ?? { victim: 'person', stealsFrom: 'a_person_of_its_own' }
}

function foreign(c: Context): Response {
  return c.text('This form does not belong to this browser.', 403)
}

function busy(c: Context, wait: Wait): Response | Promise<Response> {
  c.header('retry-after', '5')
  return c.html(renderMessage(waiting[wait]), 429)
}

const waiting = {
  one_at_a_time: {
    title: 'One theft at a time',
    text: 'Your last one is still under way. Even good thieves have only two hands; give it a second.',
  },
  full: {
    title: 'The bank is rather busy',
    text: 'Too many thieves at the door just now. Please queue, and try again in a few seconds.',
  },
} as const satisfies Record<Wait, { readonly title: string; readonly text: string }>

const noSuchTheft = {
  title: 'Nobody has tried that yet',
  text: 'There is no theft of this name here. All the known ones are on the overview.',
}

const nothingHere = { title: 'Nothing to steal here', text: 'There is no page at this address.' }

const nothingCaught = {
  title: 'Nothing was caught',
  text: 'The honest call that was to be read along did not go through. If your bank was connected, connect it again; then try once more.',
}
