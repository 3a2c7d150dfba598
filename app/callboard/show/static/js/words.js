// How values are put into words: times, sizes, states. Null is an en dash, never a guess.
import { reactive } from "vue";

export const DASH = "–";

// One clock for the page, so that all 'ago's and running bars move together.
export const clock = reactive({ now: Date.now() / 1000 });
setInterval(() => (clock.now = Date.now() / 1000), 1000);

const two = (n) => String(n).padStart(2, "0");

export function clockTime(at) {
  if (at == null) return DASH;
  const d = new Date(at * 1000);
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

export function absolute(at) {
  if (at == null) return "not known";
  const d = new Date(at * 1000);
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${clockTime(at)}`;
}

// A moment as short as it can be without being unclear: the time alone today, else with the day.
export function moment(at, now = clock.now) {
  if (at == null) return DASH;
  const [d, today] = [new Date(at * 1000), new Date(now * 1000)];
  if (d.toDateString() === today.toDateString()) return clockTime(at);
  const day = `${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}`;
  return d.getFullYear() === today.getFullYear() ? day : `${d.getFullYear()}-${day}`;
}

export function duration(seconds) {
  if (seconds == null || Number.isNaN(seconds)) return DASH;
  const s = Math.max(0, seconds);
  if (s < 1) return s < 0.05 ? "0 s" : `${s.toFixed(1)} s`;
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 60) return `${Math.round(s)} s`;
  const whole = Math.round(s);
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${two(whole % 60)} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} m`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

// Whole seconds, for what ticks each second: no flickering tenths.
export function ticking(seconds) {
  if (seconds == null) return DASH;
  const whole = Math.max(0, Math.floor(seconds));
  return whole < 60 ? `${whole} s` : duration(whole);
}

// What is left of an expected time; the expectation may have been wrong.
export const remaining = (seconds) => (seconds == null ? DASH : seconds < -1 ? "late" : ticking(seconds));

export function ago(at, now = clock.now) {
  if (at == null) return DASH;
  const s = now - at;
  if (s < -1) return `in ${coarse(-s)}`;
  if (s < 5) return "just now";
  return `${coarse(s)} ago`;
}

export function coarse(s) {
  if (s < 60) return `${Math.floor(s)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86400)} d`;
}

export function mebibytes(mb) {
  if (mb == null) return DASH;
  if (mb >= 10240) return `${(mb / 1024).toFixed(0)} GiB`;
  if (mb >= 1024) return `${(mb / 1024).toFixed(1)} GiB`;
  if (mb >= 10 || mb === 0) return `${Math.round(mb)} MiB`;
  return `${mb.toFixed(1)} MiB`;
}

export const bytes = (n) =>
  n == null ? DASH : n < 1024 ? `${n} B` : n < 1048576 ? `${(n / 1024).toFixed(1)} KiB` : mebibytes(n / 1048576);
export const cpus = (n) => (n == null ? DASH : n.toFixed(n < 10 ? 2 : 1));
// What was waited for where only its measure is named; anything else is said already.
export const lack = (cause) => ({ cpus: "free cores", memory: "free memory", memory_mb: "free memory" })[cause] ?? cause;
export const percent = (part) => (part == null ? DASH : `${Math.round(part * 100)} %`);
export const count = (n) => (n == null ? DASH : Number(n).toLocaleString("en-GB").replaceAll(",", " "));
// A number of an agent, at most two decimals; text as it is.
export function amount(value) {
  if (value == null) return DASH;
  if (typeof value !== "number") return String(value);
  if (value !== 0 && Math.abs(value) < 0.01) return value.toPrecision(2);
  return value.toLocaleString("en-GB", { maximumFractionDigits: 2 }).replaceAll(",", " ");
}
export const plural = (n, one, many) => `${count(n)} ${n === 1 ? one : (many ?? one + "s")}`;

// States: a tone (one palette with meaning), a shape (readable in grey) and the word itself. 16 × 16, drawn with strokes.
const SHAPES = {
  ring: { d: "M8 3a5 5 0 1 0 0 10a5 5 0 1 0 0-10z" },
  dot: { d: "M8 4a4 4 0 1 0 0 8a4 4 0 1 0 0-8z", fill: true },
  half: { d: "M8 3a5 5 0 1 0 0 10a5 5 0 1 0 0-10zM8 3a5 5 0 0 1 0 10z", fill: "half" },
  play: { d: "M5 3.2v9.600L12.600 8z", fill: true },
  check: { d: "M3.200 8.600l3.200 3.200l6.400-7.200" },
  equals: { d: "M3.500 6h9M3.500 10h9" },
  cross: { d: "M4 4l8 8M12 4l-8 8" },
  clock: { d: "M8 2.500a5.500 5.500 0 1 0 0 11a5.500 5.500 0 1 0 0-11zM8 5v3.200l2.200 1.500" },
  slash: { d: "M8 2.500a5.500 5.500 0 1 0 0 11a5.500 5.500 0 1 0 0-11zM4.200 11.800l7.600-7.600" },
  query: { d: "M5.300 6a2.700 2.700 0 1 1 3.900 2.400c-.8.4-1.200.8-1.200 1.700M8 12.700v.1" },
  forward: { d: "M3.500 4l4 4l-4 4M8.500 4l4 4l-4 4" },
  bars: { d: "M5.500 3.500v9M10.500 3.500v9", heavy: true },
  triangle: { d: "M8 2.500L14 13H2zM8 6.500v3M8 11.300v.1" },
  diamond: { d: "M8 1.800L14.200 8L8 14.200L1.800 8z", fill: true },
  gone: { d: "M8 2.500a5.500 5.500 0 1 0 0 11a5.500 5.500 0 1 0 0-11z", dashed: true },
  target: { d: "M8 2.500a5.500 5.500 0 1 0 0 11a5.500 5.500 0 1 0 0-11zM8 7a1 1 0 1 0 0 2a1 1 0 1 0 0-2z" },
  funnel: { d: "M2.500 3.500h11L9.500 8.500v4.500l-3-1.500v-3z" },
  person: { d: "M8 8a2.700 2.700 0 1 0 0-5.400a2.700 2.700 0 0 0 0 5.400zM2.800 13.500c.7-2.600 2.700-3.800 5.200-3.800s4.500 1.200 5.200 3.800" },
  again: { d: "M12.800 6.200A5.300 5.300 0 1 0 13.200 9.300M13 2.800v3.500h-3.500" },
  proof: { d: "M8 2.500a5.500 5.500 0 1 0 0 11a5.500 5.500 0 1 0 0-11zM5.600 8.200l1.800 1.800l3.200-3.700" },
};

const STATES = {
  running: ["run", "play"],
  starting: ["run", "half"],
  waiting: ["wait", "ring"],
  "needs decision": ["ask", "diamond"],
  succeeded: ["good", "check"],
  unchanged: ["good", "equals"],
  failed: ["bad", "cross"],
  error: ["bad", "triangle"],
  "timed out": ["bad", "clock"],
  lost: ["bad", "gone"],
  cancelled: ["off", "slash"],
  skipped: ["off", "forward"],
  paused: ["ask", "bars"],
  idle: ["off", "dot"],
  absent: ["off", "gone"],
  unknown: ["odd", "query"],
  halted: ["bad", "bars"],
  // alerts
  open: ["bad", "triangle"],
  acknowledged: ["run", "half"],
  snoozed: ["wait", "clock"],
  resolved: ["good", "check"],
  // what agents say of their own figures and cells
  good: ["good", "check"],
  bad: ["bad", "cross"],
  unsure: ["odd", "query"],
  quiet: ["off", "dot"],
  // a case through its life
  new: ["bad", "target"],
  triaged: ["ask", "funnel"],
  assigned: ["run", "person"],
  reproducing: ["run", "again"],
  "fix proposed": ["ask", "diamond"],
  verifying: ["run", "proof"],
  closed: ["good", "check"],
  accepted: ["wait", "clock"],
  "cannot reproduce": ["odd", "query"],
  // the platform's crew, how it is seen, and what holds back for it
  working: ["run", "play"],
  fresh: ["good", "dot"],
  stale: ["ask", "clock"],
  slow: ["ask", "clock"],
  off: ["off", "gone"],
  holds: ["ask", "bars"],
  ready: ["good", "check"],
};

export function stateOf(word) {
  const [tone, shape] = STATES[word] ?? STATES[String(word).replaceAll("-", " ")] ?? ["odd", "query"];
  return { tone, shape: SHAPES[shape] };
}

export const FINAL = new Set(["succeeded", "unchanged", "failed", "timed out", "cancelled", "lost", "skipped"]);
export const BAD = new Set(["failed", "timed out", "lost"]);
export const AGAIN = new Set(["failed", "timed out", "cancelled", "lost"]); // what a run tries again when asked to
export const LIVE = new Set(["starting", "running"]);
export const RUN_OVER = new Set(["succeeded", "failed", "unknown", "cancelled"]);
export const SEVERITIES = ["critical", "high", "medium", "low", "info"];

// A task that did its work well but found the workspace wanting is shown by what it says, not only by how it ended.
export function shown(task) {
  if (task.state === "succeeded" && task.verdict === "fail") return "failed";
  if (task.state === "succeeded" && task.verdict === "unknown") return "unknown";
  return task.state;
}

// A live row knows what is, not what is foreseen: the forecast that was read with the run stays until the task ends.
export function keepForecast(row, known) {
  if (!known || FINAL.has(row.state) || row.expected_end_late != null) return row;
  return { ...row, expected_start: row.expected_start ?? known.expected_start, expected_end: row.state === "waiting" ? (row.expected_end ?? known.expected_end) : row.expected_end, expected_end_late: known.expected_end_late };
}

// The crew stands in the order in which its seven were introduced; others follow by name.
const CREW = ["InfraDeploy", "CodeRefactor", "APITestAgent", "QualityAssurance", "ConfigManage", "MonitorAnalytics", "SecurityCompliance"];
export function byCrew(a, b) {
  const at = (agent) => (CREW.indexOf(agent.title) + CREW.length + 1) % (CREW.length + 1);
  return at(a) - at(b) || a.name.localeCompare(b.name);
}

// Looks at the clock only while it runs, so that what is over is never drawn again.
export function elapsed(task) {
  if (task.started == null) return null;
  return (task.ended ?? clock.now) - task.started;
}

// A name as a piece of an address; half a character, as in a file's broken name, would be an error there.
export const segment = (name) => encodeURIComponent(String(name).replace(/[\ud800-\udfff]/gu, "\ufffd"));
export const agentHref = (name) => `/agents/${segment(name)}`;

// Where a hold's culprit is to be found.
export function culpritHref(hold) {
  const c = hold?.culprit;
  if (!c) return null;
  if (/^\d+\.\d+(#\d+)?$/.test(c)) return `/tasks/${c.split("#")[0]}`;
  if (/^\d+$/.test(c)) return `/runs/${c}`;
  return agentHref(c);
}

// 0.4 of the way, by the agent's word, else null: nothing is made up from an estimate.
export const progressOf = (row) => (row?.progress == null ? null : Math.min(1, Math.max(0, row.progress)));
