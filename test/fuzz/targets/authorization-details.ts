/** What exactly strangers ask for: parsed, narrowed, chosen from and put into words. */

import assert from 'node:assert/strict'
import {
  checkAuthorizationDetails,
  choose,
  type Choice,
  coversAll,
  parseAuthorizationDetails,
} from '../../../src/core/authorization-details.ts'
import { fillConsentText, parseConsentText, pathsOf } from '../../../src/core/consent-text.ts'
import { isJsonObject } from '../../../src/core/names.ts'
import { OAuthError } from '../../../src/core/oauth-error.ts'
import { aPayment, anAccountAccess, bankDetailTypes, detailTypeNames } from '../../flow/detail-types.ts'
import { jsonText, mutatedJson, mutatedText } from '../mutate.ts'
import { type Target, target, unless } from '../target.ts'

const types = { known: bankDetailTypes, allowed: detailTypeNames }
const granted = parseAuthorizationDetails(JSON.stringify([aPayment(), anAccountAccess()]))
const samples = [
  [aPayment(), anAccountAccess()],
  [aPayment({ instructedAmount: { currency: 'EUR', amount: '7.5' }, executionDate: '2026-03-04' })],
  [anAccountAccess({ accounts: [{ iban: 'DE02' }] })],
]
const templates = [
  'Pay {instructedAmount|money} to {creditorName} ({creditorAccount.iban})[ on {executionDate|date}]',
  'On {accounts|list:iban}: {actions|list} \\{kept\\}',
]

export const detailTargets: readonly Target[] = [
  target(
    'authorization_details',
    5,
    (draw) => jsonText(draw, mutatedJson(draw, samples)),
    (text) =>
      unless([OAuthError], () => {
        const wanted = checkAuthorizationDetails(text, types)
        assert.ok(coversAll(wanted, wanted, types.known), 'as much is not more')
        if (coversAll(granted, wanted, types.known)) assert.ok(wanted.length <= granted.length)
        assert.equal('polluted' in {}, false)
      }),
  ),
  target(
    'choices at consent',
    2,
    (draw) =>
      draw.some(
        6,
        (): Choice => ({
          element: draw.pick([1, 1, 1, 1, 1, 1, 0, 2, -1]),
          member: draw.pick([...Array<string>(12).fill('accounts'), 'actions', 'type', '__proto__', 'length']),
          entry: draw.once(20) ? -1 : draw.below(draw.once(9) ? 5 : 3),
        }),
      ),
    (choices) =>
      unless([OAuthError], () => {
        const left = choose(granted, choices, types.known)
        assert.ok(coversAll(granted, left, types.known))
      }),
  ),
  target(
    'details in words',
    3,
    (draw) => ({ template: draw.pick(templates), element: mutatedJson(draw, samples.flat()) }),
    ({ template, element }) => {
      if (!isJsonObject(element)) return 'refused'
      const runs = fillConsentText(template, element, 'de')
      assert.ok(runs.every(({ text }) => text !== ''))
      assert.ok(runs.some(({ kind }) => kind === 'value'))
      return 'taken'
    },
  ),
  target(
    'consent text',
    2,
    (draw) => mutatedText(draw, templates),
    (text) =>
      unless([SyntaxError], () => {
        parseConsentText(text)
        pathsOf(text)
        fillConsentText(text, aPayment(), 'en')
      }),
  ),
]
