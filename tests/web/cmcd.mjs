// Reads requests as lines of JSON (`url`, `headers`) from a file, and checks the CMCD of each with the
// validators of the Common Media Library. Prints what is wrong, and how many there were.
//
//   node cmcd.mjs requests.jsonl

import { readFile } from "node:fs/promises";
import { validateCmcdRequest } from "@svta/cml-cmcd";

const text = await readFile(process.argv[2], "utf8");
const requests = text.trim().split("\n").map((line) => JSON.parse(line));
const found = [];
const versions = new Set();
for (const request of requests) {
  const { issues, data } = validateCmcdRequest(request);
  versions.add(data.v ?? 1);
  for (const issue of issues) found.push({ url: request.url, ...issue });
}
console.log(JSON.stringify({ requests: requests.length, versions: [...versions], issues: found }));
