/** A client against the authorization server itself, in one process and by one clock. */

import type { TestContext } from 'node:test'
import { aBrowser, type Browser, decide, location, signIn } from '../../test/flow/steps.ts'
import { aWorld, dawn, redirectUri, theBank, theIssuer, type World, type WorldOptions } from '../../test/flow/world.ts'
import { type ClientConfig, type ClientPorts, createClient, parsePrivateJwk } from './index.ts'
import { digest, importKeyPair } from './node/keys.ts'

export type RealServer = Awaited<ReturnType<typeof aRealServer>>

/** Starts a server, and the ports of a client that asks it. The library goes by `Date`, which stands still with the server. */
export async function aRealServer(t: TestContext, options: WorldOptions = {}) {
  t.mock.timers.enable({ apis: ['Date'], now: dawn * 1000 })
  const world = await aWorld(options)
  const ports: ClientPorts = {
    fetch: (url, init) => ask(world, url, init),
    importKeyPair,
    digest,
    clock: world.now,
  }
  const { privateKey, key, clientId } = world.client
  const assertion = parsePrivateJwk({ ...privateKey.export({ format: 'jwk' }), kid: key.kid })
  const config: ClientConfig = {
    issuer: theIssuer,
    resource: theBank,
    clientId,
    redirectUri,
    scope: 'openid profile accounts offline_access',
    keys: { assertion },
  }
  return {
    world,
    ports,
    config,
    connect: (changes: Partial<ClientConfig> = {}) => createClient({ ...config, ...changes }, ports),
    /** Lets time pass for both. */
    wait: (span: number) => {
      world.wait(span)
      t.mock.timers.tick(span * 1000)
    },
  }
}

async function ask(world: World, url: string, init: RequestInit): Promise<Response> {
  const { origin, pathname, search } = new URL(url)
  if (origin === theBank) {
    return Response.json({ resource: theBank, authorization_servers: [theIssuer] })
  }
  const isForm = init.body instanceof URLSearchParams
  const headers = [...new Headers(init.headers)].filter(([name]) => !isForm || name !== 'content-type')
  const form = init.body instanceof URLSearchParams ? { form: [...init.body] } : {}
  const reply = await world.send(init.method ?? 'GET', pathname + search, { headers, ...form })
  const answered = new Headers(reply.headers)
  answered.set('date', new Date(world.now() * 1000).toUTCString())
  return new Response(reply.text === '' ? null : reply.text, { status: reply.status, headers: answered })
}

/** A browser of a server that is not at the usual origin. */
export function aBrowserAt(world: World, origin: string): Browser {
  const browser = aBrowser(world)
  const path = (url: string) => (url.startsWith(origin) ? url.slice(origin.length) : url)
  return {
    ...browser,
    get: (url, headers) => browser.get(path(url), headers),
    post: (url, form, more) => browser.post(path(url), form, more),
  }
}

/** The person signs in and allows; where the browser is sent back to. */
export async function allow(world: World, url: string, browser: Browser = aBrowser(world)): Promise<string> {
  const opened = await browser.get(url)
  const interaction = location(opened)
  if (interaction.startsWith(redirectUri)) return interaction
  const done = await signIn(browser, interaction)
  const page = location(done) === interaction ? await browser.get(interaction) : done
  return location(page.status === 303 ? page : await decide(browser, interaction, page))
}
