/** The valid requests of the exchange vectors where the operator's own application signs people in. */

import assert from 'node:assert/strict'
import { numericDate, subject, username } from '../../src/core/names.ts'
import { allow, continuation, deny, interactionIn, zoe } from '../flow/application.ts'
import type { TestClient } from '../flow/parties.ts'
import { aBrowser, type Browser, responseOf } from '../flow/steps.ts'
import { alter, dawn, theIssuer, type World } from '../flow/world.ts'
import type { Happenings } from './happenings.ts'
import { cookieOf, plain } from './plain.ts'
import type { Draft } from './request.ts'

/** The requests that are made in such a world. */
export const atTheApplication: readonly string[] = [
  'application asks',
  'application decides',
  'finish',
  'show the account beside an application',
]

type Visit = { readonly browser: Browser; readonly open: Draft }

/** Adds the person of the application, as if she had been here before. */
export async function addPersonOfTheApplication({ store }: World): Promise<void> {
  await store.users.add({
    subject: subject('user-zoe'),
    username: username('zoe@app'),
    passwordHash: undefined,
    upstream: { provider: 'app', subject: 'employee-4711' },
    status: 'active',
    notBefore: numericDate(0),
    createdAt: numericDate(dawn - 1000),
    claims: { name: 'Zoe Example', email: 'zoe@example.org' },
  })
}

/** A request of the application, or of the browser that comes back from it, and what can happen before. */
export async function applicationScene(
  world: World,
  app: TestClient,
  base: string,
  visit: Visit,
): Promise<{ readonly draft: Draft; readonly happenings: Happenings }> {
  const { browser } = visit
  const interaction = await openAt(visit)
  const happenings = happeningsAt(world, app, interaction, visit)
  const ofApplication: Draft = {
    ...plain,
    caller: app.clientId,
    path: base === 'application asks' ? '/interactions/start' : '/interactions/decide',
    parameters: [['interaction', interaction]],
  }
  if (base === 'application asks') return { draft: ofApplication, happenings }
  if (base === 'application decides') {
    const said = Object.entries(zoe(world)).map(([name, value]) => [name, value ?? ''] as const)
    const parameters = [...ofApplication.parameters, ['decision', 'allow'] as const, ...said]
    return { draft: { ...ofApplication, parameters }, happenings }
  }
  const undecided = await openAt(visit)
  const finish = new URL(continuation(await allow(world, app, interaction)))
  const cookie = cookieOf(browser)
  const words = {
    cookie,
    interaction: `/interaction/${interaction}`,
    'another interaction': `/interaction/${undecided}`,
  }
  const page: Draft = { ...plain, method: 'GET', parametersIn: 'query', cookie, words }
  if (base === 'finish') {
    return { draft: { ...page, path: finish.pathname, parameters: [...finish.searchParams] }, happenings }
  }
  responseOf(await browser.get(finish.href))
  return { draft: { ...page, path: '/account', cookie: cookieOf(browser) }, happenings }
}

async function openAt({ browser, open: { parameters } }: Visit): Promise<string> {
  const query = new URLSearchParams(parameters.map(([name, value]): [string, string] => [name, value]))
  return interactionIn(await browser.get(`/authorize?${query.toString()}`))
}

function happeningsAt(world: World, app: TestClient, interaction: string, { open }: Visit): Happenings {
  const decide = (decision: unknown, of: string) =>
    decision === 'allow' ? allow(world, app, of) : deny(world, app, of)
  return {
    user: () => world.store.users.setLocked(username('zoe@app'), 'locked', world.now()),
    client: (status) => {
      assert.equal(status, 'suspended')
      return alter(world, world.client, { status })
    },
    decision: async (decision) => continuation(await decide(decision, interaction)),
    complete: async (decision) => {
      const browser = aBrowser(world)
      const back = await browser.get(continuation(await decide(decision, await openAt({ browser, open }))))
      assert.ok(back.headers.get('location')?.includes(`iss=${encodeURIComponent(theIssuer)}`), back.text)
    },
  }
}
