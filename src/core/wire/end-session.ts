import * as v from 'valibot'
import { profile } from '../profile.ts'
import { printable, visible } from './form.ts'
import { csrf } from './interaction.ts'

const request = {
  id_token_hint: v.optional(v.string()),
  client_id: visible(256),
  post_logout_redirect_uri: printable(2048),
  state: visible(profile.stateCharacters),
}

type Wire = v.InferOutput<v.ObjectSchema<typeof request, undefined>>

function inOurWords(wire: Wire) {
  return {
    idTokenHint: wire.id_token_hint,
    clientId: wire.client_id,
    postLogoutRedirectUri: wire.post_logout_redirect_uri,
    state: wire.state,
  }
}

/** A request to sign out, by GET or POST. OIDC RP-Initiated Logout §2. */
export const EndSessionRequest = v.pipe(v.object(request), v.transform(inOurWords))

/** What a client asks when it asks to sign a person out, not yet checked against anything. */
export type EndSessionParameters = v.InferOutput<typeof EndSessionRequest>

/** The form in which the person says so: the request once more, for it is judged once more. */
export const SignOutForm = v.pipe(
  v.object({ ...request, csrf }),
  v.transform((wire) => ({ ...inOurWords(wire), csrf: wire.csrf })),
)
