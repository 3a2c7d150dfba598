// Advice: what to do next, with its gain, its risk and how its place came about; and a person's word about it.
import { computed, h, reactive, shallowRef } from "vue";
import { ask } from "callboard/dialog.js";
import { act, get, send, toast } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const QUIET_MS = 250; // many changes in a row are one reading
export const DAY = 86400;

// A time that was counted or guessed: no more digits than it deserves.
export function rough(s) {
  if (s == null) return words.DASH;
  if (s < 0) return `−${rough(-s)}`;
  if (s < 10) return words.duration(s);
  if (s < 90) return `${Math.round(s)} s`;
  if (s < 300) {
    const tens = Math.round(s / 10); // so many times ten seconds
    return `${Math.floor(tens / 6)} min${tens % 6 ? ` ${(tens % 6) * 10} s` : ""}`;
  }
  if (s < 5400) return `${Math.round(s / 60)} min`;
  const minutes = Math.round(s / 60);
  if (s < 129600) return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ""}`;
  return `${(s / DAY).toFixed(s < 10 * DAY ? 1 : 0)} days`;
}

// "40 s – 2 m 10 s", "25 s": what is gained, from low to high.
export function rangeOf(low, high) {
  if (low == null && high == null) return "";
  const [a, b] = [rough(low ?? high), rough(high ?? low)];
  return a === b ? a : `${a} – ${b}`;
}

const RISKS = { none: 0, low: 1, medium: 2, high: 3 };
// How much can go wrong, by shape as well: none to three bars.
export const CbRisk = {
  props: { risk: Object, brief: Boolean },
  setup: (props) => () => {
    const level = RISKS[props.risk?.level] ?? 3;
    const bars = [1, 2, 3].map((n) => h("rect", { x: n * 4 - 2, y: 12 - n * 3, width: 3, height: n * 3 + 1, rx: 0.8, class: { on: n <= level } }));
    const said = level ? `${props.risk.level} risk` : "no risk";
    return h("span", { class: ["risk", ["t-good", "t-run", "t-ask", "t-bad"][level]], title: props.brief ? props.risk?.words : undefined, "data-risk": props.risk?.level }, [
      h("svg", { viewBox: "0 0 16 16", class: "risk-mark", "aria-hidden": "true" }, bars),
      h("b", said),
      props.brief || !props.risk?.words ? null : h("span", { class: "risk-words" }, `: ${props.risk.words}`),
    ]);
  },
};

// What is gained, beside the largest gain of the list: the bar runs from the least to the most.
export const CbGain = {
  props: { gain: Object, most: Number, why: String, brief: Boolean },
  setup(props) {
    const place = (s) => Math.sqrt(Math.max(0, s ?? 0) / Math.max(1, props.most)) * 100; // a root, so that small gains are seen as well
    const span = computed(() => {
      const from = place(Math.min(props.gain.low_s ?? props.gain.high_s, props.gain.high_s ?? props.gain.low_s));
      const to = place(Math.max(props.gain.low_s ?? 0, props.gain.high_s ?? 0));
      return { left: `${Math.min(from, 97)}%`, width: `${Math.max(3, to - from)}%` };
    });
    return { span, rangeOf, timed: computed(() => props.gain && (props.gain.low_s != null || props.gain.high_s != null)) };
  },
  template: `
    <div class="gain">
      <template v-if="timed"><p class="gain-time num" title="What is expected to be gained, from the least to the most">{{ rangeOf(gain.low_s, gain.high_s) }}</p><span class="gain-track" aria-hidden="true"><i :style="span"></i></span></template>
      <p v-if="gain" class="gain-words" :title="brief ? gain.words : undefined">{{ gain.words }}</p><p v-else class="quiet gain-words">{{ why || "no gain in time is claimed" }}</p>
    </div>
  `,
};

// The score in its parts: what each counted for, and why.
export const CbFactors = {
  props: { score: Number, factors: Array },
  setup(props) {
    const most = computed(() => Math.max(1, ...props.factors.map((f) => Math.abs(f.value ?? 0))));
    const part = (f) => `${(Math.abs(f.value ?? 0) / most.value) * 100}%`;
    return { part, words };
  },
  template: `
    <table class="factors"><caption class="sr">What the score is made of</caption>
      <tbody><tr v-for="f in factors" :key="f.name" :data-factor="f.name"><th scope="row">{{ f.name }}</th><td class="num">{{ words.amount(f.value) }}</td><td class="score-bar" aria-hidden="true"><i :class="{less: f.value < 0}" :style="{width: part(f)}"></i></td><td class="score-words">{{ f.words }}</td></tr></tbody>
      <tfoot v-if="factors.length"><tr><th scope="row">score</th><td class="num">{{ words.amount(score) }}</td><td class="score-bar"></td><td class="score-words quiet">the higher, the earlier in the list; a written rule, nothing is guessed</td></tr></tfoot>
    </table>
  `,
};

// Reads again when the live key says so: once for many changes, and never two at a time.
export function useAdvice(first, path = "/insights") {
  const map = shallowRef(first);
  let timer = 0;
  let busy = false;
  async function refetch() {
    map.value = await get(path);
    return null;
  }
  async function again() {
    timer = 0;
    if (busy) return void (timer = setTimeout(again, QUIET_MS));
    busy = true;
    await refetch().catch(() => {}); // a link that is down is said by the frame; the next message asks again
    busy = false;
  }
  const soon = () => (timer ||= setTimeout(again, QUIET_MS));
  const hear = (m) => typeof m.insights === "number" && soon();
  return { map, refetch, soon, hear };
}

const path = (a, deed) => `/insights/${words.segment(a.id)}/${deed}`;
const short = (text) => (text.length > 60 ? `${text.slice(0, 59)}…` : text);
function morning(days) {
  const day = new Date();
  day.setDate(day.getDate() + days);
  day.setHours(9, 0, 0, 0);
  return day.getTime() / 1000;
}
export const SNOOZES = [
  { id: "tomorrow", title: "until tomorrow, 9:00", until: () => morning(1) },
  { id: "week", title: "for a week", until: () => morning(7) },
  { id: "fortnight", title: "for two weeks", until: () => morning(14) },
];

// What can be done with advice; `soon` reads the list anew.
export function useDeeds(soon) {
  const note = reactive({ open: false, kind: "", of: null, text: "", day: "", why: "" });
  const after = (told) => (told && soon(), told);
  // which: the number of its acts; one without an act is seen to by hand.
  async function take(a, which = 0) {
    const deed = (a.acts ?? [a.act])[which];
    const yes = deed?.title ?? "I see to it";
    if (deed && ["medium", "high"].includes(a.risk?.level) && !(await ask({ title: `${yes}?`, text: `${a.title}\n\n${a.risk.level[0].toUpperCase()}${a.risk.level.slice(1)} risk: ${a.risk.words}`, yes, danger: a.risk.level === "high" }))) return null;
    const told = after(await act(path(a, "take"), { act: which }));
    if (told) toast(`${yes}: ${told.advice?.done || short(a.title)}`, "good");
    return told;
  }
  const reopen = async (a) => after(await act(path(a, "reopen"), {}, `On the list again: ${short(a.title)}`));
  const snooze = async (a, until) => after(await act(path(a, "snooze"), { until }, `Not shown before ${words.moment(until)}: ${short(a.title)}`));
  const open = (kind, a) => Object.assign(note, { open: true, kind, of: a, text: "", day: "", why: "" });
  async function say() {
    note.why = "";
    try {
      if (note.kind === "overrule") {
        if (!note.text.trim()) return void (note.why = "A few words are needed: the next one who wonders reads them.");
        await send(path(note.of, "overrule"), { reason: note.text.trim() });
        toast(`Overruled: ${short(note.of.title)}`, "good");
      } else {
        const until = new Date(`${note.day}T09:00:00`).getTime() / 1000;
        if (!(until > Date.now() / 1000)) return void (note.why = "Choose a day that is yet to come.");
        await send(path(note.of, "snooze"), { until });
        toast(`Not shown before ${words.moment(until)}: ${short(note.of.title)}`, "good");
      }
    } catch (problem) {
      return void (note.why = problem.message);
    }
    note.open = false;
    soon();
  }
  return { note, take, reopen, snooze, overrule: (a) => open("overrule", a), snoozeTo: (a) => open("snooze", a), say };
}

// The dialog of a word that needs a reason or a day.
export const CbAdviceNote = {
  components: PARTS,
  props: { deeds: Object },
  setup: (props) => ({ n: props.deeds.note, tomorrow: new Date(Date.now() + DAY * 1000).toISOString().slice(0, 10) }),
  template: `
    <CbDialog v-model:open="n.open" :title="n.kind === 'overrule' ? 'Overrule: not this' : 'Snooze until a day'">
      <p class="dialog-text advice-note-of">{{ n.of?.title }}</p>
      <label v-if="n.kind === 'overrule'" class="placing-why">Why is this not what to do? It is kept with your name, and counts when the like is ranked again.
        <textarea v-model="n.text" rows="3" maxlength="2000" data-first name="reason" :aria-invalid="!!n.why" @keydown.ctrl.enter="deeds.say" @keydown.meta.enter="deeds.say"></textarea>
      </label>
      <label v-else class="placing-why">Shown again on <input type="date" v-model="n.day" :min="tomorrow" data-first name="until" :aria-invalid="!!n.why" @keydown.enter="deeds.say"/></label>
      <p v-if="n.why" class="trouble" role="alert">{{ n.why }}</p>
      <template #acts><button type="button" class="button" @click="n.open = false">Cancel</button><CbAct tone="primary" :run="deeds.say" data-yes>{{ n.kind === 'overrule' ? 'Overrule' : 'Snooze' }}</CbAct></template>
    </CbDialog>
  `,
};
