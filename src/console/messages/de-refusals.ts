import type { RefusalText } from './messages.ts'

const reload = 'Laden Sie die Seite neu: Es kann schon beendet sein.'
const addAgain = 'Öffnen Sie Ihr Konto noch einmal und fügen Sie den Passkey erneut hinzu.'
const startAgain = 'Kehren Sie zur Anwendung zurück und beginnen Sie von vorn.'

/** Every refusal that a page can show, in German. */
export const germanRefusals: Readonly<Record<string, RefusalText>> = {
  not_found: {
    sentence: 'Unter dieser Adresse gibt es nichts.',
    hint: 'Entnehmen Sie die Adressen dem Metadaten-Dokument des Ausstellers.',
  },
  method_not_allowed: {
    sentence: 'Diese Adresse nimmt diese Methode nicht an.',
    hint: 'Verwenden Sie eine Methode, die im Allow-Header steht.',
  },
  content_type_unsupported: {
    sentence: 'Der Inhalt der Anfrage ist kein Formular in UTF-8.',
    hint: 'Senden Sie Content-Type: application/x-www-form-urlencoded.',
  },
  content_encoding_unsupported: {
    sentence: 'Komprimierte Inhalte werden nicht angenommen.',
    hint: 'Senden Sie das Formular ohne Content-Encoding.',
  },
  body_too_large: {
    sentence: 'Der Inhalt der Anfrage ist zu groß.',
    hint: 'Bleiben Sie mit dem Formular unter 64 kB.',
  },
  body_unreadable: {
    sentence: 'Der Inhalt der Anfrage brach ab oder kam nicht rechtzeitig an.',
    hint: 'Senden Sie den ganzen Inhalt.',
  },
  parameter_in_query: {
    sentence: 'Diese Adresse nimmt ihre Parameter nur im Inhalt der Anfrage an.',
    hint: 'Senden Sie jeden Parameter im Formular und keinen in der URL.',
  },
  parameter_repeated: {
    sentence: 'Ein Parameter wurde mehrfach gesendet.',
    hint: 'Senden Sie jeden Parameter einmal; nur resource darf sich wiederholen.',
  },
  parameter_malformed: {
    sentence: 'Ein Parameter hat nicht die Form, die seine Spezifikation vorgibt.',
    hint: 'Prüfen Sie den genannten Parameter und seine Spezifikation.',
  },
  parameter_missing: {
    sentence: 'Ein notwendiger Parameter fehlt.',
    hint: 'Senden Sie den genannten Parameter.',
  },
  rate_limited: {
    sentence: 'Von hier kamen zu viele Anfragen.',
    hint: 'Warten Sie so lange, wie Retry-After angibt, und fragen Sie seltener.',
  },
  state_unavailable: {
    sentence: 'Der Server kann im Augenblick nichts nachschlagen oder festhalten; solange nimmt er nichts an.',
    hint: 'Versuchen Sie es später noch einmal.',
  },
  authorization_not_pushed: {
    sentence: 'Diese Autorisierungsanfrage wurde nicht vorab übermittelt.',
    hint: 'Übermitteln Sie die Anfrage an den PAR-Endpunkt und öffnen Sie die request_uri, die er zurückgibt.',
  },
  request_uri_invalid: {
    sentence: 'Diese Autorisierungsanfrage ist unbekannt, abgelaufen oder wurde bereits verwendet.',
    hint: startAgain,
  },
  id_token_hint_invalid: {
    sentence: 'Der id_token_hint ist kein ID-Token, das dieser Server für die Anwendung ausgestellt hat.',
    hint: 'Senden Sie das letzte ID-Token, das die Anwendung erhalten hat, gegebenenfalls entschlüsselt, oder lassen Sie es weg.',
  },
  acr_unmet: {
    sentence: 'Keine Anmeldung an diesem Server erreicht die Sicherheitsstufe, die die Anfrage verlangt.',
    hint: 'Verlangen Sie einen der acr_values_supported des Metadaten-Dokuments.',
  },
  signed_in_as_another: {
    sentence: 'Es hat sich jemand anderes angemeldet, als die Anfrage nennt.',
    hint: 'Beginnen Sie ohne id_token_hint von vorn oder lassen Sie die genannte Person sich anmelden.',
  },
  logout_client_mismatch: {
    sentence: 'Die client_id ist hier unbekannt, oder das ID-Token wurde für eine andere Anwendung ausgestellt.',
    hint: 'Senden Sie die client_id, für die das ID-Token ausgestellt wurde, oder lassen Sie sie weg.',
  },
  post_logout_redirect_uri_unregistered: {
    sentence: 'Die post_logout_redirect_uri ist für die Anwendung nicht registriert.',
    hint: 'Senden Sie eine registrierte Adresse, Byte für Byte, zusammen mit id_token_hint oder client_id.',
  },
  interaction_invalid: {
    sentence: 'Diese Anmeldeseite gehört nicht zu diesem Browser oder ist nicht mehr gültig.',
    hint: startAgain,
  },
  csrf_token_invalid: {
    sentence: 'Das Formular gehört nicht zu dieser Seite in diesem Browser.',
    hint: 'Laden Sie die Seite neu und senden Sie das Formular noch einmal ab.',
  },
  post_from_another_site: {
    sentence: 'Das Formular wurde von einer Seite eines anderen Anbieters gesendet.',
    hint: 'Verwenden Sie die Seite dieses Servers.',
  },
  sign_in_failed: {
    sentence: 'Die Anmeldung ist fehlgeschlagen.',
    hint: 'Prüfen Sie Benutzername und Passwort. Warten Sie nach mehreren Fehlversuchen fünf Minuten.',
  },
  sign_in_throttled: {
    sentence: 'Es gab zu viele fehlgeschlagene Anmeldungen; diese wurde nicht mehr geprüft.',
    hint: 'Warten Sie fünf Minuten.',
  },
  access_denied_by_user: {
    sentence: 'Die Person hat dies nicht erlaubt.',
    hint: 'Es wurde nichts weitergegeben. Die Person kann von vorn beginnen.',
  },
  login_required: {
    sentence: 'Niemand ist frisch genug angemeldet, und prompt=none verbietet zu fragen.',
    hint: 'Schicken Sie die Person ohne prompt=none.',
  },
  consent_required: {
    sentence: 'Die Person muss entscheiden, und prompt=none verbietet zu fragen.',
    hint: 'Schicken Sie die Person ohne prompt=none.',
  },
  authorization_details_empty_choice: {
    sentence: 'Von einer Liste blieb nichts oder zu wenig übrig.',
    hint: 'Lassen Sie in jeder Liste mindestens einen Eintrag stehen, oder erlauben Sie nichts davon.',
  },
  consent_tampered: {
    sentence: 'Das Formular erlaubt etwas, das nicht auf der Seite stand.',
    hint: 'Laden Sie die Seite neu und entscheiden Sie noch einmal.',
  },
  own_pages_off: {
    sentence: 'Auf dieser Seite meldet sich hier niemand an.',
    hint: 'Beginnen Sie bei der Anwendung, die Sie nutzen möchten; sie führt Sie zur Anmeldung.',
  },
  account_sign_in_needed: {
    sentence: 'In diesem Browser ist niemand mehr angemeldet; deshalb wurde nichts geändert.',
    hint: 'Melden Sie sich an und versuchen Sie es noch einmal.',
  },
  grant_unknown: {
    sentence: 'Das erlaubt die Person zurzeit niemandem.',
    hint: reload,
  },
  session_unknown: {
    sentence: 'Das ist keine Anmeldung der Person, die noch gilt.',
    hint: reload,
  },
  upstream_unknown: {
    sentence: 'Bei einem solchen Anbieter meldet sich hier niemand an.',
    hint: startAgain,
  },
  upstream_state_invalid: {
    sentence: 'Diese Antwort des Anbieters gehört zu keiner Anmeldung in diesem Browser oder kommt zu spät.',
    hint: 'Kehren Sie zur Anwendung zurück und beginnen Sie in diesem Browser von vorn.',
  },
  upstream_state_used: {
    sentence: 'Diese Antwort des Anbieters wurde bereits verwendet.',
    hint: 'Melden Sie sich noch einmal an.',
  },
  upstream_refused: {
    sentence: 'Der Anbieter hat die Person nicht angemeldet.',
    hint: 'Melden Sie sich noch einmal oder auf einem anderen Weg an.',
  },
  upstream_unavailable: {
    sentence: 'Der Anbieter ist zurzeit nicht erreichbar.',
    hint: 'Melden Sie sich auf einem anderen Weg an oder versuchen Sie es später noch einmal.',
  },
  upstream_answer_invalid: {
    sentence: 'Auf die Antwort des Anbieters ist kein Verlass.',
    hint: 'Melden Sie sich noch einmal an; hilft das nicht, wenden Sie sich an den Betreiber des Autorisierungsservers.',
  },
  upstream_sign_in_too_old: {
    sentence: 'Die Anmeldung beim Anbieter liegt länger zurück, als verlangt wird.',
    hint: 'Melden Sie sich beim Anbieter ab und dann noch einmal an.',
  },
  password_sign_in_off: {
    sentence: 'Mit einem Passwort meldet sich hier niemand an.',
    hint: 'Laden Sie die Seite neu und wählen Sie einen anderen Weg.',
  },
  enrolment_malformed: {
    sentence: 'Was der Browser gesendet hat, ist kein Passkey.',
    hint: addAgain,
  },
  enrolment_challenge_invalid: {
    sentence: 'Der Passkey wurde nicht für diese Seite in diesem Browser erstellt, oder die Seite gilt nicht mehr.',
    hint: addAgain,
  },
  enrolment_invalid: {
    sentence: 'Der Passkey lässt sich nicht überprüfen.',
    hint: 'Fügen Sie ihn unter der Adresse dieses Servers hinzu, mit einem Gerät, das nach PIN, Fingerabdruck oder Gesicht fragt.',
  },
  passkey_exists: {
    sentence: 'Dieser Passkey gehört bereits zu einem Konto.',
    hint: 'Verwenden Sie ein anderes Gerät.',
  },
  too_many_passkeys: {
    sentence: 'Das Konto hat so viele Passkeys, wie es haben kann.',
    hint: 'Entfernen Sie zuerst einen.',
  },
  sign_in_too_old: {
    sentence:
      'Passkeys lassen sich nur kurz nach einer Anmeldung ändern, und zwar mit einem Passkey, sobald das Konto einen hat.',
    hint: 'Melden Sie sich noch einmal an, mit einem Passkey, falls Sie einen haben.',
  },
  passkey_not_yours: {
    sentence: 'Das Konto hat keinen solchen Passkey.',
    hint: 'Öffnen Sie Ihr Konto noch einmal: Er kann schon entfernt sein.',
  },
}
