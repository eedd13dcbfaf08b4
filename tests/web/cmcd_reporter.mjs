// A player's reporter (the reference implementation) that posts a report for each change of its state to a collector.
//
//   node cmcd_reporter.mjs COLLECTOR_URL COUNT PAUSE_MS
//
// Prints one JSON line: the statuses of its requests in order, and the numbers of reports that each one carried.

import { CmcdReporter } from "@svta/cml-cmcd";

const [url, count, pause] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const statuses = [];
const carried = [];
let underWay = 0;

/** Sends a request of the reporter; a connection that fails is status 0, and an error for the reporter. */
async function request({ url, method, headers, body }) {
  carried.push(body.split("\n").map((line) => Number(/(?:^|,)sn=(\d+)/.exec(line)?.[1])));
  underWay += 1;
  try {
    const response = await fetch(url, { method, headers, body });
    statuses.push(response.status);
    return { status: response.status };
  } catch (error) {
    statuses.push(0);
    throw error;
  } finally {
    underWay -= 1;
  }
}

/** Waits for the pause, and until no request is under way. */
async function settle() {
  do await new Promise((resolve) => setTimeout(resolve, pause));
  while (underWay > 0);
}

const config = {
  enabledKeys: ["bl", "sid", "sta"],
  sid: "reporter",
  cid: "test",
  version: 2,
  eventTargets: [{ url, version: 2, events: ["ps"], batchSize: 1, interval: 0, enabledKeys: ["e", "ts", "sn", "sid", "sta", "bl", "v"] }],
};
const reporter = new CmcdReporter(config, request);
reporter.start();
for (let n = 0; n < count; n += 1) {
  reporter.update({ sta: n % 2 === 0 ? "p" : "a", bl: [1000 + 100 * n] });
  await settle();
}
reporter.stop(true);
await settle();
console.log(JSON.stringify({ statuses, carried }));
process.exit(0);
