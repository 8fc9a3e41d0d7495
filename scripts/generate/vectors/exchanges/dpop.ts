import { accepts, type Base, type Exchange, refuses } from './exchange.ts'

const everywhere: readonly Base[] = ['push', 'client credentials', 'userinfo', 'call']
const atResources: readonly Base[] = ['userinfo', 'call']
const digestOfAnotherToken = '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU'

/** Proof of possession, wherever it is asked for. */
export const dpop: readonly Exchange[] = [
  ...accepts(everywhere, [
    { name: 'a kid beside the key', change: { proof: { header: { kid: 'anything' } } } },
    { name: 'iat 10 s ahead', change: { proof: { claims: { iat: { $now: 10 } } } } },
    { name: 'iat 10 s ago', change: { proof: { claims: { iat: { $now: -10 } } } } },
    { name: 'iat 60 s ago', change: { proof: { claims: { iat: { $now: -60 } } } } },
    { name: 'htu with query and fragment', change: { proof: { claims: { htu: { $htu: '?a=b#c' } } } } },
    { name: 'htu with upper-case scheme and host', change: { proof: { claims: { htu: { $htu: 'upper case' } } } } },
    { name: 'htu with the default port', change: { proof: { claims: { htu: { $htu: 'default port' } } } } },
    { name: 'claims nobody asked for', change: { proof: { claims: { extra: { x: [1] } } } } },
  ]),
  ...refuses(
    'dpop_proof_missing',
    ['client credentials', 'redeem', 'refresh', 'userinfo', 'call'],
    [{ name: 'no DPoP header', change: { proof: null } }],
  ),
  ...refuses('dpop_proof_repeated', everywhere, [
    { name: 'the same header twice', change: { headers: { append: [['dpop', '{proof}']] } } },
    { name: 'two proofs in one header', change: { headers: { set: { dpop: '{proof}, {proof}' } } } },
  ]),
  ...refuses('dpop_proof_malformed', everywhere, [
    { name: 'no JWT', change: { headers: { set: { dpop: 'not a jwt' } } } },
    { name: 'b64', change: { proof: { header: { b64: false } } } },
    { name: 'iat as a string', change: { proof: { claims: { iat: 'now' } } } },
  ]),
  ...refuses('dpop_typ_wrong', everywhere, [
    { name: 'no typ', change: { proof: { without: ['header.typ'] } } },
    { name: 'JWT', change: { proof: { header: { typ: 'JWT' } } } },
  ]),
  ...refuses('dpop_algorithm_not_allowed', everywhere, [
    { name: 'none', change: { proof: { header: { alg: 'none' } } } },
    { name: 'RS256', change: { proof: { header: { alg: 'RS256' } } } },
  ]),
  ...refuses('dpop_key_invalid', everywhere, [
    { name: 'no jwk', change: { proof: { without: ['header.jwk'] } } },
    { name: 'a key of another algorithm', change: { proof: { header: { jwk: { $jwk: 'holder-es256' } } } } },
    {
      name: 'a private key',
      change: {
        proof: { header: { jwk: { kty: 'OKP', crv: 'Ed25519', x: digestOfAnotherToken, d: digestOfAnotherToken } } },
      },
    },
  ]),
  ...refuses('dpop_signature_invalid', everywhere, [
    { name: 'signed by another key', change: { proof: { signed_by: 'thief-ed25519' } } },
  ]),
  ...refuses(
    'dpop_claim_missing',
    everywhere,
    ['jti', 'htm', 'htu', 'iat'].map((claim) => ({
      name: `no ${claim}`,
      change: { proof: { without: [`claims.${claim}`] } },
    })),
  ),
  ...refuses('dpop_htm_mismatch', everywhere, [
    { name: 'another method', change: { proof: { claims: { htm: 'DELETE' } } } },
  ]),
  ...refuses('dpop_htu_mismatch', everywhere, [
    { name: 'another host', change: { proof: { claims: { htu: 'https://evil.example/' } } } },
    { name: 'a slash at the end', change: { proof: { claims: { htu: { $htu: '/' } } } } },
    { name: 'no URL', change: { proof: { claims: { htu: 'x' } } } },
  ]),
  ...refuses('dpop_from_the_future', everywhere, [
    { name: 'iat 31 s ahead', change: { proof: { claims: { iat: { $now: 31 } } } } },
  ]),
  ...refuses('dpop_expired', everywhere, [
    { name: 'iat 61 s ago', change: { proof: { claims: { iat: { $now: -61 } } } } },
  ]),
  ...refuses('dpop_nonce_missing', everywhere, [
    { name: 'no nonce', change: { proof: { without: ['claims.nonce'] } } },
  ]),
  ...refuses('dpop_nonce_invalid', everywhere, [
    { name: 'a made-up nonce', change: { proof: { claims: { nonce: 'made up' } } } },
  ]),
  ...everywhere.flatMap((base) =>
    refuses('dpop_replayed', [base], [{ name: 'the same proof twice', replay: { of: base, artefacts: ['proof'] } }]),
  ),
  ...refuses(
    'dpop_replayed',
    ['push', 'client credentials', 'userinfo'],
    [
      {
        name: 'a new proof with a used jti',
        meanwhile: [{ send: 'push', change: { proof: { claims: { jti: 'the same' } } } }],
        change: { proof: { claims: { jti: 'the same' } } },
      },
    ],
  ),
  ...refuses(
    'dpop_jkt_disagrees',
    ['push'],
    [{ name: 'dpop_jkt of another key', change: { set: { dpop_jkt: '{thumbprint of thief-ed25519}' } } }],
  ),
  ...refuses('dpop_ath_missing', atResources, [{ name: 'no ath', change: { proof: { without: ['claims.ath'] } } }]),
  ...refuses('dpop_ath_mismatch', atResources, [
    { name: 'ath of another token', change: { proof: { claims: { ath: digestOfAnotherToken } } } },
  ]),
  ...refuses('dpop_key_mismatch', atResources, [
    { name: 'a stolen token with the key of the thief', change: { proof: { key: 'thief-ed25519' } } },
    {
      name: 'a thief names the key of the owner in kid',
      change: { proof: { key: 'thief-ed25519', header: { kid: '{thumbprint of holder-ed25519}' } } },
    },
  ]),
]
