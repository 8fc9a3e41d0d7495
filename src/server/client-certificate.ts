import type { ClientCertificate } from '../core/certificate.ts'
import { isSameName, parseDistinguishedName } from '../core/distinguished-name.ts'
import type { CertificateName, ClientRecord } from '../core/client.ts'
import type { NumericDate } from '../core/names.ts'
import { refuse } from '../core/oauth-error.ts'
import type { TrustAnchors } from '../core/ports.ts'
import type { RuleSlug } from '../core/rules.ts'
import type { Call } from './call.ts'
import type { Server } from './server.ts'

/**
 * Whether the certificate of this connection is the client's: by its name under a trusted authority, or by itself.
 * RFC 8705 §2.1, §2.2.
 * @throws OAuthError client_certificate_*, client_keys_unavailable
 */
export async function checkClientCertificate(
  client: ClientRecord,
  { connection, now }: Call<unknown>,
  { trustAnchors, clientKeys }: Server,
): Promise<void> {
  if (connection.certificateTrouble === 'malformed') refuse('client_certificate_malformed')
  const { certificate } = connection
  if (certificate === undefined) return refuse('client_certificate_missing')
  if (client.authMethod === 'self_signed_tls_client_auth') {
    const { thumbprint } = certificate
    if (now < certificate.notBefore || now >= certificate.notAfter) refuse('client_certificate_expired')
    const { certificates } = await clientKeys(client, { use: 'certificate', thumbprint })
    if (!certificates.includes(thumbprint)) refuse('client_certificate_unknown')
    return
  }
  await checkTrust(certificate, trustAnchors, now)
  if (client.certificateName === undefined || !bears(certificate, client.certificateName)) {
    refuse('client_certificate_name_mismatch')
  }
}

const distrust = {
  untrusted: 'client_certificate_untrusted',
  expired: 'client_certificate_expired',
  not_for_clients: 'client_certificate_not_for_clients',
} as const satisfies Record<string, RuleSlug>

async function checkTrust(
  certificate: ClientCertificate,
  anchors: TrustAnchors | undefined,
  now: NumericDate,
): Promise<void> {
  const verdict = (await anchors?.judge(certificate, now)) ?? 'untrusted'
  if (verdict !== 'trusted') refuse(distrust[verdict])
}

/** Whether the certificate bears the registered name. RFC 8705 §2.1.2. */
function bears({ subject, alternativeNames }: ClientCertificate, { kind, value }: CertificateName): boolean {
  switch (kind) {
    case 'dn':
      return isSameName(subject, parseDistinguishedName(value))
    case 'dns':
      // Host names are compared without regard to case. RFC 4343.
      return alternativeNames.dns.some((name) => name.toLowerCase() === value.toLowerCase())
    case 'uri':
    case 'ip':
    case 'email':
      return alternativeNames[kind].includes(value)
  }
}
