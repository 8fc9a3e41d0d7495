/** The shape of `strongroom.yaml`: what may stand in it, with the words an operator reads when something is wrong. */

import { toJsonSchema } from '@valibot/to-json-schema'
import * as v from 'valibot'
import { openidScopes } from '../../core/metadata.ts'
import { issuer, keysOf, orUndefined, resourceIdentifier } from '../../core/names.ts'
import { lifetimeBounds, limitBounds, signingAlgorithms } from '../../core/profile.ts'
import { keyScheduleBounds } from '../keys/schedule.ts'
import { logLevels } from '../log.ts'
import { isPeerRange } from '../peers.ts'
import { adapters } from '../tls/proxy-adapters.ts'
import { detailTypes } from './detail-types.ts'
import { aText, localText, words } from './local-text.ts'
import { pagesSchema } from './pages.ts'
import { SignIn } from './sign-in.ts'

/** Digits in quotes are taken too: that is what `${env:…}` makes of a number. */
const digits = v.regex(/^(?:\d{1,9}|\$\{.+\})$/, 'must be a whole number')

const wholeNumber = (least: number, most: number, bounds: string) =>
  v.union(
    [
      v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(least, bounds), v.maxValue(most, bounds)),
      v.pipe(v.string(), digits, v.transform(Number), v.minValue(least, bounds), v.maxValue(most, bounds)),
    ],
    'must be a whole number',
  )

const named =
  <T>(parse: (text: string) => T) =>
  (text: string) =>
    orUndefined(() => parse(text)) !== undefined

/** Names that OpenID Connect gives a meaning of its own. OIDC Core §5.4, §11. */
const reservedScopes: readonly string[] = [...openidScopes, 'address', 'phone', 'offline_access']

const scopeName = v.pipe(
  aText,
  // RFC 6749 §3.3
  v.regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/, 'must be a scope: visible ASCII without spaces, quotes and backslashes'),
  v.check((name) => !reservedScopes.includes(name), 'is a scope of OpenID Connect, which no API owns'),
)

type Bounds = { readonly least: number; readonly most: number; readonly standard: number; readonly clause: string }

const span = ({ least, most, standard, clause }: Bounds, words = '') =>
  v.pipe(
    v.optional(wholeNumber(least, most, `must be ${least} to ${most} seconds (${clause})`), standard),
    v.description(`${words}Seconds, ${least} to ${most}; ${standard} unless set. ${clause}`),
  )

const lifetime = (name: keyof typeof lifetimeBounds) => span(lifetimeBounds[name])

const limit = (name: keyof typeof limitBounds) => {
  const { least, most, standard, clause } = limitBounds[name]
  return v.pipe(
    v.optional(wholeNumber(least, most, `must be ${least} to ${most} requests a minute`), standard),
    v.description(`Requests a minute, ${least} to ${most}; ${standard} unless set. ${clause}`),
  )
}

const group = 'must be a group of keys'

/** One protected resource. */
const api = v.strictObject(
  {
    resource: v.pipe(
      aText,
      v.check(named(resourceIdentifier), 'must be an https URL without fragment (http for a loopback host only)'),
      v.description('The identifier of the API: what tokens for it have in `aud`. RFC 8707 §2'),
    ),
    name: v.pipe(words(100), v.description('Shown to people at consent.')),
    scopes: v.pipe(
      v.array(
        v.strictObject(
          { name: scopeName, description: v.pipe(localText(200), v.description('Shown at consent.')) },
          group,
        ),
        'must be a list',
      ),
      v.minLength(1, 'must list at least one scope'),
    ),
    authorizationDetails: detailTypes,
  },
  group,
)

const path = words(1024)

const peers = v.pipe(
  v.array(
    v.pipe(aText, v.check(isPeerRange, 'must be an IP address or a range such as 10.0.0.0/8, and not everybody')),
    'must be a list',
  ),
  v.minLength(1, 'must list at least one peer'),
  v.maxLength(64, 'must list at most 64 peers'),
)

/** TLS that ends here. FAPI 2.0 SP §5.2.1. */
const tls = v.pipe(
  v.strictObject(
    {
      certificate: v.pipe(
        path,
        v.description('PEM file: the certificate and its intermediates; read when it changes.'),
      ),
      key: v.pipe(path, v.description('PEM file: the private key, which not everybody on this machine may read.')),
      minVersion: v.optional(v.picklist(['TLSv1.3', 'TLSv1.2'], 'must be TLSv1.3 or TLSv1.2'), 'TLSv1.3'),
      clientCertificates: v.pipe(
        v.optional(v.picklist(['requested', 'none'], 'must be requested or none'), 'none'),
        v.description('Whether clients are asked for a certificate; browsers may show that to people. RFC 8705 §5'),
      ),
    },
    group,
  ),
  v.description('TLS that ends here, beside this file when relative.'),
)

const adapterNames = keysOf(adapters)

/** A proxy that ends TLS and passes certificates on. RFC 9440. */
const certificateHeader = v.pipe(
  v.strictObject(
    {
      adapter: v.picklist(adapterNames, `must be one of ${adapterNames.join(', ')}`),
      peers: v.pipe(peers, v.description('The addresses of the proxy; nobody else is believed.')),
    },
    group,
  ),
  v.description('How a proxy that ends TLS passes on the certificates of clients.'),
)

/** Where the process listens, and whom it believes there. */
const listener = (port: number) => ({
  host: v.pipe(v.optional(words(253), '127.0.0.1'), v.description('A loopback address, unless TLS ends here.')),
  port: v.optional(wholeNumber(0, 65_535, 'must be 0 to 65535'), port),
  addressHeader: v.pipe(
    v.optional(v.picklist(['none', 'x-forwarded-for'], 'must be none or x-forwarded-for'), 'none'),
    v.description(
      'Where the proxy on this machine writes the address of the client it speaks for. The last entry counts.',
    ),
  ),
  trustedPeers: v.pipe(
    v.optional(peers),
    v.description('Proxies whose address header is believed; this machine only unless set.'),
  ),
  tls: v.optional(tls),
  certificateHeader: v.optional(certificateHeader),
})

/** An origin that only certificate-bearing clients are sent to. RFC 8705 §5. */
const mutualTlsOrigin = v.pipe(
  aText,
  v.check(
    (text) => URL.canParse(text) && new URL(text).origin === text && text.startsWith('https:'),
    'must be an https origin, such as https://mtls.as.example',
  ),
)

/** Every key, in the order in which people think of them. */
export const ConfigFile = v.strictObject(
  {
    issuer: v.pipe(
      aText,
      v.check(
        named(issuer),
        'must be an https URL in its canonical spelling, without query and fragment (http for a loopback host only)',
      ),
      v.description('The issuer identifier: the URL under which clients and APIs know this server. RFC 8414 §2'),
    ),
    listen: v.optional(v.strictObject(listener(4400), group), {}),
    mtls: v.pipe(
      v.optional(
        v.strictObject(
          {
            url: v.pipe(mutualTlsOrigin, v.description('The origin under which clients reach it.')),
            ...listener(4443),
          },
          group,
        ),
      ),
      v.description(
        'A second entrance that asks for client certificates, so that browsers at the first are not asked. RFC 8705 §5',
      ),
    ),
    clientCertificates: v.optional(
      v.strictObject(
        {
          trustAnchors: v.pipe(
            v.optional(v.pipe(v.array(path, 'must be a list'), v.maxLength(64, 'must list at most 64 files')), []),
            v.description('PEM files of the CAs that name clients; read again when they change. RFC 8705 §2.1'),
          ),
        },
        group,
      ),
      {},
    ),
    apis: v.pipe(v.optional(v.array(api, 'must be a list'), []), v.description('The APIs tokens are issued for.')),
    signIn: v.optional(SignIn, {}),
    pages: pagesSchema,
    lifetimes: v.optional(
      v.strictObject(
        {
          code: lifetime('code'),
          requestUri: lifetime('requestUri'),
          accessToken: lifetime('accessToken'),
          idToken: lifetime('idToken'),
          interaction: lifetime('interaction'),
          session: lifetime('session'),
          refreshToken: lifetime('refreshToken'),
          refreshTokenIdle: lifetime('refreshTokenIdle'),
        },
        group,
      ),
      {},
    ),
    limits: v.optional(
      v.strictObject(
        {
          perClientPerMinute: limit('perClientPerMinute'),
          perAddressPerMinute: limit('perAddressPerMinute'),
        },
        group,
      ),
      {},
    ),
    store: v.optional(
      v.strictObject(
        {
          kind: v.picklist(['sqlite', 'memory'], 'must be sqlite or memory'),
          path: v.pipe(v.optional(words(1024)), v.description('The database file; beside this file when relative.')),
        },
        group,
      ),
      { kind: 'sqlite', path: 'strongroom.db' },
    ),
    keys: v.optional(
      v.strictObject(
        {
          sealing: v.pipe(
            v.optional(
              v.pipe(
                aText,
                v.regex(
                  /^(?:[\w-]{42}[AEIMQUYcgkosw048]|[0-9a-fA-F]{64}|\$\{.+\})$/,
                  'must be 32 bytes in base64url or hex',
                ),
              ),
            ),
            v.description('Secret: what signing keys are sealed under. 32 bytes, base64url or hex; best as ${file:…}.'),
          ),
          algorithms: v.pipe(
            v.optional(
              v.pipe(
                v.array(
                  v.picklist(signingAlgorithms, `must be one of ${signingAlgorithms.join(', ')}`),
                  'must be a list',
                ),
                v.minLength(1, 'must list at least one algorithm'),
              ),
              [...signingAlgorithms],
            ),
            v.description('What tokens may be signed with; a key is made for each. FAPI 2.0 SP §5.4.1-1'),
          ),
          rotateEvery: span(keyScheduleBounds.rotateEvery, 'How long a key signs. '),
          publishAhead: span(keyScheduleBounds.publishAhead, 'How long a key is published before it signs. '),
        },
        group,
      ),
      {},
    ),
    replicas: v.pipe(
      v.optional(v.picklist(['one', 'many'], 'must be one'), 'one'),
      v.check(
        (replicas) => replicas !== 'many',
        'must be one: several nodes need a shared store, which is not there yet',
      ),
      v.description('How many processes serve this issuer.'),
    ),
    log: v.optional(
      v.strictObject(
        { level: v.optional(v.picklist(logLevels, `must be one of ${logLevels.join(', ')}`), 'info') },
        group,
      ),
      {},
    ),
  },
  group,
)

/** A configuration whose every part has its shape, defaults filled in. */
export type ConfigFile = v.InferOutput<typeof ConfigFile>

/** The JSON Schema of the file, for editors. */
export function configJsonSchema(): object {
  return { title: 'strongroom.yaml', ...toJsonSchema(ConfigFile, { typeMode: 'input', errorMode: 'ignore' }) }
}
