// The control panel of a session, or of all sessions with a label.

import { get, request } from "../client/api.js";
import { arm, change, DELAYED, delaysOf, reset, setDelays, setLatency, setPaused, setRate, undo } from "../data/commands.js";
import { bitRate, milliseconds, rateText } from "../data/format.js";
import { curl } from "../data/recipes.js";
import { sameAs } from "./code_line.js";
import { attempt, field, fill, h, notify, select, setText } from "./dom.js";

/** @typedef {import("../data/shapes.js").FullSession} FullSession */
/** @typedef {import("../data/commands.js").Command} Command */
/** @typedef {import("../data/commands.js").Target} Target */

/** The ends of the rate slider, in bit/s. It is logarithmic. */
const [SLOWEST, FASTEST] = [50e3, 200e6];
/** While the slider is dragged, a rate is sent at most this often, in milliseconds. */
const PACE = 150;

/** @param {number} position from 0 to 1000 */
export const rateAt = (position) => Number((SLOWEST * (FASTEST / SLOWEST) ** (position / 1000)).toPrecision(2));
/** @param {number} bps */
export const positionOf = (bps) =>
  Math.round((1000 * Math.log(Math.min(Math.max(bps, SLOWEST), FASTEST) / SLOWEST)) / Math.log(FASTEST / SLOWEST));

/** Controls for one session. `update` shows its state; `onChange` is told after each command. */
export class ControlPanel {
  slider = h("input", { type: "range", min: 0, max: 1000, "aria-label": "Rate of the link" });
  shownRate = h("span", { class: "rate-value" }, "–");
  dragging = false;
  rtt = h("input", { type: "number", min: 0, max: 60000, placeholder: "profile's", onchange: () => this.#sendLatency() });
  loss = h("input", { type: "number", min: 0, max: 100, step: 0.1, placeholder: "profile's", onchange: () => this.#sendLatency() });
  latency = h("div", { class: "delays two", hidden: true }, field("Round trip, ms", this.rtt), field("Loss, %", this.loss));
  pause = h("button", { "aria-pressed": "false", onclick: () => this.#togglePause() }, "Pause the network");
  profile = select([], { onchange: () => this.#chooseProfile() });
  /** @type {Map<string, HTMLInputElement>} */
  delays = new Map();
  armedList = h("ul", { class: "plain", "aria-label": "Armed faults" });
  armedText = "";
  undo = h("button", { disabled: true, onclick: () => void this.send(undo(this.target)) }, "Undo");

  /**
   * @param {string} id
   * @param {() => void} onChange
   */
  constructor(id, onChange) {
    this.id = id;
    this.onChange = onChange;
    /** @type {FullSession | null} */
    this.session = null;
    this.all = h("input", { type: "checkbox" });
    this.allLabel = h("span");
    this.group = h("label", { class: "row", hidden: true }, this.all, this.allLabel);
    this.ttl = select([["", "until changed"], ["5 s", "for 5 s"], ["15 s", "for 15 s"], ["1 m", "for 1 min"], ["5 m", "for 5 min"]]);
    this.same = sameAs(["curl", "URL", "Rule file", "vsps run"]);
    this.element = h("div", { class: "card" }, h("h2", {}, "Control"), this.group, field("Changes apply", this.ttl),
      this.#rate(), this.#network(), this.#faults(), this.#delays(), this.#history(), this.same.element);
  }

  /** @returns {Target} */
  get target() {
    return { session: this.id, label: this.all.checked ? this.session?.label ?? null : null };
  }

  /**
   * Shows the state of the session.
   * @param {FullSession} session
   */
  update(session) {
    this.session = session;
    this.group.hidden = session.label === null;
    setText(this.allLabel, `all sessions labelled “${session.label}”`);
    const bps = bitRate(session.rate_set ?? session.rate);
    if (!this.dragging) {
      if (bps !== null && bps > 0) this.slider.value = String(positionOf(bps));
      setText(this.shownRate, session.rate_set === null ? `${rateText(bitRate(session.rate))}, as started` : rateText(bitRate(session.rate_set)));
    }
    this.pause.setAttribute("aria-pressed", String(session.paused));
    setText(this.pause, session.paused ? "Resume the network" : "Pause the network");
    if (document.activeElement !== this.profile) this.#showProfile(session.profile);
    this.#showLatency(session);
    const delays = delaysOf(/** @type {any} */ (session).rules ?? []);
    for (const [name] of DELAYED) {
      const input = this.delays.get(name);
      if (input && document.activeElement !== input) input.value = String(delays[name] ?? 0);
    }
    this.undo.disabled = session.undoable === 0;
    setText(this.undo, session.undoable > 0 ? `Undo (${session.undoable})` : "Undo");
    this.#armed(session);
  }

  /**
   * Sends a command, and shows how to send it by other means.
   * @param {Command} command
   */
  async send(command) {
    this.show(command);
    await attempt(async () => {
      await request(command.method, command.path, command.body);
      this.onChange();
    });
  }

  /** @param {Command} command */
  show(command) {
    this.same.set({
      curl: curl(command.method, location.origin + command.path, command.body),
      URL: command.query ? `…?${command.query}` : "",
      "Rule file": command.rule ?? "",
      "vsps run": command.option ?? "",
    });
  }

  #rate() {
    let sent = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let later;
    const send = () => {
      sent = performance.now();
      void this.send(setRate(this.target, rateAt(Number(this.slider.value)), this.ttl.value));
    };
    this.slider.addEventListener("input", () => {
      this.dragging = true;
      const bps = rateAt(Number(this.slider.value));
      setText(this.shownRate, rateText(bps));
      this.slider.setAttribute("aria-valuetext", rateText(bps));
      clearTimeout(later);
      later = setTimeout(send, Math.max(0, PACE - (performance.now() - sent)));
    });
    this.slider.addEventListener("change", () => (this.dragging = false));
    return h("div", { class: "control" }, h("div", { class: "row" }, h("h3", {}, "Rate"), this.shownRate), this.slider,
      h("button", { class: "small", onclick: () => void this.send(setRate(this.target, null, "")) }, "As started"));
  }

  #network() {
    void attempt(async () => {
      const names = (await get("/api/v1/profiles")).map((/** @type {{name: string}} */ one) => one.name);
      fill(this.profile, names.map((/** @type {string} */ name) => h("option", { value: name }, name)));
      if (this.session) this.#showProfile(this.session.profile);
    });
    return h("div", { class: "control" }, this.pause, field("Profile", this.profile), this.latency);
  }

  /** @param {FullSession} session */
  #showLatency({ rtt_set, loss_set }) {
    this.latency.hidden = rtt_set === undefined;
    const typing = [this.rtt, this.loss].includes(/** @type {any} */ (document.activeElement));
    if (rtt_set === undefined || typing) return;
    this.rtt.value = rtt_set === null ? "" : String(milliseconds(rtt_set));
    this.loss.value = typeof loss_set === "number" ? String(Number((loss_set * 100).toFixed(3))) : "";
  }

  #sendLatency() {
    void this.send(setLatency(this.target, this.rtt.value, this.loss.value, this.ttl.value));
  }

  /** @param {string} name also of a profile that is not built in */
  #showProfile(name) {
    this.profile.value = name;
    if (this.profile.value === name || this.profile.options.length === 0) return;
    this.profile.prepend(h("option", { value: name }, name));
    this.profile.value = name;
  }

  #togglePause() {
    const paused = this.session?.paused ?? false;
    void this.send(setPaused(this.target, !paused, paused ? "" : this.ttl.value));
  }

  #chooseProfile() {
    const name = this.profile.value;
    const command = change(this.target, { profile: name }, this.ttl.value);
    void this.send({ ...command, query: `vsps.profile=${encodeURIComponent(name)}`, option: `--profile ${name}` });
  }

  #faults() {
    const button = (/** @type {string} */ text, /** @type {() => Command} */ command) =>
      h("button", { onclick: async () => {
        await this.send(command());
        notify(`${text}: armed.`);
      } }, text);
    const name = h("input", { list: "armed-fault-names", placeholder: "segment-404", "aria-label": "Name of a fault, or a short rule" });
    const times = h("input", { type: "number", min: 1, max: 1000000, value: 1, "aria-label": "Times" });
    const names = h("datalist", { id: "armed-fault-names" });
    void attempt(async () => {
      const faults = await get("/api/v1/faults");
      fill(names, faults.map((/** @type {{name: string, summary: string}} */ one) => h("option", { value: one.name }, one.summary)));
    });
    return h("div", { class: "control" }, h("h3", {}, "Faults"),
      h("div", { class: "row" },
        button("Fail the next segment", () => arm(this.target, "segment:status=404", { name: "next-segment", ttl: this.ttl.value })),
        button("Freeze the playlist", () => arm(this.target, "stuck-playlist", { times: 1000000, ttl: this.ttl.value }))),
      h("form", { class: "arm", onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        void this.send(arm(this.target, name.value, { times: Number(times.value), ttl: this.ttl.value }));
      } }, name, times, names, h("button", {}, "Arm")), this.armedList);
  }

  #delays() {
    const send = () => {
      const seconds = Object.fromEntries([...this.delays].map(([name, input]) => [name, Number(input.value) || 0]));
      void this.send(setDelays(this.target, /** @type {any} */ (this.session)?.rules ?? [], seconds, this.ttl.value));
    };
    const fields = DELAYED.map(([name, text]) => {
      const input = h("input", { type: "number", min: 0, max: 600, step: 0.1, value: 0, onchange: send });
      this.delays.set(name, input);
      return field(text, input);
    });
    return h("div", { class: "control" }, h("h3", {}, "Delay, in seconds"), h("div", { class: "delays" }, fields));
  }

  #history() {
    const restore = h("button", { onclick: () => void this.send(reset(this.target)) }, "Reset");
    return h("div", { class: "control row" }, this.undo, restore);
  }

  /** @param {FullSession} session */
  #armed(session) {
    // How often it was applied already, of how often it may be.
    const used = (/** @type {import("../data/shapes.js").FaultJson} */ fault) => {
      const applied = fault.applied;
      return typeof applied === "number" ? `${fault.name} ${applied}/${fault.times}` : fault.name;
    };
    const text = session.faults.map(used).join(" ");
    if (this.armedText === text) return;
    this.armedText = text;
    fill(this.armedList, session.faults.map((fault) => h("li", { class: "row" }, h("span", { class: "tag warn" }, used(fault)),
      h("button", { class: "small", "aria-label": `Remove ${fault.name}`, onclick: () => void this.send({
        method: "DELETE", path: `/api/v1/sessions/${encodeURIComponent(session.id)}/faults/${encodeURIComponent(fault.name)}`,
      }) }, "Remove"))));
  }
}
