import * as v from 'valibot'
import { profile } from '../profile.ts'
import { printable, visible } from './form.ts'

/** The parameters that authenticate a client, at any endpoint. RFC 7521 §4.2; RFC 6749 §2.3.1. */
export const ClientAuthenticationParameters = v.pipe(
  v.object({
    client_id: visible(256),
    client_secret: printable(),
    client_assertion_type: visible(),
    client_assertion: v.optional(v.pipe(v.string(), v.maxLength(profile.jwsCharacters * 2))),
  }),
  v.transform((wire) => ({
    clientId: wire.client_id,
    clientSecret: wire.client_secret === undefined ? ('absent' as const) : ('present' as const),
    clientAssertionType: wire.client_assertion_type,
    clientAssertion: wire.client_assertion,
  })),
)

/** RFC 7523 §2.2. */
export const jwtBearerAssertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
