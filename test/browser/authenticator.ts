/** Authenticators of a browser: Chromium's own virtual ones, which speak real WebAuthn. */

import type { CDPSession, Page } from 'playwright-core'

/** One authenticator, like a phone or a security key. */
export type Authenticator = {
  /** Takes it away from the browser, as if it were lost. */
  readonly lose: () => Promise<void>
  /** Gives it back. */
  readonly find: () => Promise<void>
}

/** Plugs an authenticator with a PIN into the page. */
export async function anAuthenticator(page: Page, transport: 'internal' | 'usb'): Promise<Authenticator> {
  const session = await page.context().newCDPSession(page)
  await session.send('WebAuthn.enable')
  const options = {
    protocol: 'ctap2',
    transport,
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  } as const
  let { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', { options })
  let held: Awaited<ReturnType<typeof credentialsOf>> = []
  return {
    lose: async () => {
      held = await credentialsOf(session, authenticatorId)
      await session.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId })
    },
    find: async () => {
      ;({ authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', { options }))
      for (const credential of held) await session.send('WebAuthn.addCredential', { authenticatorId, credential })
    },
  }
}

async function credentialsOf(session: CDPSession, authenticatorId: string) {
  const { credentials } = await session.send('WebAuthn.getCredentials', { authenticatorId })
  return credentials
}
