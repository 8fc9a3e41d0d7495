/** The certificates of the demo: made for one run, and gone with the folder they are in. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseDistinguishedName } from '../core/distinguished-name.ts'
import type { EgressTls } from '../node/egress.ts'
import { random, systemClock } from '../node/runtime.ts'
import { developmentFiles, makeDevelopmentCa } from '../node/tls/development-ca.ts'

/** Who shows what to whom. */
export type Certificates = {
  /** The authority that both ends trust, PEM. */
  readonly authority: string
  /** What our listeners show: the paths of certificate and key. */
  readonly server: { readonly certificate: string; readonly key: string }
  /** The machine: its certificate, and the authority it trusts. */
  readonly machine: EgressTls
  /** The same, as paths for a command line. */
  readonly machineFiles: { readonly authority: string; readonly certificate: string; readonly key: string }
  /** Nobody in particular, who only knows which authority to trust. */
  readonly nobody: EgressTls
  /** The thief: a certificate with the very name of the machine, from an authority of the thief's own. */
  readonly thief: EgressTls
}

/** The name in the certificate of the machine. RFC 8705 §2.1.2. */
export const machineName = 'CN=ledger,O=Brass Bookkeepers'

/** Makes them in this folder, which is nobody else's. */
export function makeCertificates(folder: string): Certificates {
  const ours = filesIn(join(folder, 'development'))
  const foreign = filesIn(join(folder, 'thief'))
  const authority = read(ours.authority)
  return {
    authority,
    server: ours.server,
    machine: { ca: authority, cert: read(ours.client.certificate), key: read(ours.client.key) },
    machineFiles: { authority: ours.authority, ...ours.client },
    nobody: { ca: authority },
    thief: { ca: authority, cert: read(foreign.client.certificate), key: read(foreign.client.key) },
  }
}

/** An authority of its own, with a certificate for this machine and one for a client. */
function filesIn(directory: string) {
  makeDevelopmentCa({
    directory,
    clientSubject: parseDistinguishedName(machineName),
    existing: 'replace',
    clock: systemClock,
    random,
  })
  const path = (name: keyof typeof developmentFiles) => join(directory, developmentFiles[name])
  return {
    authority: path('ca'),
    server: { certificate: path('serverCertificate'), key: path('serverKey') },
    client: { certificate: path('clientCertificate'), key: path('clientKey') },
  }
}

function read(file: string): string {
  return readFileSync(file, 'utf8')
}
