import * as v from 'valibot'
import { visible } from './form.ts'
import { csrf } from './interaction.ts'

/** The schema of a form of the account page. */
export type AccountForm = v.GenericSchema<unknown, { readonly csrf: string }>

/** What the page may be told to say was just done. */
const notices = [
  'access_ended',
  'all_access_ended',
  'session_ended',
  'passkey_added',
  'passkey_renamed',
  'passkey_removed',
] as const

/** The account page: anything it does not know to say is passed over. */
export const AccountQuery = v.object({ done: v.fallback(v.optional(v.picklist(notices)), undefined) })

/** Taking back what was allowed: one grant, everything of one client, or everything. */
export const EndAccessForm = v.pipe(
  v.object({ csrf, ref: visible(64), client_id: visible(256) }),
  v.transform((wire) => ({ csrf: wire.csrf, ref: wire.ref, clientId: wire.client_id })),
)

/** Ending another sign-in. */
export const EndSignInForm = v.object({ csrf, sid: v.optional(v.pipe(v.string(), v.maxLength(64)), '') })
