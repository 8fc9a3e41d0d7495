/** Authorization details on the consent page, and what comes back of them. RFC 9396 §7. */

import {
  type AuthorizationDetail,
  choosableLists,
  choose,
  type Choice,
  typeOf,
} from '../../core/authorization-details.ts'
import { entriesOf } from '../../core/consent-text.ts'
import type { AuthorizationRequest } from '../../core/flow.ts'
import { OAuthError, refuse } from '../../core/oauth-error.ts'
import type { Pairs } from '../../core/wire/form.ts'
import type { DetailView } from '../pages.ts'
import type { Server } from '../server.ts'

/** The elements in words; with what may be left out of them while they are asked for. */
export function detailViews(
  elements: readonly AuthorizationDetail[],
  when: 'asked' | 'allowed',
  { catalogue }: Server,
): readonly DetailView[] {
  return elements.flatMap((element, index) => {
    const type = typeOf(element, catalogue.detailTypes)
    if (type === undefined) return []
    const { consent, resource } = type
    const templates = typeof consent.text === 'string' ? [consent.text] : Object.values(consent.text)
    const choices = choosableLists(element, type).map((member) => ({
      member,
      name: `choice.${index}.${member}`,
      entries: entriesOf(templates, element, member),
    }))
    const holder = catalogue.nameOf(resource)
    return [{ holder, element, consent, choices: when === 'asked' ? choices : [] }]
  })
}

/**
 * What the person left of the details that were asked for, by the boxes that came back; `empty` when that is too little.
 * @throws OAuthError consent_tampered
 */
export function chosenDetails(
  { details }: AuthorizationRequest,
  pairs: Pairs,
  { catalogue }: Server,
): readonly AuthorizationDetail[] | 'empty' {
  const boxes = pairs.filter(([name]) => name.startsWith('choice')).map(choiceOf)
  try {
    return choose(details, boxes, catalogue.detailTypes)
  } catch (error) {
    if (error instanceof OAuthError && error.rule === 'authorization_details_empty_choice') return 'empty'
    throw error
  }
}

function choiceOf([name, value]: Pairs[number]): Choice {
  const [, element, member, entry] = /^choice\.(\d)\.([\w$@-]+)\.(\d|[1-9]\d)$/.exec(name) ?? []
  if (element === undefined || member === undefined || entry === undefined || value !== 'on') {
    return refuse('consent_tampered')
  }
  return { element: Number(element), member, entry: Number(entry) }
}
