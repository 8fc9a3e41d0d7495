/** What browsers send of authenticators: the JSON of WebAuthn §5.1 (`PublicKeyCredential.toJSON`), bounded and strict. */

import * as v from 'valibot'
import { profile } from '../profile.ts'
import { parseStrictJsonObject } from '../strict-json.ts'
import { csrf } from './interaction.ts'

/** A form without an answer has a malformed one: the refusal is the same. */
const credential = v.optional(v.string(), '')

/** What a person calls a passkey: no control characters, and none that turn the direction of what follows. */
const name = v.pipe(
  v.string(),
  v.trim(),
  v.maxLength(profile.passkeyNameCharacters),
  v.regex(/^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]*$/u),
)

const credentialId = v.pipe(v.string(), v.maxLength(profile.credentialIdCharacters), v.regex(/^[A-Za-z0-9_-]+$/))

/** Signing in with a passkey. */
export const PasskeySignInForm = v.object({ csrf, credential })

/** Adding a passkey. */
export const AddPasskeyForm = v.object({ csrf, credential, name: v.optional(name, '') })

/** Calling a passkey something else. */
export const RenamePasskeyForm = v.pipe(
  v.object({ csrf, credential_id: credentialId, name: v.pipe(name, v.minLength(1)) }),
  v.transform(({ credential_id, ...form }) => ({ ...form, credentialId: credential_id })),
)

/** Removing a passkey. */
export const RemovePasskeyForm = v.pipe(
  v.object({ csrf, credential_id: credentialId }),
  v.transform(({ credential_id, ...form }) => ({ ...form, credentialId: credential_id })),
)

const base64url = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]+$/))

const publicKeyCredential = { id: credentialId, rawId: credentialId, type: v.literal('public-key') } as const

const Assertion = v.object({
  ...publicKeyCredential,
  response: v.object({
    clientDataJSON: base64url,
    authenticatorData: base64url,
    signature: base64url,
    userHandle: v.nullish(base64url),
  }),
})

const Attestation = v.object({
  ...publicKeyCredential,
  response: v.object({
    clientDataJSON: base64url,
    attestationObject: base64url,
    transports: v.optional(v.pipe(v.array(v.pipe(v.string(), v.maxLength(64))), v.maxLength(16)), []),
  }),
})

const ClientData = v.object({
  challenge: v.pipe(v.string(), v.maxLength(256), v.regex(/^[A-Za-z0-9_-]+$/)),
  crossOrigin: v.optional(v.boolean(), false),
  topOrigin: v.optional(v.string()),
})

/** The answer to a sign-in. */
export type Assertion = v.InferOutput<typeof Assertion>

/** The answer to an enrolment. */
export type Attestation = v.InferOutput<typeof Attestation>

/** @throws when the text is no such answer */
export function parseAssertion(text: string): Assertion {
  return v.parse(Assertion, parseAnswer(text))
}

/** @throws when the text is no such answer */
export function parseAttestation(text: string): Attestation {
  return v.parse(Attestation, parseAnswer(text))
}

/** What the browser says it was asked, and where. WebAuthn §5.8.1. @throws when the text is nothing of the kind */
export function parseClientData(text: string): v.InferOutput<typeof ClientData> {
  return v.parse(ClientData, parseAnswer(text))
}

function parseAnswer(text: string) {
  if (text.length > profile.passkeyAnswerCharacters) throw new SyntaxError('longer than any answer')
  return parseStrictJsonObject(text)
}
