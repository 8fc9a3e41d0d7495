/** The valid requests of the exchange vectors on the way to another provider and back. */

import assert from 'node:assert/strict'
import { numericDate } from '../../src/core/names.ts'
import type { Clock } from '../../src/core/ports.ts'
import type { ServerConfig } from '../../src/server/index.ts'
import { type Browser, csrfOf, location } from '../flow/steps.ts'
import { aScriptedProvider, type Says, type ScriptedProvider } from '../flow/upstream-provider.ts'
import { cookieOf, plain } from './plain.ts'
import type { Draft } from './request.ts'

const onlyWay = 'leave for the only way to sign in'

/** Two providers, at the time of the world they are in. */
export function vectorProviders(clock: Clock): readonly ScriptedProvider[] {
  return [aScriptedProvider('acme', clock), aScriptedProvider('other', clock)]
}

/** What is configured for a request of these. */
export function withoutPasswords(base: string): Partial<ServerConfig> {
  return base === onlyWay ? { passwordSignIn: 'none' } : {}
}

/** A request on the way to a provider or back; undefined when the request is another one. */
export async function providerDraft(base: string, browser: Browser, interaction: string): Promise<Draft | undefined> {
  const csrf = csrfOf(await browser.get(interaction))
  const path = `${interaction}/sign-in/upstream/acme`
  const words = { interaction, cookie: cookieOf(browser), verb: '/sign-in/upstream/acme' }
  const leave: Draft = { ...plain, path, parameters: [['csrf', csrf]], cookie: cookieOf(browser), words }
  if (base === 'leave for another provider' || base === onlyWay) return leave
  if (base !== 'come back from another provider') return undefined
  const sent = await browser.post(path, { csrf })
  const state = new URL(location(sent)).searchParams.get('state') ?? assert.fail(sent.text)
  return {
    ...leave,
    method: 'GET',
    path: '/upstream/acme/callback',
    parameters: [
      ['code', 'a-code'],
      ['state', state],
    ],
    parametersIn: 'query',
    words: { ...words, 'sealed otherwise': `${state.slice(0, -43)}${'A'.repeat(43)}` },
  }
}

/** What a provider does from now on. */
export function sayFromNow(providers: readonly ScriptedProvider[], value: unknown, now: number): void {
  const says: Readonly<Record<string, Says>> = {
    refuses: { refuses: 'upstream_refused' },
    'is down': { refuses: 'upstream_unavailable' },
    lies: { refuses: 'upstream_answer_invalid' },
    'knows an old sign-in': { person: { authTime: numericDate(now - 3631) } },
  }
  for (const provider of providers) provider.says = says[String(value)] ?? assert.fail(String(value))
}
