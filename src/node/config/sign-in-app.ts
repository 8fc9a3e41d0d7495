/** `signIn.app`: the operator's own application, where people sign in and decide in place of our pages. */

import * as v from 'valibot'
import { clientId, isJsonObject, isLoopbackHost, type JsonObject, orUndefined } from '../../core/names.ts'
import type { ServerConfig } from '../../server/config.ts'
import type { Note } from './problems.ts'

const sentence = 'must be an https URL in its canonical spelling, without fragment (http for a loopback host only)'

/** Its page, and the client it is registered as. */
export const SignInApp = v.pipe(
  v.strictObject(
    {
      url: v.pipe(
        v.string('must be a text'),
        v.check(isPageUrl, sentence),
        v.description('The page that browsers are sent to; `interaction` and `iss` are added to its query.'),
      ),
      clientId: v.pipe(
        v.string('must be a text'),
        v.check((text) => orUndefined(() => clientId(text)) !== undefined, 'must be a client identifier'),
        v.description('The client it is registered as, with `sign_in_app`. Nobody else may decide for people.'),
      ),
    },
    'must be a group of keys',
  ),
  v.description('Your own application, where people sign in and decide in place of the pages of this server.'),
)

/** Browsers follow it as it stands: it must be what they would make of it. */
function isPageUrl(text: string): boolean {
  const url = URL.canParse(text) && text.length <= 2048 ? new URL(text) : undefined
  if (url === undefined || url.href !== text || text.includes('#')) return false
  if (url.username !== '' || url.password !== '') return false
  if (['interaction', 'iss'].some((name) => url.searchParams.has(name))) return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname))
}

/** The application as the server wants it. */
export function signInAppOf(app: v.InferOutput<typeof SignInApp> | undefined): ServerConfig['signInApp'] {
  return app === undefined ? undefined : { url: app.url, clientId: clientId(app.clientId) }
}

/** An application in the clear would be a hole in a real issuer; and there is one place to sign in. */
export function checkSignInApp({ issuer, signIn }: JsonObject, note: Note): void {
  if (!isJsonObject(signIn) || !isJsonObject(signIn['app'])) return
  const { url } = signIn['app']
  const isProduction = typeof issuer === 'string' && issuer.startsWith('https:')
  if (isProduction && typeof url === 'string' && url.startsWith('http:')) {
    note('signIn.app.url', 'must be https: http is for an issuer that is itself for development')
  }
  for (const other of ['upstream', 'passwords']) {
    if (signIn[other] !== undefined) {
      note(`signIn.${other}`, 'has no meaning beside signIn.app: people sign in at that application and nowhere else')
    }
  }
}
