import { byPassword, passkeyAcr } from '../../core/authentication-context.ts'
import type { Server } from '../server.ts'

/** Every authentication context that some sign-in here can reach, strongest first. OIDC Discovery §3. */
export function reachableAcrs({
  upstream,
  webAuthn,
  passwordSignIn,
}: Pick<Server, 'upstream' | 'webAuthn' | 'passwordSignIn'>): readonly string[] {
  const ofPasswords = passwordSignIn === 'offered' ? [byPassword.acr] : []
  const passkey = webAuthn === undefined ? [] : [passkeyAcr]
  return [...new Set([...passkey, ...upstream.flatMap(({ acrValues }) => acrValues), ...ofPasswords])]
}
