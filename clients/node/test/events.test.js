import assert from "node:assert/strict";
import { test } from "node:test";
import { EventTimeoutError, UnreachableError, VspsError } from "../src/index.js";
import { event, schema, serveEvents } from "./event_server.js";

for (const { title, begin, after, expected } of [
  { title: "where it began", begin: schema(7), after: undefined, expected: [undefined, "7"] },
  { title: "with what comes, without a number", begin: schema(), after: undefined, expected: [undefined, undefined] },
  { title: "after what was known", begin: schema(9), after: 3, expected: ["3", "3"] },
  { title: "after the last event", begin: schema(7) + event(8), after: undefined, expected: [undefined, "8"] },
]) {
  test(`a stream that is lost goes on: ${title}`, async (context) => {
    const { asked, open } = await serveEvents(context, [
      (response) => response.end(begin),
      (response) => response.write(schema(40) + event(41)),
    ]);
    const stream = await open(after);
    assert.equal((await stream.waitFor(undefined, { where: ({ id }) => id === 41 })).data.text, "é");
    assert.deepEqual(asked, expected);
    assert.equal(stream.lastId, 41);
  });
}

test("other events do not put off the end of a wait", async (context) => {
  const { open } = await serveEvents(context, [
    (response) => {
      let id = 0;
      response.write(schema(0));
      const timer = setInterval(() => response.write(event((id += 1), "request_planned").repeat(20)), 1);
      response.on("close", () => clearInterval(timer));
    },
  ]);
  const stream = await open();
  await assert.rejects(stream.waitFor("stalled", { timeout: 200 }), /no stalled within 200 ms; events meanwhile: \d+ request_planned/);
  assert.equal((await stream.next(5_000))?.name, "request_planned");
});

test("half an event does not hold up a wait, and is not lost", async (context) => {
  const { open } = await serveEvents(context, [
    (response) => {
      response.write(schema(7) + event(8).slice(0, 20));
      response.on("more", () => response.write(event(8).slice(20)));
      context.after(() => response.end());
      send = () => response.emit("more");
    },
  ]);
  let send = () => false;
  const stream = await open();
  await assert.rejects(stream.next(50), EventTimeoutError);
  send();
  assert.equal((await stream.next(5_000))?.id, 8);
});

test("a silent connection is made again, also where each wait is short", async (context) => {
  const { asked, open } = await serveEvents(context, [
    (response) => response.write(schema(7)),
    (response) => response.write(schema(7) + event(8)),
  ]);
  const stream = await open(undefined, { silence: 300 });
  /** @type {import("../src/events.js").VspsEvent | undefined} */
  let found;
  for (let count = 0; !found && count < 200; count += 1) found = await stream.next(50).catch(() => undefined);
  assert.equal(found?.id, 8);
  assert.deepEqual(new Set(asked), new Set([undefined, "7"]));
});

test("a proxy that is gone is told", async (context) => {
  const { open, close } = await serveEvents(context, [(response) => response.write(schema(7))]);
  const stream = await open(undefined, { outage: 200 });
  close();
  await assert.rejects(stream.next(), UnreachableError);
  await assert.rejects(stream.waitFor("stalled", { timeout: 20 }), EventTimeoutError);
});

test("events of another version are refused", async (context) => {
  const { open } = await serveEvents(context, [(response) => response.write(schema(7).replace(":1}", ":2}"))]);
  await assert.rejects((await open()).next(), (error) => error instanceof VspsError && /schema 2; this package reads 1/.test(error.message));
});

test("a stream that is closed ends, also while it is read", async (context) => {
  const { open } = await serveEvents(context, [(response) => response.write(schema(7))]);
  const stream = await open();
  const reading = stream.next();
  setImmediate(() => stream.close());
  assert.equal(await reading, undefined);
});
