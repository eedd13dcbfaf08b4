// Prints CMCD reports as the reference implementation writes them, one JSON object a line:
// { form, version, text | headers, expected }, where `expected` has the values in milliseconds, bit/s, and so on.
//
//   node cmcd_reports.mjs COUNT SEED

import { appendCmcdHeaders, appendCmcdQuery, encodeCmcd } from "@svta/cml-cmcd";

let state = BigInt(process.argv[3] ?? "1");
/** A random number from 0 to below `most` (a linear congruential generator, so that a failure can be repeated). */
function random(most) {
  state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
  return Number((state >> 33n) % BigInt(most));
}
const maybe = (make) => (random(3) > 0 ? make() : undefined);
const hundred = (most) => random(most) * 100;

/** Values that both versions have, as a player passes them to the library. */
function values() {
  const names = ["a", "simple", "with \"quotes\" and \\", "6e2fb550-c457-11e9-bb97-0800200c9a66"];
  return {
    br: maybe(() => random(60000)),
    bl: maybe(() => hundred(600)),
    bs: maybe(() => true),
    d: maybe(() => random(10000)),
    mtp: maybe(() => hundred(900)),
    rtp: maybe(() => hundred(900)),
    ot: maybe(() => ["m", "a", "v", "av", "i", "c", "tt", "k", "o"][random(9)]),
    sf: maybe(() => ["d", "h", "s", "o"][random(4)]),
    sid: maybe(() => names[random(names.length)]),
    cid: maybe(() => "a,b;c=(d) \"e\""),
    su: maybe(() => true),
    "com.example-own": maybe(() => "x,bl=1"),
  };
}

/**
 * What a reader must find. A bitrate of something that is no media is not that of a rendition. In version 2 only media,
 * text and other objects have a duration, so the library leaves it out for the rest.
 */
function expected(given, version) {
  const media = given.ot === undefined || ["a", "v", "av", "i"].includes(given.ot);
  return {
    bitrate: media && given.br !== undefined ? given.br * 1000 : null,
    buffer: given.bl ?? null,
    starved: given.bs ?? false,
    duration: version === 2 && ["m", "i", "k"].includes(given.ot) ? null : (given.d ?? null),
    measured: given.mtp === undefined ? null : given.mtp * 1000,
    requested: given.rtp === undefined ? null : given.rtp * 1000,
    session: given.sid ?? null,
  };
}

const present = (given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));

for (let n = 0; n < Number(process.argv[2] ?? "1000"); n += 1) {
  const given = present(values());
  const version = 1 + random(2);
  if (Object.values(expected(given, version)).every((value) => !value)) continue;
  if (version === 2) {
    // Version 2 has lists, one value for each media type.
    for (const key of ["br", "bl", "mtp"]) if (given[key] !== undefined) given[key] = [given[key]];
  }
  const flat = Object.fromEntries(Object.entries(given).map(([key, value]) => [key, Array.isArray(value) ? value[0] : value]));
  const report = { ...given, ...(version === 2 ? { v: 2 } : {}) };
  const options = { version };
  const form = ["dictionary", "query", "headers"][random(3)];
  const line = { form, version, expected: expected(flat, version) };
  if (form === "dictionary") line.text = encodeCmcd(report, options);
  if (form === "query") line.text = new URL(appendCmcdQuery("http://h/p?a=b", report, options)).search.slice(1);
  if (form === "headers") line.headers = Object.values(appendCmcdHeaders({}, report, options));
  console.log(JSON.stringify(line));
}
