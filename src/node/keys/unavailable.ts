/** The signing keys cannot be opened or changed. One line for the operator; holds no key. */
export class SigningKeysUnavailable extends Error {
  override readonly name = 'SigningKeysUnavailable'
  readonly reason: keyof typeof sentences
  constructor(reason: SigningKeysUnavailable['reason'], cause?: unknown) {
    super(sentences[reason], cause === undefined ? {} : { cause })
    this.reason = reason
  }
}

const sentences = {
  sealing_key_malformed: 'the sealing key is not 32 bytes in base64url or hex',
  sealing_key_wrong:
    'the sealing key does not open the signing keys in the store: it is another one, or they were changed',
  key_altered: 'a signing key in the store is not the one its name says',
  too_many: 'there are as many signing keys as a key set may have: wait until some are no longer published',
} as const
