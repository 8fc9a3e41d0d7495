/**
 * The one script, for pages with a passkey way: it hands the challenge of a form to the browser and the answer of the
 * authenticator back. A server allows it by its SHA-256 and allows no other. Web Authentication §5.1, §5.2.
 */
export const script = `(() => {
'use strict'
const { PublicKeyCredential } = window
if (!PublicKeyCredential || !navigator.credentials) return
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0))
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=+$/, '')
const read = (kind, json) => {
  const name = kind === 'create' ? 'parseCreationOptionsFromJSON' : 'parseRequestOptionsFromJSON'
  if (PublicKeyCredential[name]) return PublicKeyCredential[name](json)
  const options = { ...json, challenge: bytes(json.challenge) }
  if (json.user) options.user = { ...json.user, id: bytes(json.user.id) }
  for (const list of ['allowCredentials', 'excludeCredentials'])
    if (json[list]) options[list] = json[list].map((entry) => ({ ...entry, id: bytes(entry.id) }))
  return options
}
const write = (credential) => {
  // Password managers may put objects of their own in place, which lack it or throw.
  try { return JSON.stringify(credential.toJSON()) } catch {}
  const { id, rawId, type, authenticatorAttachment, response } = credential
  const members = {}
  for (const name of ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle'])
    if (response[name]) members[name] = text(response[name])
  if (response.getTransports) members.transports = response.getTransports()
  const clientExtensionResults = credential.getClientExtensionResults()
  return JSON.stringify({
    id, rawId: text(rawId), type, authenticatorAttachment: authenticatorAttachment || undefined,
    clientExtensionResults, response: members,
  })
}
for (const form of document.querySelectorAll('form[data-passkey]')) {
  const kind = form.dataset.passkey
  const failure = form.querySelector('[role="alert"]')
  let busy = false
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    if (busy) return
    busy = true
    failure.hidden = true
    try {
      const publicKey = read(kind, JSON.parse(form.dataset.options))
      form.elements.credential.value = write(await navigator.credentials[kind]({ publicKey }))
      form.submit()
    } catch {
      failure.hidden = false
    }
    busy = false
  })
}
for (const element of document.querySelectorAll('[data-needs-script]')) element.hidden = false
for (const element of document.querySelectorAll('[data-without-script]')) element.hidden = true
})()`
