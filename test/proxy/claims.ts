/** Header fields in which somebody may claim a certificate, as the proxies write them. */

import { createHash } from 'node:crypto'
import type { AdapterName } from '../../src/node/tls/proxy-adapters.ts'
import { pemOf } from '../../src/node/tls/make-certificate.ts'
import type { Field, Identity } from './call.ts'

/** The certificate of the client in the field of each adapter. */
export function claimOf(adapter: AdapterName, { der }: Pick<Identity, 'der'>): Field {
  const base64 = Buffer.from(der).toString('base64')
  const escaped = encodeURIComponent(pemOf(der))
  switch (adapter) {
    case 'rfc9440':
      return ['Client-Cert', `:${base64}:`]
    case 'nginx':
      return ['X-SSL-Client-Cert', escaped]
    case 'haproxy':
      return ['X-SSL-Client-DER', base64]
    case 'envoy-xfcc':
      return ['X-Forwarded-Client-Cert', `Hash=${createHash('sha256').update(der).digest('hex')};Cert="${escaped}"`]
    case 'aws-alb':
      return ['X-Amzn-Mtls-Clientcert-Leaf', escaped]
    case 'traefik':
      return ['X-Forwarded-Tls-Client-Cert', base64]
  }
}

const names = ['rfc9440', 'nginx', 'haproxy', 'envoy-xfcc', 'aws-alb', 'traefik'] as const

/** Ways to claim the certificate of another client, each a list of fields to send. */
export function forgeries(own: AdapterName, victim: Identity): readonly (readonly Field[])[] {
  const [name, value] = claimOf(own, victim)
  const every = names.map((adapter) => claimOf(adapter, victim))
  return [
    ...every.map((field) => [field]),
    [claimOf(own, victim), claimOf(own, victim)],
    [[name, ''], claimOf(own, victim)],
    [[name.toUpperCase(), value]],
    [[name.replaceAll('-', '_'), value]],
    [['Connection', name], claimOf(own, victim)],
    [['Client-Cert-Chain', claimOf('rfc9440', victim)[1]]],
    every,
  ]
}
