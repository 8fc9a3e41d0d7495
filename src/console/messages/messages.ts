/** What a language says on the pages: plain texts, so that an operator can replace any of them. */

import { type EventType, eventTypes } from '../../core/events.ts'
import { keysOf } from '../../core/names.ts'

/** Every text, with what is filled in where it says `{so}`. */
export const texts = {
  unnamedClient: [],
  registeredAs: [],
  returnsTo: [],
  knownSince: [],
  signedInAs: ['user'],

  signInTitle: [],
  signInForClient: ['client'],
  signInForAccount: [],
  signInAgain: [],
  signInPasskeyOnly: [],
  signInDemo: [],
  passkeyContinue: [],
  passkeyContinueHint: [],
  passkeyFailed: [],
  passkeyNeeds: [],
  or: [],
  userName: [],
  password: [],
  signInButton: [],
  continueWith: ['provider'],
  cancel: [],

  consentTitle: [],
  consentHeading: ['client'],
  consentNameChosen: [],
  consentDetailHolder: ['holder'],
  consentChoices: ['member'],
  consentNothing: [],
  identityHolder: [],
  scopeOpenid: [],
  scopeProfile: [],
  scopeEmail: [],
  scopeOfflineAccess: [],
  scopeOther: [],
  consentBefore: ['date'],
  consentSame: ['date'],
  consentMore: [],
  lastsHeading: [],
  lastsSignIn: [],
  lastsOffline: ['span'],
  takeBack: ['account'],
  takeBackAccount: [],
  useHeading: [],
  useBound: ['client'],
  useRemembered: [],
  useAskedAgain: [],
  deny: [],
  allow: [],

  accountTitle: [],
  noticeAccessEnded: [],
  noticeAllAccessEnded: [],
  noticeSessionEnded: [],
  noticePasskeyAdded: [],
  noticePasskeyRenamed: [],
  noticePasskeyRemoved: [],
  clientsHeading: [],
  clientsEmpty: [],
  clientsNewest: [],
  consentKept: ['date'],
  grantAllows: [],
  grantAllowed: [],
  grantUsed: [],
  grantUnused: [],
  grantEnds: [],
  grantEndsWithSignIn: ['date'],
  endGrant: [],
  endClient: ['client'],
  endEverything: [],
  endEverythingHint: [],
  sessionsHeading: [],
  sessionsEmpty: [],
  sessionThis: [],
  sessionUnknown: [],
  sessionSince: ['date', 'ways'],
  sessionUntil: ['date'],
  sessionEnd: [],
  amrPassword: [],
  amrPasskey: [],
  amrOneTimeCode: [],
  amrSeveral: [],
  amrElsewhere: [],
  passkeysHeading: [],
  passkeysEmpty: [],
  passkeyUnnamed: [],
  passkeyDeviceBound: [],
  passkeyEligible: [],
  passkeyBackedUp: [],
  passkeyAdded: ['date'],
  passkeyUsed: ['date'],
  passkeyUnused: [],
  passkeyName: [],
  passkeyRename: [],
  passkeyRemove: [],
  passkeyNewName: [],
  passkeyAdd: [],
  passkeyAddHint: [],
  passkeyAddFailed: [],
  passkeySignInAgain: ['link'],
  passkeySignInAgainLink: [],
  passkeysFull: [],
  passkeysNotOffered: [],
  eventsHeading: [],
  eventsEmpty: [],
  eventOther: ['type'],
  eventClient: ['client'],
  eventCount: ['count'],
  eventBlocked: [],
  eventRevoked: [],

  signOutTitle: [],
  signOutAsked: ['client'],
  signOutTells: ['user'],
  signOutButton: [],
  signOutStay: [],
  signedOutTitle: [],
  signedOutHeading: [],
  signedOutClose: [],

  errorTitle: [],
  errorReason: [],
  errorCorrelation: [],
} as const satisfies Record<string, readonly string[]>

/** The name of a text. */
export type TextKey = keyof typeof texts

/** What has to be filled into a text. */
export type PlaceholdersOf<Key extends TextKey> = (typeof texts)[Key][number]

/** The kinds of events that have words of their own in the account of a person; for all others there is one phrase. */
export type PersonalEvent = Extract<
  EventType,
  `${'user' | 'consent' | 'token' | 'session' | 'dpop' | 'oauth.code' | 'oauth.refresh'}.${string}`
>

/** Those kinds, in the order of the table of events. */
export const personalEvents: readonly PersonalEvent[] = keysOf(eventTypes).filter(isPersonal)

function isPersonal(type: EventType): type is PersonalEvent {
  return /^(?:user|consent|token|session|dpop|oauth\.code|oauth\.refresh)\./.test(type)
}

/** What a refusal says in another language. */
export type RefusalText = { readonly sentence: string; readonly hint: string }

/** One language. */
export type Messages = {
  /** Its tag. BCP 47. */
  readonly language: string
  readonly direction: 'ltr' | 'rtl'
  readonly texts: Readonly<Record<TextKey, string>>
  readonly events: Readonly<Record<PersonalEvent, string>>
  /** By the slug people see. What is missing is shown in English, and marked as that. */
  readonly refusals: Readonly<Record<string, RefusalText>>
}

/** The names in braces of a text, each once. */
export function placeholdersIn(text: string): readonly string[] {
  return [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name))]
}
