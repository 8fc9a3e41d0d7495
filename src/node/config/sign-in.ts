/** `signIn`: where and how people sign in. */

import * as v from 'valibot'
import { SignInApp } from './sign-in-app.ts'
import { upstreamKeys } from './upstream.ts'

/** The ways to sign in, each described where it is. */
export const SignIn = v.pipe(
  v.strictObject({ app: v.optional(SignInApp), ...upstreamKeys }, 'must be a group of keys'),
  v.description('Where and how people sign in; with user name, password and passkeys at this server unless set.'),
)
