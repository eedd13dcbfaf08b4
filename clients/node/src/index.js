/**
 * Test video players against exact, seeded network conditions, with the proxy `vsps`.
 *
 *     import { startProxy, expectSession } from "vsps";
 *
 *     await using proxy = await startProxy();
 *     const session = await proxy.arm({ profile: "3g", seed: 7 });
 *     await play(session.address("/demo/hls/master.m3u8"));
 *     await expectSession(session).toHaveRebufferRatioBelow(0.01);
 */
export { findBinary } from "./binary.js";
export { Control } from "./control.js";
export * from "./errors.js";
export { EventStream } from "./events.js";
export { AssertionFailed, describe, expectSession, matchers } from "./matchers.js";
export { Proxy, connect } from "./proxy.js";
export { Group, Session } from "./session.js";
export { StartedProxy, startProxy } from "./start.js";
