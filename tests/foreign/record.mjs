// Runs http-cache-tests against one base URL, and writes every result and every message to a file.
//
//   node record.mjs SUITE BASE FILE
//
// SUITE is the folder of the suite, BASE the URL of its server or of a proxy before it. What differs from run to run (the
// random id of each test, dates, the time of the server) is written relative to the run, so that two files can be compared.

import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const [suite, base, file] = process.argv.slice(2)
const load = name => import(pathToFileURL(path.join(suite, name)))
const { default: tests } = await load('tests/index.mjs')
// The package has no such folder, the repository has.
const engine = fs.existsSync(path.join(suite, 'test-engine')) ? 'test-engine/' : ''
const { runTests, getResults } = await load(engine + 'client/runner.mjs')

const exchanges = {}
const states = {}
const ids = new Map() // the random id of a test → the test

const DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun),? /

// A text without what the run made up. `now` is the time of the server in milliseconds. A date is also written in
// seconds from then on.
function relative (text, uuid, now) {
  text = String(text)
  // Some responses have only the beginning of the id.
  if (text.length > 8 && uuid.startsWith(text)) return `the first ${text.length} characters of ID`
  text = text.replaceAll(uuid, 'ID').replaceAll(base, 'BASE').replaceAll('http://localhost:' + process.env.ORIGIN_PORT, 'BASE')
  if (DATE.test(text) && !Number.isNaN(Date.parse(text)) && now) {
    return { date: text, from_now: (Date.parse(text) - now) / 1000 }
  }
  return text
}

function fields (headers, uuid, now) {
  const all = []
  for (const [name, value] of headers) {
    if (name === 'server-now') continue
    all.push([name.toLowerCase(), relative(value, uuid, now)])
  }
  return all.sort((one, other) => JSON.stringify(one) < JSON.stringify(other) ? -1 : 1)
}

const real = globalThis.fetch
globalThis.fetch = async (url, init) => {
  const [, kind, uuid] = new URL(url).pathname.split('/')
  if (kind === 'config' && init?.body) ids.set(uuid, JSON.parse(init.body)[0].id)
  const id = ids.get(uuid)
  const kept = kind === 'test' ? (exchanges[id] ??= []) : undefined
  let response
  try {
    response = await real(url, init)
  } catch (error) {
    kept?.push({ failed: error.cause?.code ?? error.name })
    throw error
  }
  const text = await response.text()
  if (kind === 'state' && response.status === 200) {
    const now = Date.now()
    states[id] = JSON.parse(text).map(seen => ({
      method: seen.request_method,
      headers: fields(Object.entries(seen.request_headers), uuid, now)
    }))
  }
  const now = Number(response.headers.get('server-now')) || Date.now()
  kept?.push({
    status: response.status,
    reason: response.statusText,
    headers: fields(response.headers, uuid, now),
    raw: [...response.headers],
    body: relative(text, uuid)
  })
  const bodiless = [101, 204, 205, 304].includes(response.status)
  const copy = new Response(bodiless ? null : text, { status: response.status, statusText: response.statusText, headers: response.headers })
  return copy
}

// That of the package takes the function that fetches.
await (engine === '' ? runTests(tests, globalThis.fetch, false, base) : runTests(tests, false, base))
const results = getResults()
for (const [id, result] of Object.entries(results)) {
  if (Array.isArray(result)) {
    const uuid = [...ids].find(([, known]) => known === id)?.[0] ?? 'none'
    results[id] = result.map(text => relative(text, uuid).replaceAll(/\w{3}, \d+ \w{3} \d+ [\d:]+ GMT/g, 'DATE'))
  }
}
fs.writeFileSync(file, JSON.stringify({ results, exchanges, states }, null, 1))
