/**
 * The documents of the control plane, by their names in its OpenAPI description. `seed` is a string where it is too large
 * for a number of JavaScript.
 *
 * @typedef {import("./api.js").components["schemas"]} Schemas
 * @typedef {Omit<Schemas["Arming"], "seed"> & { seed?: number | bigint | string }} Arming
 * @typedef {Schemas["Change"]} Change
 * @typedef {Schemas["Fire"]} Fire
 * @typedef {Schemas["Fired"]} Fired
 * @typedef {Schemas["Fault"]} Fault
 * @typedef {Schemas["Session"]} SessionSummary
 * @typedef {Schemas["FullSession"]} FullSession
 * @typedef {Schemas["Result"]} Result
 * @typedef {Schemas["Qoe"]} Qoe
 * @typedef {Schemas["Qoes"]} Qoes
 * @typedef {Schemas["QoeFigures"]} QoeFigures
 * @typedef {Schemas["Timeline"]} Timeline
 * @typedef {Schemas["Timelines"]} Timelines
 * @typedef {Schemas["Har"]} Har
 * @typedef {Schemas["Run"]} Run
 * @typedef {Schemas["Rules"]} Rules
 * @typedef {Schemas["Status"]} Status
 * @typedef {Schemas["ProfileSummary"]} ProfileSummary
 * @typedef {Schemas["FaultSummary"]} FaultSummary
 * @typedef {Schemas["Problem"]} Problem
 */
export {};
