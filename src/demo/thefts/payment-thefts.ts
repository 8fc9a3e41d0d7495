/** What can be tried with a payment that a person allowed. */

import type { Session } from '../../client/index.ts'
import type { AuthorizationDetail } from '../../core/authorization-details.ts'
import { demoUser } from '../authorization-server.ts'
import { askToPay, bill, pay } from '../bill.ts'
import { interceptResponse } from '../person.ts'
import type { Stage } from '../stage.ts'
import { type Attempted, correlationIdIn } from '../thief.ts'
import { strike, take } from '../trace.ts'
import type { Chapter, Scene } from './theft.ts'

/** Thefts of a permission to pay, at the bank. */
export const paymentThefts: Chapter = {
  id: 'payment',
  title: 'The bent bill',
  lede: 'Alice lets Tally pay her heating bill. This time the thief sits inside Tally: with its keys, its token and its proofs. All that is left to bend is the bill.',
  victim: 'person',
  stealsFrom: 'a_person_of_its_own',
  thefts: [
    {
      id: 'payment-to-the-thief',
      name: 'a payment the person allowed, to another account, by the app itself',
      title: 'Change the account on the bill',
      hope: 'That a yes to one payment is a yes to any payment.',
      attack: 'SK-48',
      expected: 'authorization_details_insufficient',
      attempt: bendBill,
    },
  ],
}

const toTheThief = { ...bill, creditorAccount: { iban: 'DE89370400440532013000' } }
const muchMore = { ...bill, instructedAmount: { currency: 'EUR', amount: '1200.00' } }

async function bendBill({ world, alice }: Scene) {
  const { client, incidents } = world
  const { url, pending } = await client.begin(askToPay)
  const session = await client.finish(await interceptResponse(alice, world, url, demoUser), pending)
  take('access_token', session.accessToken.reveal())
  const attempted = await strike(() => tryToPay(world, session, toTheThief))
  const more = await tryToPay(world, session, muchMore)
  const rule = incidents.find(more.correlationId)?.rule
  const honest = await tryToPay(world, session, bill)
  const again = await tryToPay(world, session, bill)
  const consequences = [
    {
      name: 'ten times the amount is refused as well',
      ok: rule === 'authorization_details_insufficient',
      detail: rule ?? `status ${more.status}`,
    },
    { name: 'the bill that was allowed is paid', ok: honest.status === 201, detail: `status ${honest.status}` },
    { name: 'and it is paid once', ok: again.status === 409, detail: `status ${again.status}` },
  ]
  return { ...attempted, consequences }
}

async function tryToPay(
  { client }: Stage,
  session: Session,
  payment: typeof bill | AuthorizationDetail,
): Promise<Attempted> {
  const response = await pay(client, session, payment)
  const text = await response.text()
  return { status: response.status, correlationId: correlationIdIn(text), nonce: undefined, text }
}
