// What is known of the platform's crews: it comes with the page, and is asked for again when a live message says that it changed.
import { reactive } from "vue";
import { get } from "callboard/live.js";
import * as words from "callboard/words.js";

const SETTLE_MS = 150; // news come in bursts: one question answers them all
const SOURCES = { observer: "observer", status: "status address", socket: "socket", checkpoints: "checkpoint files", log: "log", otlp: "OpenTelemetry" };

export const sourceName = (kind) => SOURCES[kind] ?? kind;
export const OVER = new Set(["succeeded", "failed", "lost"]);

export class Watched {
  constructor(first) {
    this.state = reactive({ crews: [], coordination: null, why: "" });
    this.asking = new Map();
    this.places = new Map();
    this.take(first);
  }
  take(found) {
    if (found) Object.assign(this.state, { crews: this.ordered(found.crews ?? []), coordination: found.coordination ?? this.state.coordination, why: found.why ?? "" });
  }
  // Those that work stand first when the page opens; from then on nobody changes places under one's eyes.
  ordered(crews) {
    const rank = (crew) => (crew.in_flight ? 0 : crew.workflows.length || crew.agents.length ? 1 : 2);
    for (const crew of [...crews].sort((a, b) => rank(a) - rank(b))) if (!this.places.has(crew.name)) this.places.set(crew.name, this.places.size);
    return [...crews].sort((a, b) => this.places.get(a.name) - this.places.get(b.name));
  }
  async refetch() {
    this.take(await get("/crew"));
  }
  async recoordinate() {
    this.state.coordination = await get("/coordination");
  }
  hear(message) {
    if (typeof message.crew === "number") this.soon("crew", () => this.refetch());
    else if (typeof message.coordination === "number") this.soon("coordination", () => this.recoordinate());
  }
  // Asks shortly, and once more when something changed while it asked.
  soon(name, ask) {
    const mine = this.asking.get(name) ?? { timer: null, busy: false, again: false };
    this.asking.set(name, mine);
    if (mine.busy) return void (mine.again = true);
    mine.timer ??= setTimeout(async () => {
      [mine.timer, mine.busy] = [null, true];
      await ask().catch(() => {});
      mine.busy = false;
      if (mine.again) (mine.again = false), this.soon(name, ask);
    }, SETTLE_MS);
  }
}

// How long a task runs or ran, in seconds; what runs is looked at with the page's clock.
export function took(task) {
  if (task.started == null) return null;
  if (task.state === "running") return Math.max(0, words.clock.now - task.started);
  return task.seconds ?? (task.ended == null ? null : task.ended - task.started);
}

export function median(values) {
  const sorted = values.filter((v) => v != null).sort((a, b) => a - b);
  if (!sorted.length) return null;
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// "1 240 in, 380 out"; empty when nothing was told.
export function tokens(row) {
  if (row?.input == null && row?.output == null) return "";
  return `${row.input == null ? words.DASH : words.count(row.input)} in, ${row.output == null ? words.DASH : words.count(row.output)} out`;
}

// Identifiers are long and hardly read: random ones are told apart by their beginning, others by their end.
export function brief(id) {
  const text = String(id);
  if (text.length <= 18) return text;
  return /^[0-9a-f]{8}-?[0-9a-f]{4}/i.test(text) ? text.slice(0, 8) : `${text.slice(0, 8)}…${text.slice(-8)}`;
}
