// The parts of the timeline that draw nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Bars } from "../../../console/web/timeline/bars.js";
import { drawBars, largestPart } from "../../../console/web/timeline/draw_bars.js";
import { columns, scaleTop } from "../../../console/web/timeline/draw_lines.js";
import { Points } from "../../../console/web/timeline/points.js";
import { clock, quantity, roundUp, timeTicks } from "../../../console/web/timeline/ticks.js";
import { markRows, trackHeight } from "../../../console/web/timeline/tracks.js";
import { Viewport } from "../../../console/web/timeline/viewport.js";

test("points hold their value until the next one", () => {
  const points = Points.of([0, 100, 200], [1, 2, 3]);
  assert.equal(points.valueAt(-1), NaN);
  assert.equal(points.valueAt(100), 2);
  assert.equal(points.valueAt(199), 2);
  assert.equal(points.valueAt(1e9), 3);
});

test("points keep their order: an earlier one is ignored, one at the same time replaces", () => {
  const points = Points.of([0, 100, 50, 100, NaN], [1, 2, 9, 5, 7]);
  assert.equal(points.length, 2);
  assert.equal(points.valueAt(100), 5);
  points.truncate(100);
  assert.equal(points.length, 1);
  assert.equal(points.end, 0);
});

test("points grow, and find the maximum of a span with what holds at its start", () => {
  const points = new Points();
  for (let i = 0; i < 100000; i += 1) points.push(i, i % 1000);
  assert.equal(points.length, 100000);
  assert.equal(points.maximum(500, 600), 599);
  assert.equal(Points.of([0, 1000], [8, 1]).maximum(500, 900), 8);
});

test("a view that follows keeps its span; one that shows everything grows", () => {
  const view = new Viewport();
  view.extend(60000);
  assert.deepEqual([view.from, view.to], [0, 60000]);
  view.show(50000, 60000);
  view.extend(61000);
  assert.deepEqual([view.from, view.to], [51000, 61000]);
  view.show(0, 10000);
  view.extend(62000);
  assert.deepEqual([view.from, view.to], [0, 10000], "what is looked at does not move");
});

test("zooming keeps the time below the pointer, and stays within the data", () => {
  const view = new Viewport();
  view.extend(100000);
  view.zoom(0.5, 25000);
  assert.equal(view.span, 50000);
  assert.equal(view.pixel(25000, 1000), 250);
  view.zoom(100, 0);
  assert.deepEqual([view.from, view.to], [0, 100000]);
  view.zoom(1e-9, 50000);
  assert.equal(view.span, 10, "not closer than 10 ms");
});

test("time and pixel are inverse", () => {
  const view = new Viewport();
  view.extend(90000);
  view.show(30000, 45000);
  for (const time of [30000, 31234, 45000]) assert.ok(Math.abs(view.time(view.pixel(time, 777), 777) - time) < 1e-6);
});

test("ticks are round, and not more than asked for", () => {
  assert.deepEqual(timeTicks(0, 60000, 6).times, [0, 10000, 20000, 30000, 40000, 50000, 60000]);
  assert.equal(timeTicks(0, 3600e3, 10).step, 600e3);
  assert.equal(clock(65000), "1:05");
  assert.equal(clock(3723000), "1:02:03");
  assert.equal(clock(1234, 100), "0:01.2");
  assert.equal(clock(59999, 100), "1:00.0", "seconds that round up to a minute");
});

test("quantities have the unit that fits", () => {
  assert.equal(quantity(2.5e6, "bit/s"), "2.5 Mbit/s");
  assert.equal(quantity(300e3, "bit/s"), "300 kbit/s");
  assert.equal(quantity(12345, "ms"), "12.3 s");
  assert.equal(quantity(NaN, "ms"), "–");
  assert.equal(roundUp(2.1e6), 2.5e6);
  assert.equal(roundUp(0), 1);
});

/** @param {string} id @param {number} value @param {boolean} [yields] */
const series = (id, value, yields) => ({ id, name: id, colour: "--x", shape: "step", points: Points.of([0, 1000], [value, value]), yields });

test("a link rate far above what was delivered does not flatten the delivered curve", () => {
  const both = [series("delivered", 5e6), series("granted", 1e9, true)];
  assert.equal(scaleTop(both, 0, 1000), roundUp(5e6 * 2 * 1.05));
  assert.equal(scaleTop([series("delivered", 0), series("granted", 4e6, true)], 0, 1000), roundUp(4e6 * 1.05));
});

test("dense curves become the extremes of each pixel column", () => {
  const points = new Points();
  for (let i = 0; i < 100000; i += 1) points.push(i, i % 2 === 0 ? 1 : 3);
  const view = new Viewport();
  view.extend(100000);
  const brush = { view, width: 500, height: 100 };
  const triples = columns(/** @type {any} */ (brush), { ...series("x", 0), points }, (value) => value);
  assert.equal(triples.length, 500 * 3);
  assert.deepEqual(triples.slice(0, 6), [0, 1, 3, 1, 1, 3]);
});

/** @param {number} id @param {number} from @param {number} to @param {string} [group] */
const bar = (id, from, to, group = "video") => ({ id, from, to, group, label: "", parts: [], alert: false });

test("bars at the same time get rows of their own, in the order of the groups", () => {
  const bars = new Bars([bar(1, 0, 10), bar(2, 5, 15), bar(3, 6, 8, "audio"), bar(4, 12, 20)], ["audio", "video"]);
  assert.deepEqual([...bars.rows], [1, 2, 0, 1]);
  assert.deepEqual(bars.groups.map(({ name, first, rows }) => [name, first, rows]), [["audio", 0, 1], ["video", 1, 2]]);
  assert.equal(bars.end, 20);
});

test("a long bar is visible although many later ones have ended", () => {
  const list = [bar(0, 0, 100000)];
  for (let i = 1; i < 1000; i += 1) list.push(bar(i, i * 10, i * 10 + 5));
  const bars = new Bars(list);
  const [first, last] = bars.visible(50000, 60000);
  assert.ok(first === 0 && last === 1000);
  assert.equal(bars.at(0, 55000, 1)?.id, 0);
});

test("however many bars are at the same time, the rows are few", () => {
  const bars = new Bars(Array.from({ length: 10000 }, (_, i) => bar(i, i * 10, i * 10 + 500)));
  assert.equal(bars.rowCount, 6);
});

test("marks have a row for each kind that occurs", () => {
  const marks = ["fault", "command", "fault", "unheard-of"].map((kind) => ({ at: 0, kind, text: "", colour: "--x" }));
  const track = /** @type {const} */ ({ kind: "marks", id: "m", title: "", marks });
  assert.deepEqual(markRows(track), ["command", "fault", "session"]);
  assert.equal(trackHeight(track), 3 * 14 + 4);
});

test("a bar that is too narrow to be split has the colour of its largest part", () => {
  const bar = (/** @type {number[]} */ ms) => /** @type {any} */ ({ parts: ms.map((one, n) => ({ ms: one, colour: `--${n}` })) });
  assert.equal(largestPart(bar([1, 7, 2])), "--1");
  assert.equal(largestPart(bar([])), "--part-transfer");
});

test("ten thousand narrow bars are few rectangles, and a failed one is seen among them", () => {
  const bars = Array.from({ length: 10_000 }, (_, n) => ({ id: n, from: n * 10, to: n * 10 + 9, group: "video", label: "", alert: n === 5000,
    parts: [{ ms: 9, colour: "--part-token" }] }));
  const view = new Viewport();
  view.extend(100_000);
  view.showAll();
  /** @type {[number, number, string][]} */
  const blocks = [];
  const brush = { view, width: 1000, block: (/** @type {number} */ x, /** @type {number} */ _, /** @type {number} */ width, /** @type {number} */ __,
    /** @type {string} */ colour) => colour !== "--grid" && blocks.push([x, x + width, colour]) };
  drawBars(/** @type {any} */ (brush), /** @type {any} */ ({ kind: "bars", id: "b", title: "", bars: new Bars(bars), legend: [] }), null);
  assert.deepEqual(blocks.map(([, , colour]) => colour), ["--part-token", "--part-fault", "--part-token"]);
  assert.ok(blocks[0][0] === 0 && blocks[2][1] >= 999 && blocks[1][0] >= 499 && blocks[1][1] <= 503);
});
