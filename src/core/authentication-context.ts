/** How people sign in here, as tokens say it. OIDC Core §2; RFC 8176 §2. */

/** With user name and password. */
export const byPassword = { acr: 'urn:strongroom:acr:password', amr: ['pwd'] } as const

/** Every context a sign-in can reach. */
export const reachableAcrs = [byPassword.acr] as const
