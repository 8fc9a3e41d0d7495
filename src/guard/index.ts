/** `strongroom/guard`: FAPI 2.0 in front of any API. */

export type { AccessToken } from '../core/access-token.ts'
export type { AuthorizationDetail } from '../core/authorization-details.ts'
export type { Issuer, ResourceIdentifier } from '../core/names.ts'
export { OAuthError, StateUnavailable } from '../core/oauth-error.ts'
export type { Audit, AuditEvent, Once, ReplayMemory } from '../core/ports.ts'
export { rules, type RuleSlug } from '../core/rules.ts'
export { connectionOf, type GuardEnv, honoGuard, type HonoGuardOptions } from './adapters/hono.ts'
export { type NodeGuardOptions, nodeGuardPorts } from './adapters/node.ts'
export {
  type Access,
  type CoveringDetail,
  createGuard,
  type Guard,
  type GuardedConnection,
  type GuardPorts,
  type Readiness,
  type Refusal,
} from './guard.ts'
export { type GuardPolicy, GuardPolicyError, type GuardPolicyInput, parseGuardPolicy } from './policy.ts'
export { createReplayMemory } from '../core/replay-memory.ts'
export type { GuardRoute } from './routes.ts'
