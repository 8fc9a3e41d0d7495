/** What can be tried with the token and the name of a machine that is known by its certificate. */

import { isJsonObject } from '../../core/names.ts'
import { machineName } from '../certificates.ts'
import { readStatements } from '../machine.ts'
import { type Attempted, send } from '../thief.ts'
import type { World } from '../world.ts'
import type { Consequence, Theft } from './theft.ts'

/** Thefts at the entrances for certificates. */
export const machineThefts: readonly Theft[] = [
  {
    name: 'a stolen token of a machine, without the certificate it is bound to',
    attack: 'SK-44',
    expected: 'token_certificate_missing',
    attempt: ({ world }) => replayToken(world, 'nobody'),
  },
  {
    name: 'a stolen token of a machine, with a certificate of the thief',
    attack: 'SK-44',
    expected: 'token_certificate_mismatch',
    attempt: ({ world }) => replayToken(world, 'thief'),
  },
  {
    name: 'a token for a machine, asked for in its name and without its certificate',
    attack: 'SK-08',
    expected: 'client_certificate_missing',
    attempt: ({ world }) => askToken(world, 'nobody'),
  },
  {
    name: 'a token for a machine, with a certificate the thief made out in its name',
    attack: 'LV-28',
    expected: 'client_certificate_untrusted',
    attempt: ({ world }) => askToken(world, 'thief'),
  },
]

type Tried = Attempted & { readonly consequences: readonly Consequence[] }

/** The latest token of the machine, as it stands in a log. */
async function replayToken(world: World, as: 'nobody' | 'thief'): Promise<Tried> {
  const url = `${world.statements}/statements`
  const seen = world.machine.recorder.latest((request) => request.url === url)
  const authorization = seen?.headers.get('authorization') ?? ''
  const attempted = await send(url, { headers: { authorization } }, world.overTls[as])
  return { ...attempted, consequences: [await machineGoesOn(world)] }
}

async function askToken(world: World, as: 'nobody' | 'thief'): Promise<Tried> {
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

function machineGoesOn(world: World): Promise<Consequence> {
  return machineReads(world, 'the machine still gets a token and its statements')
}

/** One honest round of the machine. */
export async function machineReads({ machine }: World, name: string): Promise<Consequence> {
  const status = await readStatements(machine)
  return { name, ok: status === 200, detail: `${machineName}, status ${status}` }
}
