import type { Pages, Readable } from '../server/pages.ts'
import { renderAccount } from './account.ts'
import { renderConsent } from './consent.ts'
import { renderError } from './error.ts'
import type { Setting } from './layout.ts'
import { type Look, LookRefused, problemsOf, standardLook } from './look.ts'
import { script } from './script.ts'
import { renderSignIn } from './sign-in.ts'
import { renderSignedOut, renderSignOut } from './sign-out.ts'
import { stylesheetOf } from './stylesheet.ts'
import { bestVoice, createVoice } from './voice.ts'

/**
 * The pages people see: complete HTML documents without anything from elsewhere, in the language of whoever reads them.
 * @throws LookRefused when people could not read them
 */
export function createPages(look: Look = standardLook): Pages {
  const problems = problemsOf(look)
  if (problems.length > 0) throw new LookRefused(problems)
  const stylesheet = stylesheetOf(look)
  const [first, ...others] = look.languages
  const voices = [createVoice(first), ...others.map(createVoice)] as const
  const render =
    <View extends Readable>(page: (setting: Setting, view: View) => string) =>
    (view: View) =>
      page({ look, stylesheet, voice: bestVoice(voices, view.languages), languages: view.languages }, view)
  return {
    stylesheet,
    script,
    pictures: look.logo === undefined ? 'none' : 'data',
    languages: look.languages.map(({ language }) => language),
    signIn: render(renderSignIn),
    consent: render(renderConsent),
    account: render(renderAccount),
    signOut: render(renderSignOut),
    signedOut: render(renderSignedOut),
    error: render(renderError),
  }
}
