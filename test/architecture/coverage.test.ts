/** The report of coverage counts what was shown and nothing else. Planted tests say more than they show. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { readCatalogue } from '../../scripts/coverage/catalogue.ts'
import { judge, type RanTest, type Report } from '../../scripts/coverage/judge.ts'
import { mostRows, titleReader } from '../../scripts/coverage/titles.ts'
import { isJsonObject } from '../../src/core/names.ts'
import { rules } from '../../src/core/rules.ts'
import { testFiles } from '../../scripts/generate/proofs.ts'
import { errorOf, type Observation } from '../observations.ts'
import { plant, root, runScript } from './plant.ts'

const here = pathToFileURL(root)
const catalogue = readCatalogue(here)

test('the catalogues are whole: 260 rows in 26 groups, 160 attacks', () => {
  assert.equal(catalogue.requirements.length, 260)
  assert.equal(catalogue.groups.size, 26)
  assert.equal(catalogue.attacks.length, 160)
  const counts = Object.fromEntries(
    [...catalogue.groups.keys()].map((group) => [
      group,
      catalogue.requirements.filter((row) => row.group === group).length,
    ]),
  )
  assert.deepEqual(counts, {
    'AS-META': 8,
    'AS-CAUTH': 12,
    'AS-REG': 12,
    'AS-PAR': 13,
    'AS-JAR': 9,
    'AS-AUTHZ': 15,
    'AS-JARM': 6,
    'AS-PKCE': 4,
    'AS-TOK': 14,
    'AS-DPOP': 10,
    'AS-MTLS': 7,
    'AS-RT': 6,
    'AS-ATT': 12,
    'AS-INTRO': 5,
    'AS-REV': 4,
    'AS-RAR': 6,
    'AS-GM': 7,
    'AS-CIBA': 12,
    'AS-OIDC': 10,
    KEY: 11,
    NET: 7,
    RS: 25,
    HMS: 8,
    CL: 20,
    F1: 9,
    OPS: 8,
  })
})

test('every row and attack that a rule names stands in a catalogue', () => {
  const rows = new Set(catalogue.requirements.map(({ id }) => id))
  for (const [slug, rule] of Object.entries(rules)) {
    for (const row of rule.rows) assert.ok(rows.has(row), `${slug}: ${row}`)
    for (const attack of rule.attacks) assert.ok(catalogue.attacks.includes(attack), `${slug}: ${attack}`)
  }
})

test('no title names a third row, or one that nobody knows', () => {
  const read = titleReader(catalogue)
  const known = new Set(catalogue.requirements.map(({ id }) => id))
  const titles = testFiles(here).flatMap(({ file, text }) =>
    [...text.matchAll(/\btest\(\s*([`'"])(.*?)\1/g)].map(([, , title = '']) => ({ file, title })),
  )
  assert.ok(titles.length > 300)
  for (const { file, title } of titles) {
    const { rows } = read(title)
    assert.ok(rows.length <= mostRows, `${file}: ${title}`)
    for (const row of rows) assert.ok(known.has(row), `${file}: ${row}`)
  }
})

/** One test that says it shows AS-PKCE-01, which asks for invalid_request with 400 at par. */
const pkce = 'code_challenge_missing [AS-PKCE-01] it'
const refusal = { test: pkce, kind: 'refusal', rule: 'code_challenge_missing' } as const
const right: Observation = { ...refusal, error: 'invalid_request', status: 400, step: 'par' }

function reportOf(title: string, outcome: RanTest['outcome'], observations: readonly Observation[]): Report {
  const tests = [{ path: [title], file: 'a.test.ts', outcome }]
  return judge(catalogue, rules, new Set(['code_challenge_missing']), { tests, observations }).report
}

test('a row is covered by the refusal it asks for, in a passing test that names it', () => {
  const { requirements, attacks, rules: counted } = reportOf(pkce, 'passed', [right])
  assert.deepEqual(requirements.byGroup['AS-PKCE'], { total: 4, covered: 1, notApplicable: 0 })
  assert.ok(!requirements.missing.includes('AS-PKCE-01'))
  assert.ok(!attacks.missing.includes('ER-25'))
  assert.deepEqual([counted.withTest, counted.withVector, counted.withDocs], [1, 0, 1])
})

/** What is not enough, each against the control above. */
const notEnough: Readonly<Record<string, readonly [string, RanTest['outcome'], readonly Observation[]]>> = {
  'nothing was sent': [pkce, 'passed', []],
  'the test failed': [pkce, 'failed', [right]],
  'the test was skipped': [pkce, 'skipped', [right]],
  'the error is another': [pkce, 'passed', [{ ...right, error: 'invalid_grant' }]],
  'the status is another': [pkce, 'passed', [{ ...right, status: 415 }]],
  'the step is another': [pkce, 'passed', [{ ...right, step: 'token' }]],
  'no step is known': [pkce, 'passed', [{ ...right, step: undefined }]],
  'the test only says so': [pkce, 'passed', [{ test: pkce, kind: 'row', row: 'AS-PKCE-01', what: 'trust me' }]],
  'another test saw it': [pkce, 'passed', [{ ...right, test: 'another' }]],
  'the title does not name it': ['it', 'passed', [{ ...right, test: 'it' }]],
  'the title names it without brackets': ['AS-PKCE-01', 'passed', [{ ...right, test: 'AS-PKCE-01' }]],
}

for (const [about, [title, outcome, observations]] of Object.entries(notEnough)) {
  test(`canary: a row is missing where ${about}`, () => {
    const { requirements } = reportOf(title, outcome, observations)
    assert.equal(requirements.covered, 0)
    assert.ok(requirements.missing.includes('AS-PKCE-01'))
  })
}

test('canary: what is said not to be offered is missing until somebody asked for it', () => {
  const title = 'grant_type_unsupported [AS-TOK-13] it'
  const asked = { test: title, kind: 'refusal', rule: 'grant_type_unsupported', status: 400, step: 'token' } as const
  const seen = reportOf(title, 'passed', [{ ...asked, error: 'unsupported_grant_type' }]).requirements
  assert.equal(seen.notApplicable['AS-TOK-13'], 'not_offered')
  const unseen = reportOf(title, 'passed', []).requirements
  assert.ok(unseen.missing.includes('AS-TOK-13') && unseen.notApplicable['AS-TOK-13'] === undefined)
  assert.equal(unseen.notApplicable['NET-05'], 'operator')
})

test('canary: a name that stands twice counts only if both passed', () => {
  const twice = (outcome: RanTest['outcome']) =>
    judge(catalogue, rules, new Set(), {
      tests: [
        { path: [pkce], file: 'a.test.ts', outcome: 'passed' },
        { path: [pkce], file: 'b.test.ts', outcome },
      ],
      observations: [right],
    }).report.requirements.covered
  assert.deepEqual([twice('passed'), twice('failed')], [1, 0])
})

test('the error of an answer: of its challenge, redirect, page or JSON', () => {
  const answer = (headers: Record<string, string>, text = '') =>
    errorOf({ status: 400, headers: new Headers(headers), text })
  const json = '{"error":"invalid_client"}'
  assert.equal(answer({ 'content-type': 'application/json' }, json), 'invalid_client')
  assert.equal(answer({ 'content-type': 'application/json' }, '['), 'none')
  assert.equal(answer({ 'content-type': 'text/html; charset=utf-8' }, json), 'page')
  assert.equal(answer({ location: 'https://app.example/?error=login_required&iss=x' }), 'login_required')
  assert.equal(answer({ 'www-authenticate': 'DPoP error="invalid_token", algs="ES256"' }, json), 'invalid_token')
  assert.equal(answer({ 'www-authenticate': 'DPoP algs="ES256"', 'content-type': 'application/json' }, json), 'none')
  assert.equal(answer({ 'www-authenticate': 'Basic', 'content-type': 'application/json' }, json), 'invalid_client')
})

/** Runs the tool on planted tests. */
function cover(t: TestContext, text: string, args: readonly string[] = []) {
  const observations = JSON.stringify(join(root, 'test/observations.ts'))
  const directory = plant(t, {
    'planted.test.ts': `
      import assert from 'node:assert/strict'
      import { describe, test } from 'node:test'
      import { observe, observed, observeVector } from ${observations}
      const par = (rule, error = 'invalid_request', status = 400) => observe({ rule, error, status, step: 'par' })
      ${text}`,
  })
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined, STRONGROOM_OBSERVATIONS: undefined }
  const command = ['--json', '--only', join(directory, '*.test.ts'), ...args]
  const { status, stdout, all } = runScript(join(root, 'scripts/coverage.ts'), command, directory, env)
  const report: unknown = JSON.parse(stdout)
  const { requirements, attacks, rules: counted } = isJsonObject(report) ? report : {}
  assert.ok(isJsonObject(requirements) && isJsonObject(attacks) && isJsonObject(counted), all)
  const { missing } = requirements
  assert.ok(Array.isArray(missing))
  const rows = catalogue.requirements.map(({ id }) => id)
  const exempt = isJsonObject(requirements['notApplicable']) ? requirements['notApplicable'] : {}
  const covered = rows.filter((row) => !missing.includes(row) && !Object.hasOwn(exempt, row))
  return { status, all, covered, attacks: attacks['missing'], rules: counted }
}

test('a run of planted tests', (t) => {
  const run = cover(
    t,
    `
    test('code_challenge_missing [AS-PKCE-01] sends it', () => par('code_challenge_missing'))
    test('[AS-PKCE-02] sends nothing', () => {})
    test('[AS-PAR-10] sees another error', () => par('redirect_uri_unregistered', 'invalid_scope'))
    test('[AS-PAR-01] [AS-PAR-07] [AS-PAR-08] names three', () => par('request_uri_in_push'))
    test('[AS-META-03] is noted', () => observed('AS-META-03', 'the document'))
    test('[AS-PAR-03] is not noted', () => {})
    test('[AS-JAR-01] has parts', async (t) => {
      await t.test('one', () => par(undefined))
    })
    describe('side by side', { concurrency: true }, () => {
      const later = () => new Promise((done) => setTimeout(done, 20))
      test('[AS-JARM-01] a', async () => { await later(); par(undefined) })
      test('[AS-JARM-04] b', async () => { await later(); par(undefined) })
    })
    test('vectors', () => observeVector('code_challenge_missing'))
    test('what a test starts is not told', () => assert.equal(process.env['STRONGROOM_OBSERVATIONS'], undefined))
    `,
  )
  assert.equal(run.status, 0, run.all)
  assert.deepEqual(run.covered, ['AS-META-03', 'AS-JAR-01', 'AS-PKCE-01'])
  assert.match(run.all, /planted\.test\.ts: a title names 3 rows: \[AS-PAR-01\]/)
  assert.deepEqual([run.rules['withTest'], run.rules['withVector']], [1, 1])
  assert.ok(Array.isArray(run.attacks) && !run.attacks.includes('ER-25') && run.attacks.includes('SK-30'))
})

test('canary: a failing test covers nothing, and the run exits with 1', (t) => {
  const run = cover(
    t,
    `
    test('[AS-PKCE-01] fails', () => { par('code_challenge_missing'); assert.fail('on purpose') })
    test('[AS-JAR-01] has a part that fails', async (t) => {
      await t.test('one', () => { par(undefined); assert.fail('on purpose') })
    })
    test('[AS-PKCE-02] is skipped', { skip: true }, () => par('code_challenge_malformed'))
    `,
  )
  assert.equal(run.status, 1, run.all)
  assert.deepEqual(run.covered, [])
  assert.ok(Array.isArray(run.attacks) && run.attacks.includes('ER-25'))
})

test('canary: --strict exits with 3 while a row of the core is missing', (t) => {
  assert.equal(cover(t, "test('nothing', () => {})", ['--strict']).status, 3)
})

test('the command line: help, and what it does not know', () => {
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined }
  const ask = (...args: string[]) => runScript(join(root, 'scripts/coverage.ts'), args, root, env)
  const help = ask('--help')
  assert.equal(help.status, 0)
  assert.match(help.stdout, /--only PATTERN/)
  assert.equal(ask('--jsno').status, 2)
  assert.equal(ask('--only', 'no/such/*.test.ts').status, 2)
})
