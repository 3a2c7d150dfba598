// Findings of a page: each once, however many saw it; what stands behind several failures; and accepting one for a while.
import { nextTick, reactive, ref } from "vue";
import { send, toast } from "callboard/live.js";
import * as words from "callboard/words.js";

const GRAVE = new Set(["critical", "high", "medium"]);
const LEAST_TASKS = 2;
const LONGEST_DAYS = 366;
const USUAL_DAYS = 90;

const rank = (f) => words.SEVERITIES.indexOf(f.severity);
const number = (id) => Number(String(id).slice(1));
const place = (task) => Number(String(task).split(".")[1]);
const union = (a, b) => [...a, ...b.filter((x) => !a.some((y) => JSON.stringify(x) === JSON.stringify(y)))];
const whole = (f) => ({ ...f, witnesses: f.witnesses ?? [], tasks: f.tasks ?? [f.task], agents: f.agents ?? [f.agent], ids: f.ids ?? [f.id] });

// The same rule as the desk's: those of one run with the same fingerprint are one, which says what the worst of them says.
function joined(a, b) {
  const first = rank(a) - rank(b) || number(a.id) - number(b.id);
  return {
    ...(first > 0 ? b : a),
    line: (first > 0 ? b.line || a.line : a.line || b.line) || 0,
    accepted: a.accepted && b.accepted ? a.accepted : "",
    is_new: a.is_new && b.is_new,
    since: Math.min(a.since, b.since),
    witnesses: union(a.witnesses, b.witnesses),
    tasks: union(a.tasks, b.tasks).sort((x, y) => place(x) - place(y)),
    agents: union(a.agents, b.agents),
    ids: union(a.ids, b.ids),
  };
}

// Like Rows, by fingerprint.
export class Findings {
  constructor(rows = []) {
    this.byId = reactive(new Map());
    this.merge(rows);
  }
  key = (f) => (f.fingerprint ? `${f.run}:${f.fingerprint}` : f.id);
  list() {
    return [...this.byId.values()];
  }
  merge(rows) {
    for (const row of (rows ?? []).map(whole)) {
      const known = this.byId.get(this.key(row));
      if (!known) this.byId.set(this.key(row), row);
      else if (!row.ids.every((id) => known.ids.includes(id))) Object.assign(known, joined(known, row));
    }
  }
  replace(rows) {
    const fresh = new Findings(rows);
    for (const key of [...this.byId.keys()]) if (!fresh.byId.has(key)) this.byId.delete(key);
    for (const [key, row] of fresh.byId) this.byId.has(key) ? Object.assign(this.byId.get(key), row) : this.byId.set(key, row);
  }
}

const wrong = (t) => words.BAD.has(words.shown(t)) || words.shown(t) === "unknown";

// The findings that at least two tasks reported that failed or know too little, those behind most tasks first.
export function causesOf(shared, tasks) {
  return shared
    .filter((f) => GRAVE.has(f.severity) && !f.accepted)
    .map((f) => ({ ...f, behind: f.tasks.map((id) => tasks.get(id)).filter((t) => t && wrong(t)) }))
    .filter((f) => f.behind.length >= LEAST_TASKS)
    .sort((a, b) => b.behind.length - a.behind.length || rank(a) - rank(b) || a.path.localeCompare(b.path));
}

export function countsOf(rows) {
  const counts = Object.fromEntries(words.SEVERITIES.map((s) => [s, 0]));
  for (const f of rows) if (!f.accepted) counts[f.severity]++;
  return counts;
}

const day = (ahead) => {
  const d = new Date();
  d.setDate(d.getDate() + ahead);
  return `${d.getFullYear()}-${String(d.getMonth() + 1).padStart(2, "0")}-${String(d.getDate()).padStart(2, "0")}`;
};

// Asks why the team lives with a finding, until when, and who answers for it. A refusal is said where it was asked.
export const CbAccept = {
  props: { f: Object, close: Function },
  setup(props) {
    const dialog = ref(null);
    const wish = reactive({ reason: "", until: day(USUAL_DAYS), owner: "" });
    const trouble = ref("");
    const busy = ref(false);
    nextTick(() => dialog.value?.showModal());
    async function accept() {
      if (busy.value) return;
      busy.value = true;
      trouble.value = "";
      try {
        const done = await send(`/findings/${props.f.id}/accept`, { ...wish, reason: wish.reason.trim(), owner: wish.owner.trim() });
        props.f.accepted = done.finding.accepted;
        toast("Accepted in callboard.toml; it counts from the next run on", "good");
        props.close();
      } catch (problem) {
        trouble.value = problem.message;
      } finally {
        busy.value = false;
      }
    }
    return { dialog, wish, trouble, busy, accept, first: day(0), last: day(LONGEST_DAYS) };
  },
  template: `
    <dialog ref="dialog" class="ask" aria-labelledby="accept-title" @cancel.prevent="close()" @click.self="close()">
      <form class="accept" @submit.prevent="accept">
        <h2 id="accept-title">Live with this finding for a while?</h2>
        <p class="accept-what"><bdi>{{ f.message }}</bdi> <span v-if="f.path" class="rule">{{ f.path }}<template v-if="f.line">:{{ f.line }}</template></span></p>
        <label for="accept-reason">Why</label>
        <textarea id="accept-reason" v-model="wish.reason" required maxlength="1000" rows="3" autofocus></textarea>
        <label for="accept-until">Until, at most a year</label>
        <input id="accept-until" type="date" v-model="wish.until" required :min="first" :max="last"/>
        <label for="accept-owner">Who answers for it</label>
        <input id="accept-owner" type="text" v-model="wish.owner" maxlength="200" placeholder="you"/>
        <p class="quiet accept-note">It is written into callboard.toml and counts from the next run on.</p>
        <p v-if="trouble" class="trouble" role="alert">{{ trouble }}</p>
        <div class="ask-acts">
          <button type="button" class="button" @click="close()">Leave it</button>
          <button type="submit" class="button primary" :class="{busy}" :disabled="!wish.reason.trim() || !wish.until" :aria-busy="busy">Accept</button>
        </div>
      </form>
    </dialog>
  `,
};
