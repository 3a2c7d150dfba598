// The tasks of one run, ten thousand or ten: short rows of all, whole rows of what somebody looks at, patched as they change.
import { onScopeDispose, shallowRef, watch } from "vue";
import { get } from "callboard/live.js";
import * as words from "callboard/words.js";

const AT_ONCE = 100;
const SOON_MS = 40;
const LEAST_MS = 120;
const MOST_MS = 2500;
const SHARE = 12; // what is worked out again and again takes at most a twelfth of the time

export const place = (id) => Number(id.slice(id.indexOf(".") + 1));
const NONE = Object.freeze(Object.fromEntries(words.SEVERITIES.map((s) => [s, 0])));
const MOMENTS = new Set(["ready", "started", "ended", "expected_start", "expected_end", "expected_end_late"]);

export class Tasks {
  constructor(run) {
    this.run = run;
    this.rows = [];
    this.cells = [];
    this.version = shallowRef(0); // counts what changed
    this.added = shallowRef(0); // counts what joined
    this.leftOut = shallowRef(0);
    this.asked = new Set();
    this.timer = null;
  }
  get size() {
    return this.added.value, this.rows.length;
  }
  // Whoever reads a row is told when that row changes, and of no other.
  get(id) {
    return this.at(place(id));
  }
  at(n) {
    if (!this.rows[n]) return this.added.value, undefined;
    return (this.cells[n] ??= shallowRef(this.rows[n])).value;
  }
  // All rows, as they are; who wants to hear of changes reads `version`.
  list() {
    return this.rows;
  }
  set(n, row) {
    if (!this.rows[n]) this.fresh = true;
    this.rows[n] = row;
    if (this.cells[n]) this.cells[n].value = row;
  }
  done() {
    if (this.fresh) this.added.value++;
    this.fresh = false;
    this.version.value++;
  }
  // An outline: each row a list in the order of the columns.
  take(outline) {
    const { columns, words: spelled, zero, rows } = outline;
    const id = outline.run.id;
    rows.forEach((values, n) => {
      const row = { id: `${id}.${n}`, run: id, place: n, reason: "", hold: null, note: "", progress: null, whole: false };
      columns.forEach((name, at) => {
        const value = values[at];
        if (MOMENTS.has(name)) row[name] = value == null ? null : zero + value;
        else if (name === "locks") row.locks = value ? value.map((v) => spelled.locks[v]) : [];
        else if (name === "depends" || name === "after") row[name === "depends" ? "up" : "behind"] = value || [];
        else if (name === "findings") row.findings = value ? Object.fromEntries(words.SEVERITIES.map((s, i) => [s, value[i]])) : NONE;
        else row[name] = spelled[name] ? spelled[name][value] : value;
      });
      row.critical = !!row.critical;
      row.verdict ||= null;
      const known = this.rows[n];
      const same = known?.whole && known.state === row.state && known.attempt === row.attempt && known.verdict === row.verdict;
      this.set(n, same ? { ...known, ...row, reason: known.reason, hold: known.hold, note: known.note, progress: known.progress, whole: row.state !== "waiting" } : row);
    });
    if (rows.length < this.rows.length) {
      this.rows.length = this.cells.length = rows.length;
      this.fresh = true;
    }
    this.leftOut.value = outline.left_out ?? 0;
    this.done();
  }
  // Whole rows, live or asked for; gives whether there was one that nobody knew.
  merge(rows) {
    let joined = false;
    for (const fresh of rows ?? []) {
      const n = place(fresh.id);
      const known = this.rows[n];
      if (!known && n > this.rows.length + 5000) continue; // beyond what an outline holds
      joined ||= !known;
      const row = words.keepForecast(fresh, known);
      this.set(n, {
        ...row,
        place: n,
        critical: row.critical || !!known?.critical,
        up: known?.up ?? row.depends.map(place),
        behind: known?.behind ?? row.after.map(place),
        locks: row.needs?.locks.map((lock) => lock.name) ?? [],
        whole: true,
      });
    }
    if (rows?.length) this.done();
    return joined;
  }
  // What is on screen should be whole; asks for what is not, in one request.
  want(ids) {
    for (const id of ids) if (this.rows[place(id)]?.whole === false) this.asked.add(id);
    if (this.asked.size) this.timer ??= setTimeout(() => this.fetch(), SOON_MS);
  }
  async fetch() {
    const ids = [...this.asked].slice(-AT_ONCE);
    this.asked.clear();
    try {
      const rows = await get(`/runs/${this.run}/tasks?${ids.map((id) => `ids=${id}`).join("&")}`);
      this.merge(rows.filter((row) => !this.rows[place(row.id)]?.whole)); // what came live meanwhile is newer
    } catch {
      // they are asked for again when they are looked at again
    }
    this.timer = null;
    if (this.asked.size) this.want([]);
  }
}

// A value made of all rows: at once when an input changes, and when rows change as often as it is cheap.
export function steady(version, inputs, make) {
  const value = shallowRef(make());
  let cost = 0;
  let timer = null;
  function now() {
    clearTimeout(timer);
    timer = null;
    const began = performance.now();
    value.value = make();
    cost = performance.now() - began;
  }
  watch(inputs, now);
  watch(version, () => (timer ??= setTimeout(now, Math.min(MOST_MS, Math.max(LEAST_MS, cost * SHARE)))));
  onScopeDispose(() => clearTimeout(timer));
  return value;
}

// -- groups: the same keys as the server's pictures have --

export const WAYS = { stage: "Stage", agent: "Agent", action: "Action", name: "Name" };
const NAMELESS = { stage: "no stage", agent: "the team's commands", action: "no action", name: "no name" };
export const keyOf = { stage: (t) => t.stage ?? "", agent: (t) => t.agent ?? "", action: (t) => t.action ?? "", name: (t) => t.name.split(":")[0] };
export const titleOf = (by, key) => key || NAMELESS[by];

// How many groups each way gives.
export function choicesOf(rows) {
  const found = {};
  for (const way of Object.keys(WAYS)) found[way] = new Set(rows.map(keyOf[way])).size;
  return found;
}

// The way that gives a picture one can take in.
export function bestWay(rows) {
  const choices = choicesOf(rows);
  return ["stage", "name", "action", "agent"].find((way) => choices[way] >= 2 && choices[way] <= 60) ?? Object.keys(choices).sort((a, b) => (choices[a] > 1 ? choices[a] : 1e9) - (choices[b] > 1 ? choices[b] : 1e9))[0];
}

// The groups in the order of their first tasks, each with its counts and its stretch of time.
export function groupsOf(rows, by) {
  const found = new Map();
  for (const t of rows) {
    const key = keyOf[by](t);
    let g = found.get(key);
    if (!g) found.set(key, (g = { key, title: titleOf(by, key), n: 0, counts: {}, started: null, ended: null, open: 0, expected: null, critical: false, tasks: [] }));
    const word = words.shown(t);
    g.n++;
    g.counts[word] = (g.counts[word] ?? 0) + 1;
    g.tasks.push(t);
    g.critical ||= t.critical;
    if (t.started != null && (g.started == null || t.started < g.started)) g.started = t.started;
    if (t.ended != null && (g.ended == null || t.ended > g.ended)) g.ended = t.ended;
    if (!words.FINAL.has(t.state)) g.open++;
    if (t.expected_end != null && t.ended == null && (g.expected == null || t.expected_end > g.expected)) g.expected = t.expected_end;
  }
  return found;
}

const URGENT = ["failed", "timed out", "lost", "needs decision", "unknown", "running", "starting", "waiting", "succeeded", "unchanged", "cancelled", "skipped"];
const RANKS = new Map(URGENT.map((word, n) => [word, n]));
export const rank = (word) => RANKS.get(word) ?? URGENT.length;
// "3 failed, 12 running, 40 waiting": what matters most first.
export const said = (counts, most = 3) => Object.keys(counts).sort((a, b) => rank(a) - rank(b)).slice(0, most).map((s) => `${words.count(counts[s])} ${s}`).join(", ");

// What comes before a task and what behind, over all tasks of the run.
export function reachOf(tasks, id) {
  const rows = tasks.list();
  const below = rows.map(() => []);
  for (const t of rows) for (const n of [...t.up, ...t.behind]) below[n]?.push(t.place);
  const walk = (steps) => {
    const seen = new Set([place(id)]);
    for (const n of seen) for (const next of steps(n)) seen.add(next);
    return seen;
  };
  return { up: walk((n) => [...(rows[n]?.up ?? []), ...(rows[n]?.behind ?? [])]), down: walk((n) => below[n] ?? []) };
}
