// The page's line to the engine: live rows by socket.io, acts by REST, honesty about a link that is down.
import { reactive } from "vue";

const API = "/api/v1";
const SILENCE_MS = 1600; // everyone is told something each second; so that it is said within two
const LOOK_MS = 100;
const SESSION_MS = 4000;
const BUFFER = 5000;
const RECOUNT_MS = 1500;
let readings = 0;

// What waits for a person and which alerts stand, for the bar: it comes with the page and then with live messages.
export const counts = reactive({ inbox: null, alerts: null, open_cases: null });
export const link = reactive({ state: "connecting", since: Date.now() / 1000, banner: null, unreachable: "" });
export const toasts = reactive([]);

let nextToast = 1;
export function toast(text, tone = "bad", href = null) {
  const same = toasts.find((t) => t.text === text && t.tone === tone && t.href === href);
  if (same) return void same.times++; // what is said again is counted, not piled up
  const id = nextToast++;
  toasts.push({ id, text, tone, href, times: 1 });
  if (toasts.length > 4) toasts.shift();
  setTimeout(() => dismiss(id), tone === "bad" ? 12000 : 5000);
}
export function dismiss(id) {
  const at = toasts.findIndex((t) => t.id === id);
  if (at >= 0) toasts.splice(at, 1);
}

export class Problem extends Error {
  constructor(status, title, detail) {
    super(detail || title || `The server answered ${status}`);
    this.status = status;
    this.title = title;
  }
}

async function call(method, path, body, headers = {}) {
  let response;
  try {
    response = await fetch(API + path, {
      method,
      credentials: "same-origin",
      headers: { Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Problem(0, "Not reachable", "Callboard does not answer. Is it still running?");
  }
  const text = await response.text();
  let value = null;
  try {
    value = text ? JSON.parse(text) : null;
  } catch {
    value = null;
  }
  if (!response.ok) {
    const detail = typeof value?.detail === "string" ? value.detail : "";
    const fallback = response.status === 401 ? "Your session is over. Open the link that `callboard token` prints." : "";
    throw new Problem(response.status, value?.title ?? response.statusText, detail || fallback);
  }
  return value;
}

export const get = (path) => call("GET", path);

// That cases changed is told as a number that rises; how many are open is asked for then, with as few rows as there may be.
let recounting = 0;
function recount() {
  recounting ||= setTimeout(async () => {
    recounting = 0;
    const told = await get("/cases?state=verifying&limit=1").catch(() => null);
    if (told) counts.open_cases = told.open;
  }, RECOUNT_MS);
}
export const send = (path, body, headers = {}) => call("POST", path, body, headers); // throws the Problem, for those who say it themselves

export const put = (path, body) => call("PUT", path, body);

// Does something; a refusal is shown as a toast with the server's own words and gives null.
export async function act(path, body = {}, done = "", headers = {}) {
  try {
    const value = await call("POST", path, body, headers);
    if (done) toast(done, "good");
    return value ?? {};
  } catch (problem) {
    toast(problem.message);
    return null;
  }
}

// The same key for the same wish: a double click or a repeated request starts one run.
export function newKey() {
  const raw = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(raw, (b) => b.toString(16).padStart(2, "0")).join("");
}

// rooms: what to watch. refetch(): reads the resource again. fold(message): applies a live message. onLog(message): a piece of log.
export function follow({ rooms, refetch, fold, onLog, onConsole }) {
  let heard = performance.now();
  let kept = []; // messages that came since the resource began to be read; null when none need be kept
  let reading = 0; // which reading of the resource is the latest; 0 for none under way

  function hear(message) {
    heard = performance.now();
    if ("banner" in message) link.banner = message.banner;
    for (const name of Object.keys(counts)) if (typeof message[name] === "number") counts[name] = message[name];
    if (typeof message.cases === "number") recount();
    if (!kept) return fold(message);
    kept.push(message);
    if (kept.length > BUFFER) kept.shift();
    if (!reading) reconcile();
  }

  async function reconcile() {
    const mine = (reading = ++readings);
    let seq;
    try {
      seq = await refetch();
    } catch (problem) {
      if (mine !== reading) return;
      reading = 0;
      link.unreachable = problem.message;
      setTimeout(() => kept && !reading && window.socket.connected && reconcile(), 2000);
      return;
    }
    if (mine !== reading) return;
    const news = kept ?? [];
    kept = null;
    reading = 0;
    for (const message of news) if (seq == null || message.seq == null || message.seq >= seq) fold(message);
    link.state = "live";
    link.unreachable = "";
  }

  function lost() {
    if (link.state === "stale" || link.state === "out") return;
    link.since = (Date.now() - (performance.now() - heard)) / 1000;
    link.state = "stale";
    kept = [];
    reading = 0;
  }

  function joined() {
    heard = performance.now();
    kept = [];
    // Read only once the server watches for us: then nothing is missed between.
    window.socket.timeout(4000).emit("watch", { rooms: rooms() }, (fault, answer) => {
      if (answer && answer.ok === false && answer.error) toast(answer.error);
      if (window.socket.connected) reconcile();
    });
  }

  function attach() {
    const socket = window.socket;
    if (!socket) return void setTimeout(attach, 20);
    socket.on("live", hear);
    if (onLog) socket.on("log", onLog);
    if (onConsole) socket.on("console", onConsole);
    socket.on("connect", joined);
    socket.on("disconnect", lost);
    socket.on("connect_error", lost);
    window.addEventListener("offline", lost);
    window.addEventListener("online", () => socket.connected && kept && !reading && reconcile());
    if (socket.connected) joined();
    // A page that was busy itself hears first what came meanwhile, and only then calls the link silent.
    const silent = () => link.state === "live" && !document.hidden && performance.now() - heard > SILENCE_MS;
    // A hidden tab is slowed down: what it did not hear meanwhile is read anew, before anybody calls it stale.
    document.addEventListener("visibilitychange", () => {
      if (document.hidden || link.state !== "live" || performance.now() - heard < SILENCE_MS) return;
      heard = performance.now();
      if (socket.connected) (kept = []), reconcile();
    });
    // A link that stays down may be a session that is over: then waiting does not help, and the page says what does.
    setInterval(async () => {
      if (link.state !== "stale" && link.state !== "out") return;
      const answer = await fetch(`${API}/me`, { credentials: "same-origin", headers: { Accept: "application/json" } }).catch(() => null);
      if (answer?.status === 401) link.state = link.state === "live" ? "live" : "out";
      else if (answer?.ok && link.state === "out") (link.state = "stale"), socket.connected ? joined() : socket.connect();
    }, SESSION_MS);
    setInterval(() => silent() && setTimeout(() => silent() && lost(), LOOK_MS), LOOK_MS);
  }
  attach();
  return { rewatch: () => window.socket?.connected && window.socket.emit("watch", { rooms: rooms() }) };
}

// Rows by id; a row is patched in place, so that only what shows it is drawn again.
export class Rows {
  constructor(rows = [], key = "id") {
    this.key = key;
    this.byId = reactive(new Map());
    this.merge(rows);
  }
  get(id) {
    return this.byId.get(id);
  }
  list() {
    return [...this.byId.values()];
  }
  merge(rows) {
    for (const row of rows ?? []) {
      const known = this.byId.get(row[this.key]);
      if (known) Object.assign(known, row);
      else this.byId.set(row[this.key], row);
    }
  }
  replace(rows) {
    const now = new Set((rows ?? []).map((row) => row[this.key]));
    for (const id of [...this.byId.keys()]) if (!now.has(id)) this.byId.delete(id);
    this.merge(rows);
  }
}
