/**
 * The tables as types, for both dialects. Times are whole seconds; digests and ids are text; what is never searched
 * for stands as JSON. `purge_at` is when a row may go. migrations.ts creates them.
 */

export type Schema = {
  readonly requests: {
    readonly id: string
    readonly client_id: string
    readonly request: string
    readonly request_uri_hash: string
    readonly expires_at: number
    readonly state: string
    readonly approval: string | null
    readonly purge_at: number
  }
  readonly interactions: {
    readonly id: string
    readonly request_id: string
    readonly browser_hash: string
    readonly started_at: number
    readonly interaction_expires_at: number
    readonly session_id: string | null
    readonly signed_in_at: number | null
    readonly decision: string | null
    readonly purge_at: number
  }
  readonly grants: {
    readonly ref: string
    readonly client_id: string
    readonly subject: string
    readonly scope: string
    readonly resources: string
    readonly created_at: number
    readonly revoked_at: number | null
    readonly auth_time: number
    readonly acr: string
    readonly amr: string
    readonly sid: string
    readonly claims: string
    readonly details: string
    readonly last_used_at: number | null
    /** Also when it ends: afterwards nothing issued under it is valid. */
    readonly purge_at: number
  }
  readonly consents: {
    readonly subject: string
    readonly client_id: string
    readonly scope: string
    readonly resources: string
    readonly given_at: number
  }
  readonly refresh_tokens: {
    readonly id: string
    readonly secret_hash: string
    readonly grant_ref: string
    readonly client_id: string
    readonly created_at: number
    readonly expires_at: number
    /** Also when it ends unless it is used before. */
    readonly purge_at: number
  }
  readonly revoked_tokens: {
    readonly jti: string
    readonly purge_at: number
  }
  readonly sessions: {
    readonly id: string
    readonly sid: string
    readonly secret_hash: string
    readonly subject: string
    readonly auth_time: number
    readonly acr: string
    readonly amr: string
    readonly device: string
    /** Also when it ends. */
    readonly purge_at: number
  }
  readonly users: {
    readonly subject: string
    readonly username: string
    /** Empty for whoever has no password. */
    readonly password_hash: string
    readonly status: string
    readonly not_before: number
    readonly created_at: number
    readonly claims: string
    /** Both or neither. */
    readonly upstream_provider: string | null
    readonly upstream_subject: string | null
  }
  readonly passkeys: {
    readonly credential_id: string
    readonly subject: string
    readonly public_key: string
    readonly sign_count: number
    readonly transports: string
    readonly backup: string
    readonly name: string
    readonly created_at: number
    readonly last_used_at: number | null
  }
  readonly clients: {
    readonly client_id: string
    readonly record: string
  }
  readonly attempts: {
    readonly counter: string
    readonly count: number
    /** Also when it is forgotten. */
    readonly purge_at: number
  }
  readonly keys: {
    readonly kid: string
    readonly alg: string
    readonly sealed_private_key: string
    readonly created_at: number
    readonly active_from: number
    readonly published_until: number | null
  }
  readonly events: {
    readonly seq: number
    readonly id: string
    readonly correlation_id: string
    readonly time: number
    readonly subject_ref: string | null
    /** The members that have no column, and for old rows the digest of the subject, which its column overrules. */
    readonly record: string
    readonly previous_hash: string
    readonly hash: string
  }
  readonly replay: {
    readonly bucket: number
    readonly name: string
    readonly owner: string
    readonly purpose: string
    readonly expires_at: number
  }
  readonly facts: {
    readonly name: string
    readonly value: number
  }
  readonly strongroom_migrations: {
    readonly version: number
    readonly name: string
    readonly checksum: string
    readonly applied_at: number
  }
}

/**
 * Where a replay entry stands: the minute its last instant falls into.
 *
 * The primary key is (bucket, name, owner, purpose), so that new entries land close together and whole minutes leave
 * from the front of the tree: random keys alone cost more and prune worse. The same name may come again
 * with another expiry, hence in another bucket, so a lookup asks every bucket that can hold a live entry, each by its
 * full key: `liveBuckets` of them, from the bucket of now on. That is complete because nothing may be recorded further
 * ahead than that; what would be is refused, never forgotten early.
 */
export const bucketSeconds = 60

/** Ten minutes: nearly twice the longest-lived artefact of the profile, a client assertion. */
export const liveBuckets = 10

/** The bucket of an instant. */
export function bucketOf(instant: number): number {
  return Math.floor(instant / bucketSeconds)
}
