/** What can be tried with the token and the name of a machine that is known by its certificate. */

import { isJsonObject } from '../../core/names.ts'
import { machineName } from '../certificates.ts'
import { readStatements } from '../machine.ts'
import type { Stage } from '../stage.ts'
import { type Attempted, send } from '../thief.ts'
import { fieldOf, latestExchange, take } from '../trace.ts'
import type { Chapter, Consequence } from './theft.ts'

/** Thefts at the entrances for certificates. */
export const machineThefts: Chapter = {
  id: 'machine',
  title: 'The machine at night',
  lede: 'Ledger, a program without a person, fetches statements while everybody sleeps. No key, no proof: it is known by the certificate it shows on every connection.',
  victim: 'machine',
  stealsFrom: 'a_person_of_its_own',
  thefts: [
    {
      id: 'machine-token-alone',
      name: 'a stolen token of a machine, without the certificate it is bound to',
      title: 'Use the machine’s token without its certificate',
      hope: 'That nobody asks a machine for its papers.',
      attack: 'SK-44',
      expected: 'token_certificate_missing',
      attempt: ({ world }) => replayToken(world, 'nobody'),
    },
    {
      id: 'machine-token-other-certificate',
      name: 'a stolen token of a machine, with a certificate of the thief',
      title: 'Show other papers with it',
      hope: 'That one certificate looks like another to a bank in a hurry.',
      attack: 'SK-44',
      expected: 'token_certificate_mismatch',
      attempt: ({ world }) => replayToken(world, 'thief'),
    },
    {
      id: 'machine-name-alone',
      name: 'a token for a machine, asked for in its name and without its certificate',
      title: 'Just say you are the machine',
      hope: 'That the name opens the door. It is in every log, after all.',
      attack: 'SK-08',
      expected: 'client_certificate_missing',
      attempt: ({ world }) => askToken(world, 'nobody'),
    },
    {
      id: 'machine-name-forged',
      name: 'a token for a machine, with a certificate the thief made out in its name',
      title: 'Print papers in the machine’s name',
      hope: 'That the server reads the name on a certificate and forgets to ask who signed it.',
      attack: 'LV-28',
      expected: 'client_certificate_untrusted',
      attempt: ({ world }) => askToken(world, 'thief'),
    },
  ],
}

type Tried = Attempted & { readonly consequences: readonly Consequence[] }

/** The token of a call of the machine, as it stands in a log. */
async function replayToken(world: Stage, as: 'nobody' | 'thief'): Promise<Tried> {
  const url = `${world.statements}/statements`
  await readStatements(world.machine)
  const seen = latestExchange((exchange) => exchange.url === url && exchange.from === 'machine')
  const authorization = seen === undefined ? '' : (fieldOf(seen.request, 'authorization') ?? '')
  take('machine_token', authorization.split(' ')[1] ?? '', seen)
  const attempted = await send(url, { headers: { authorization } }, world.overTls[as])
  return { ...attempted, consequences: [await machineGoesOn(world)] }
}

async function askToken(world: Stage, as: 'nobody' | 'thief'): Promise<Tried> {
  const url = `${world.mtls}/token`
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: world.machine.clientId })
  const attempted = await send(url, { method: 'POST', body }, world.overTls[as])
  const consequences = [holdsNoToken(attempted), await machineGoesOn(world)]
  return { ...attempted, consequences }
}

function holdsNoToken({ text }: Attempted): Consequence {
  const body: unknown = JSON.parse(text)
  const ok = isJsonObject(body) && !('access_token' in body)
  return { name: 'the answer to the thief holds no token', ok, detail: ok ? Object.keys(body).join(', ') : 'a token' }
}

function machineGoesOn(world: Stage): Promise<Consequence> {
  return machineReads(world, 'the machine still gets a token and its statements')
}

/** One honest round of the machine. */
export async function machineReads({ machine }: Stage, name: string): Promise<Consequence> {
  const status = await readStatements(machine)
  return { name, ok: status === 200, detail: `${machineName}, status ${status}` }
}
