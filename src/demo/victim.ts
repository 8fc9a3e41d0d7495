/** Whose connection is stolen from: a person of the demo, whoever reads the page, or a machine. */

import type { Client, Session } from '../client/index.ts'
import { demoUser } from './authorization-server.ts'
import { Browser, headingOf } from './browser.ts'
import { type Machine, readStatements } from './machine.ts'
import { interceptResponse, startAtApp } from './person.ts'
import type { Stage } from './stage.ts'

/** How one honest use went. */
export type Use = { readonly ok: boolean; readonly detail: string }

/** Somebody with an honest connection. */
export type Victim = {
  readonly whose: 'visitor' | 'person' | 'machine'
  readonly browser: Browser
  /** One honest use of the connection. */
  readonly use: () => Promise<Use>
}

/** A person whose browser is connected to the app: the app shows both accounts. */
export function personWith(browser: Browser, { app }: Stage): Victim {
  const use = async () => {
    const page = await browser.open(app)
    const amounts = [...page.text.matchAll(/class="amount">([^<]*)</g)].map(([, amount = '']) => amount)
    return { ok: amounts.length === 2, detail: amounts.join(', ') || headingOf(page) }
  }
  return { whose: 'person', browser, use }
}

/** A person of the demo, who connects the bank first. */
export async function newPerson(stage: Stage): Promise<Victim> {
  const browser = new Browser()
  const response = await interceptResponse(browser, stage, await startAtApp(browser, stage), demoUser)
  await browser.open(response.href)
  return personWith(browser, stage)
}

/** Whoever is connected with this session. */
export function holderOf(session: Session, client: Client): Victim {
  const use = async () => {
    const response = await client.call(session, '/accounts')
    await response.body?.cancel()
    return { ok: response.status === 200, detail: `status ${response.status}` }
  }
  return { whose: 'visitor', browser: new Browser(), use }
}

/** The machine, which reads its statements. */
export function machineOf(machine: Machine): Victim {
  const use = async () => {
    const status = await readStatements(machine)
    return { ok: status === 200, detail: `status ${status}` }
  }
  return { whose: 'machine', browser: new Browser(), use }
}
