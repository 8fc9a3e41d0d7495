/** WebAuthn for one issuer: the one file that knows the library, which is loaded when the first passkey is about. */

import { generateKeyPairSync } from 'node:crypto'
import { canonicalIpAddress } from '../core/ip-address.ts'
import type { Issuer, Subject } from '../core/names.ts'
import { OAuthError, orRefuse, refuse } from '../core/oauth-error.ts'
import type { Passkey } from '../core/people.ts'
import { profile } from '../core/profile.ts'
import type { RuleSlug } from '../core/rules.ts'
import type { WebAuthn } from '../core/sign-in-ports.ts'
import { type Attestation, parseAssertion, parseAttestation, parseClientData } from '../core/wire/passkey.ts'
import { sha256 } from './runtime.ts'

/** Whose passkeys, and what authenticators call us. */
export type WebAuthnOptions = { readonly issuer: Issuer; readonly name: string }

/** COSE: ES256, EdDSA, RS256, most preferred first. */
const algorithms = [-7, -8, -257]

const timeout = profile.passkeyChallengeLifetime * 1000

/** Transports that browsers are told of again; others mean nothing to us. WebAuthn §5.8.4. */
const transports = ['ble', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb']

/**
 * Passkeys for the host of the issuer and its exact origin; the authenticator makes sure of the person every time.
 * Undefined for an issuer that is an address: there WebAuthn does not work. WebAuthn §5.1.2, §5.1.3.
 */
export function createWebAuthn({ issuer, name }: WebAuthnOptions): WebAuthn | undefined {
  const { hostname: host, origin } = new URL(issuer)
  if (canonicalIpAddress(host.replace(/^\[|\]$/g, '')) !== undefined) return undefined
  const party = { host, name, origin }
  return {
    enrolment: (person, known, challenge) => enrolmentOptions(party, person, known, challenge),
    // Written by hand: a page that nobody may answer with a passkey is no reason to load the library.
    signIn: (challenge) =>
      Promise.resolve(JSON.stringify({ rpId: host, challenge, timeout, userVerification: 'required' })),
    challengeOf: (answer) => challengeIn(answer),
    credentialOf: (answer) => orRefuse('passkey_malformed', () => parseAssertion(answer)).id,
    verifyEnrolment: (answer, challenge) => verifyEnrolment(party, answer, challenge),
    verifySignIn: (answer, challenge, passkey) => verifySignIn(party, answer, challenge, passkey),
  }
}

/** The relying party: whose passkeys, and where they may be used. */
type Party = { readonly host: string; readonly name: string; readonly origin: string }

async function enrolmentOptions(
  { host, name }: Party,
  { subject, username, displayName }: Parameters<WebAuthn['enrolment']>[0],
  known: readonly Passkey[],
  challenge: string,
): Promise<string> {
  const { generateRegistrationOptions } = await library()
  const options = await generateRegistrationOptions({
    rpName: name,
    rpID: host,
    userID: bytesOf(userHandle(subject, host)),
    userName: username,
    userDisplayName: displayName,
    challenge: bytesOf(challenge),
    timeout,
    attestationType: 'none',
    excludeCredentials: known.map(({ credentialId, transports: by }) => ({ id: credentialId, transports: [...by] })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    supportedAlgorithmIDs: algorithms,
  })
  return JSON.stringify(options)
}

async function verifyEnrolment(party: Party, answer: string, challenge: string) {
  const response = orRefuse('enrolment_malformed', () => parseAttestation(answer))
  const { verifyRegistrationResponse } = await library()
  await checkAttestation(response)
  const { registrationInfo } = await orInvalid('enrolment_invalid', () => {
    checkTopLevel(response.response.clientDataJSON)
    return verifyRegistrationResponse({
      response: { ...response, clientExtensionResults: {} },
      expectedChallenge: challenge,
      ...expectedOf(party),
      supportedAlgorithmIDs: algorithms,
    })
  })
  if (registrationInfo === undefined) return refuse('enrolment_invalid')
  const { credential } = registrationInfo
  // What the browser calls it and what the authenticator signed is one.
  if (credential.id !== response.id) return refuse('enrolment_invalid')
  return {
    credentialId: credential.id,
    publicKey: Buffer.from(credential.publicKey).toString('base64url'),
    signCount: credential.counter,
    transports: transports.filter((known) => response.response.transports.includes(known)),
    backup: backupOf(registrationInfo),
  }
}

async function verifySignIn(party: Party, answer: string, challenge: string, passkey: Passkey | undefined) {
  const { id, rawId, type, response } = orRefuse('passkey_malformed', () => parseAssertion(answer))
  const { userHandle: handle, ...signed } = response
  const { verifyAuthenticationResponse } = await library()
  const publicKey = passkey?.publicKey ?? nobodysKey()
  const { verified, authenticationInfo } = await orInvalid('passkey_invalid', () => {
    checkTopLevel(signed.clientDataJSON)
    return verifyAuthenticationResponse({
      response: { id, rawId, type, response: signed, clientExtensionResults: {} },
      expectedChallenge: challenge,
      ...expectedOf(party),
      // The store judges the counter, when everything else holds.
      credential: { id, publicKey: bytesOf(publicKey), counter: 0 },
    })
  })
  if (passkey === undefined || !verified || passkey.credentialId !== id) return refuse('passkey_invalid')
  if (handle !== userHandle(passkey.subject, party.host)) return refuse('passkey_invalid')
  const backup = backupOf(authenticationInfo)
  // Whether there can be copies is decided when a passkey is made. WebAuthn §7.2.
  if ((backup === 'device_bound') !== (passkey.backup === 'device_bound')) return refuse('passkey_invalid')
  return { signCount: authenticationInfo.newCounter, backup }
}

/** What every answer has to say. */
function expectedOf({ host, origin }: Party) {
  return { expectedOrigin: origin, expectedRPID: host, requireUserVerification: true }
}

/** Loaded once, and only where passkeys are used: what it takes is not held for those who use none. */
function library() {
  return import('@simplewebauthn/server')
}

/** What authenticators file a person under: 32 bytes that say nothing of them. WebAuthn §14.6.1. */
function userHandle(subject: Subject, host: string): string {
  return sha256(`passkey\n${host}\n${subject}`)
}

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(base64url, 'base64url'))
}

function challengeIn(answer: string): string | undefined {
  try {
    return clientDataOf(clientDataTextOf(answer)).challenge
  } catch {
    return undefined
  }
}

function clientDataTextOf(answer: string): string {
  try {
    return parseAssertion(answer).response.clientDataJSON
  } catch {
    return parseAttestation(answer).response.clientDataJSON
  }
}

function clientDataOf(base64url: string) {
  return parseClientData(new TextDecoder('utf-8', { fatal: true }).decode(bytesOf(base64url)))
}

/** Nobody frames our pages, so no answer is made inside of another page. WebAuthn §13.4.9. */
function checkTopLevel(clientDataJSON: string): void {
  const { crossOrigin, topOrigin } = clientDataOf(clientDataJSON)
  if (crossOrigin || topOrigin !== undefined) throw new Error('made in a frame')
}

/**
 * None was asked for, and browsers take away all but a signature by the key itself. Certificates are not even read: whoever
 * wrote them would choose what is fetched to check them. WebAuthn §5.1.3, §8.
 */
async function checkAttestation({ response }: Attestation): Promise<void> {
  const { decodeAttestationObject } = await import('@simplewebauthn/server/helpers')
  await orInvalid('enrolment_invalid', () => {
    const object = decodeAttestationObject(bytesOf(response.attestationObject))
    const format = object.get('fmt')
    const isBare = format === 'none' || (format === 'packed' && object.get('attStmt').get('x5c') === undefined)
    if (!isBare) throw new Error('an attestation that nobody asked for')
    return Promise.resolve()
  })
}

/** The library throws for whatever does not fit. */
async function orInvalid<T>(rule: RuleSlug, verify: () => Promise<T>): Promise<T> {
  try {
    return await verify()
  } catch (cause) {
    throw new OAuthError(rule, { cause })
  }
}

function backupOf(made: {
  readonly credentialDeviceType: string
  readonly credentialBackedUp: boolean
}): Passkey['backup'] {
  if (made.credentialDeviceType === 'singleDevice') return 'device_bound'
  return made.credentialBackedUp ? 'backed_up' : 'eligible'
}

let decoy: string | undefined

/** A key that nobody holds: what no passkey answers costs as much as a wrong signature. */
function nobodysKey(): string {
  if (decoy === undefined) {
    const { x = '', y = '' } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
    const key = [es256Head, Buffer.from(x, 'base64url'), es256Middle, Buffer.from(y, 'base64url')]
    decoy = Buffer.concat(key).toString('base64url')
  }
  return decoy
}

/** A COSE key of ES256: `{1: 2, 3: -7, -1: 1, -2: x, -3: y}`. RFC 9053 §7.1.1. */
const es256Head = Buffer.from('a5010203262001215820', 'hex')
const es256Middle = Buffer.from('225820', 'hex')
