import * as v from 'valibot'
import { profile } from '../profile.ts'

/** A form without a token has a wrong one: the refusal is the same. */
export const csrf = v.optional(v.pipe(v.string(), v.maxLength(64)), '')

/** The sign-in form. */
export const SignInForm = v.object({
  csrf,
  username: v.optional(v.pipe(v.string(), v.maxLength(256)), ''),
  password: v.optional(v.pipe(v.string(), v.maxLength(profile.passwordCharacters)), ''),
})

/** The consent form: nothing in it says what is allowed; the stored request does. */
export const ConsentForm = v.object({ csrf, decision: v.picklist(['allow', 'deny']) })

/** The form that gives up. */
export const CancelForm = v.object({ csrf })
