/** How an egress gate says no. */

/** Why an outbound request was refused or its answer not taken. */
export type EgressReason =
  | 'url_malformed'
  | 'scheme_not_allowed'
  | 'port_not_allowed'
  | 'origin_not_allowed'
  | 'address_not_allowed'
  | 'name_unresolvable'
  | 'certificate_invalid'
  | 'busy'
  | 'redirected'
  | 'timed_out'
  | 'too_large'
  | 'status_unexpected'
  | 'content_encoding_wrong'
  | 'content_type_wrong'
  | 'json_malformed'
  | 'unreachable'

/** The egress gate refused, before the request or on its answer. Names the origin at most, never a path or a query. */
export class EgressRefused extends Error {
  override readonly name = 'EgressRefused'
  readonly reason: EgressReason
  constructor(reason: EgressReason, origin: string, cause?: unknown) {
    super(`egress to ${origin}: ${reason}`, cause === undefined ? {} : { cause })
    this.reason = reason
  }
}
