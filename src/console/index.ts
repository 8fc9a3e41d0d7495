import type { Pages } from '../server/pages.ts'
import { renderConsent } from './consent.ts'
import { renderError } from './error.ts'
import { renderSignIn } from './sign-in.ts'
import { renderSignedOut, renderSignOut } from './sign-out.ts'
import { stylesheet } from './stylesheet.ts'

/** The pages people see: complete HTML documents without script and without anything from elsewhere. */
export function createPages(): Pages {
  return {
    stylesheet,
    signIn: renderSignIn,
    consent: renderConsent,
    signOut: renderSignOut,
    signedOut: renderSignedOut,
    error: renderError,
  }
}
