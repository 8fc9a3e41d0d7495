import * as v from 'valibot'
import { visible } from './form.ts'

/**
 * The answer of another provider: what finds the attempt it is to. All else in it is verified by whoever knows the
 * provider. RFC 6749 §4.1.2.
 */
export const UpstreamCallback = v.object({ state: visible() })
