// The status page: channels, their values and alarms, as the bench publishes them.

import { decode } from "./frames.js";
import { duration, engineering, plot, sparkline, volts } from "./draw.js";

const KEPT = 600, SPARK = 120, DRAW_EVERY_MS = 250, HOLD_MS = 700, EVENTS = 50;
const STATES = {
  idle: ["idle", "○"], starting: ["running", "▶"], ending: ["running", "▶"], running: ["running", "▶"], resuming: ["running", "▶"],
  paused: ["waiting", "‖"], holding: ["waiting", "‖"], stopped: ["waiting", "■"], interrupted: ["waiting", "⚠"],
  finished: ["finished", "✓"], failed: ["failed", "✕"], unsafe: ["failed", "⚠"], offline: ["offline", "–"],
};
const channels = new Map();
const alarms = new Map();
const byId = (id) => document.getElementById(id);
let token = takeToken();
let seq = null, engine = "", role = "reader", opened = null, latency = 0;

class Channel {
  constructor(status) {
    this.samples = [];
    this.events = [];
    this.card = document.createElement("button");
    this.card.className = "card idle";
    this.card.innerHTML = `<div class="head"><span class="name"></span><span class="state"></span></div>
      <div class="what"></div><div class="values"><span class="E"></span><span class="I"></span></div>
      <div class="step"></div><canvas></canvas>`;
    this.part = Object.fromEntries(["name", "state", "what", "E", "I", "step"].map(
      (name) => [name, this.card.querySelector(`.${name}`)]));
    this.canvas = this.card.querySelector("canvas");
    this.card.addEventListener("click", () => open(this));
    this.isVisible = false;
    watcher.observe(this.card);
    this.update(status);
  }

  update(status) {
    Object.assign(this, { status: { ...this.status, ...status } });
    this.remainingAt = performance.now();
    this.isChanged = true;
  }

  take(rows) {
    for (const row of rows) {
      this.samples.push(row);
      if (row.cycle) this.status.cycle = row.cycle;
    }
    if (this.samples.length > KEPT) this.samples.splice(0, this.samples.length - KEPT);
    const last = rows.at(-1);
    this.status.potential_V = last.E;
    this.status.current_A = last.I;
    this.isChanged = true;
  }

  get kind() { return STATES[this.status.state.split(":")[0]] ?? ["idle", "○"]; }

  get isBusy() { return ["running", "paused", "holding", "starting"].includes(this.status.state); }

  get remaining() {
    const passed = this.status.state === "running" ? (performance.now() - this.remainingAt) / 1000 : 0;
    return Math.max(0, this.status.remaining_s - passed);
  }

  draw() {
    if (!this.isVisible || !(this.isChanged || this.isBusy)) return;
    this.isChanged = false;
    const { status, part } = this;
    const [kind, symbol] = this.kind;
    setClass(this.card, `card ${kind}`);
    setText(part.name, status.channel);
    setText(part.state, `${symbol} ${status.state}`);
    setText(part.what, status.protocol ? `${status.cell} · ${status.protocol}` : "");
    setText(part.E, volts(status.potential_V));
    setText(part.I, status.current_A === null ? "" : engineering(status.current_A, "A"));
    const cycle = status.cycle ? `cycle ${status.cycle}, ` : "";
    setText(part.step, this.isBusy
      ? `${cycle}${status.step}${status.remaining_s > 0 ? `, ${duration(this.remaining)} left` : ""}`
      : status.detail);
    sparkline(this.canvas, this.samples.slice(-SPARK).map((row) => row.E), color("--curve"));
  }
}

const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    const channel = [...channels.values()].find((each) => each.card === entry.target);
    if (channel) { channel.isVisible = entry.isIntersecting; channel.isChanged = true; }
  }
});

function setText(element, text) { if (element.textContent !== text) element.textContent = text; }
function setClass(element, name) { if (element.className !== name) element.className = name; }
function color(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    localStorage.setItem("token", given);
    history.replaceState(null, "", location.pathname);
  }
  return localStorage.getItem("token");
}

async function ask(method, path, content) {
  const response = await fetch(`/api/v1/${path}`, {
    method, headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: content === undefined ? undefined : JSON.stringify(content),
  });
  if (!response.ok) throw Object.assign(new Error(response.statusText), { status: response.status });
  return response.json();
}

async function load() {
  const status = await ask("GET", "status");
  byId("login").hidden = true;
  document.title = setAndReturn(byId("bench"), status.bench) + " – faradaic";
  ({ engine, role } = status);
  seq = status.seq;
  byId("stop").hidden = role !== "operator";
  const byName = new Intl.Collator(undefined, { numeric: true });
  for (const each of status.channels.toSorted((a, b) => byName.compare(a.channel, b.channel))) {
    const known = channels.get(each.channel);
    if (known) { known.update(each); continue; }
    const channel = new Channel(each);
    channels.set(each.channel, channel);
    byId("channels").append(channel.card);
  }
  alarms.clear();
  for (const alarm of status.alarms.reverse()) alarms.set(alarm.id, alarm);
  showAlarms();
  filter();
}

function setAndReturn(element, text) { element.textContent = text; return text; }

async function follow() {
  for (;;) {
    if (!token) { byId("login").hidden = false; return; }
    try {
      await load();
      await listen();
    } catch (error) {
      if (error.status === 401) { token = null; localStorage.removeItem("token"); continue; }
    }
    const link = byId("link");
    link.textContent = "no connection to the service – trying again";
    link.classList.add("lost");
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

function listen() {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${location.protocol.replace("http", "ws")}//${location.host}/api/v1/live`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      socket.send(JSON.stringify({ token, since: seq }));
      const link = byId("link");
      link.textContent = "● live";
      link.classList.remove("lost");
    };
    socket.onmessage = (message) => { for (const record of decode(message.data)) take(record, socket); };
    socket.onclose = resolve;
  });
}

function take(record, socket) {
  seq = record.seq;
  latency = Date.now() / 1000 - record.time;
  if (record.engine !== engine || record.kind === "missed") { socket.close(); return; }
  const channel = channels.get(record.channel);
  if (record.kind === "alarm") {
    alarms.set(record.data.id, { ...record.data, channel: record.channel });
    showAlarms();
  } else if (channel === undefined) {
    return;
  } else if (record.kind === "samples") {
    channel.take(record.rows);
  } else if (record.kind === "state") {
    channel.update({ ...record.data, run: record.run });
  } else if (record.kind === "run_started") {
    channel.samples.length = 0;
  } else if (record.kind === "event") {
    channel.events.unshift({ time: record.time, ...record.data });
    channel.events.length = Math.min(channel.events.length, EVENTS);
  }
}

function draw() {
  let running = 0;
  for (const channel of channels.values()) {
    channel.draw();
    running += channel.isBusy;
  }
  setText(byId("summary"), channels.size ? `${running} of ${channels.size} running` : "");
  document.body.dataset.latency = latency.toFixed(3);
  if (opened) drawDetail();
  setTimeout(() => requestAnimationFrame(draw), DRAW_EVERY_MS);
}

function open(channel) {
  opened = channel;
  drawDetail();
  byId("detail").showModal();
  drawDetail();
}

function drawDetail() {
  const { status, samples, events } = opened;
  const [, symbol] = opened.kind;
  setText(byId("detail-name"), `${status.channel}: ${symbol} ${status.state}`);
  const parts = [status.cell, status.protocol, status.step, status.cycle ? `cycle ${status.cycle}` : "",
    volts(status.potential_V), engineering(status.current_A, "A"), status.instrument, status.file, status.detail];
  setText(byId("detail-text"), parts.filter(Boolean).join(" · "));
  for (const figure of document.querySelectorAll("#detail figure")) figure.hidden = samples.length < 2;
  setText(byId("detail-none"), samples.length < 2 ? "No samples since this page was opened." : "");
  const times = samples.map((row) => row.time);
  plot(byId("plot-E"), times, samples.map((row) => row.E), volts, color("--curve"), color("--quiet"));
  plot(byId("plot-I"), times, samples.map((row) => row.I),
    (value) => engineering(value, "A"), color("--failed"), color("--quiet"));
  fill(byId("detail-queue"), status.queue.map((job) => ({
    text: `${job.request.protocol.protocol} on ${job.request.cell.name ?? "unnamed cell"}, asked for by ${job.by}`,
  })), status.is_held ? "The queue is held until somebody starts it." : "Empty.");
  fill(byId("detail-events"), events.map((event) => ({
    text: `${clock(event.time)}  ${event.text}`, kind: event.severity,
  })), "None since this page was opened.");
}

function fill(list, entries, otherwise) {
  const shown = entries.length ? entries : [{ text: otherwise }];
  const key = JSON.stringify(shown);
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  list.replaceChildren(...shown.map(({ text, kind }) => {
    const item = document.createElement("li");
    item.textContent = text;
    if (kind) item.className = kind;
    return item;
  }));
}

function clock(unix) { return new Date(unix * 1000).toLocaleTimeString([], { hour12: false }); }

function showAlarms() {
  const standing = [...alarms.values()].filter((alarm) => !alarm.acknowledged_by).reverse().slice(0, 5);
  byId("alarms").hidden = standing.length === 0;
  byId("alarms").replaceChildren(...standing.map((alarm) => {
    const line = document.createElement("div");
    line.className = `alarm ${alarm.severity}`;
    const time = document.createElement("time");
    time.textContent = clock(alarm.time);
    const text = document.createElement("span");
    text.textContent = `⚠ ${alarm.channel && !alarm.text.includes(alarm.channel) ? `${alarm.channel}: ` : ""}${alarm.text}`;
    line.append(time, text);
    if (role === "operator") {
      const button = document.createElement("button");
      button.textContent = "Seen";
      button.addEventListener("click", () => ask("POST", `alarms/${alarm.id}/acknowledge`, { by: "status page" }));
      line.append(button);
    }
    return line;
  }));
}

function filter() {
  const wanted = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const channel of channels.values()) {
    const { channel: name, cell, protocol, state } = channel.status;
    const text = `${name} ${cell} ${protocol} ${state}`.toLowerCase();
    const matches = wanted.every((word) => text.includes(word));
    channel.card.hidden = !matches;
    channel.card.style.display = matches ? "" : "none";
    shown += matches;
  }
  byId("empty").hidden = shown > 0 || channels.size === 0;
}

let holding = null;
function hold() {
  byId("stop").classList.add("held");
  holding = setTimeout(async () => {
    const { sentences } = await ask("POST", "emergency-stop", { by: "status page" });
    byId("link").textContent = sentences.find((sentence) => !sentence.endsWith("at rest.")) ?? "All cells are at rest.";
  }, HOLD_MS);
}
function letGo() { byId("stop").classList.remove("held"); clearTimeout(holding); }

byId("filter").addEventListener("input", filter);
byId("stop").addEventListener("pointerdown", hold);
for (const name of ["pointerup", "pointerleave", "pointercancel"]) byId("stop").addEventListener(name, letGo);
byId("stop").addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.repeat) hold(); });
byId("stop").addEventListener("keyup", letGo);
byId("detail").addEventListener("close", () => { opened = null; });
byId("login").addEventListener("submit", (event) => {
  event.preventDefault();
  token = byId("token").value.trim();
  localStorage.setItem("token", token);
  follow();
});
follow();
draw();
