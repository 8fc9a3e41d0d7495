/**
 * The authorization server, and what it takes to run one on Node: `startService` for the whole of it, `createServer` to
 * embed it anywhere with ports of your own. `listen` puts any handler behind the same listener, a guarded API too.
 */

export { createPages } from './console/index.ts'
export { type Look, LookRefused, standardLook } from './console/look.ts'
export { OAuthError, StateUnavailable } from './core/oauth-error.ts'
export type { Audit, AuditEvent, Connection, Handler, Store } from './core/ports.ts'
export { type RuleSlug, rules } from './core/rules.ts'
export { type Config, ConfigError, loadConfig } from './node/config/index.ts'
export { listen, type Listener, type ListenOptions, ListenerUnavailable } from './node/listener.ts'
export { type Service, startService } from './node/service.ts'
export { type Api, createServer, type Pages, type ServerConfig, type ServerPorts } from './server/index.ts'
export { createMemoryStore } from './stores/memory.ts'
export { openSqliteStore } from './stores/sql/index.ts'
