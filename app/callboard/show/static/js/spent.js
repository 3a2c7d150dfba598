// Where the time of a task went: what it waited for and how long it worked, as one bar that adds up (parts of less than a whole in all do not fill it, so they are thousandths).
import { computed } from "vue";
import * as words from "callboard/words.js";

const BARE = { cpus: "waited for free cores", memory: "waited for free memory" }; // what is only named by what was missing
const WAITS = ["wait", "ask", "odd", "off"];

// [{words, seconds, tone}], in the order in which time passes: waits, then work.
export function partsOf(task, attempts, now) {
  const waits = (task.holds ?? []).filter((h) => h.seconds > 0).map((h, i) => ({ words: BARE[h.reason] ?? h.reason, seconds: h.seconds, tone: WAITS[i % WAITS.length], kind: "wait" }));
  if (task.hold) waits.push({ words: task.hold.reason, seconds: Math.max(0, now - task.hold.since), tone: "ask", kind: "wait", live: true });
  const works = attempts
    .filter((a) => a.started != null)
    .map((a) => ({ words: attempts.length > 1 ? `attempt ${a.attempt} at work` : "at work", seconds: Math.max(0, (a.ended ?? (words.LIVE.has(a.state) ? now : a.started)) - a.started), tone: words.stateOf(a.state).tone === "bad" ? "bad" : "run", kind: "work" }));
  return [...waits, ...works];
}

export const CbSpent = {
  props: { task: Object, attempts: Array },
  setup(props) {
    const parts = computed(() => partsOf(props.task, props.attempts, words.clock.now));
    const total = computed(() => parts.value.reduce((n, p) => n + p.seconds, 0));
    const whole = computed(() => Math.max(total.value, (props.task.ended ?? words.clock.now) - props.task.submitted));
    const rest = computed(() => whole.value - total.value);
    const share = (p) => (whole.value ? Math.round((p.seconds / whole.value) * 100) : 0);
    return { parts, whole, rest, share, words };
  },
  template: `
    <div class="spent">
      <span class="segments spent-bar" role="img" :aria-label="parts.map((p) => p.words + ' ' + words.duration(p.seconds)).join(', ')">
        <i v-for="(p, n) in parts" :key="n" :class="['t-' + p.tone, p.kind]" :style="{flexGrow: p.seconds * 1000}" :title="p.words + ': ' + words.duration(p.seconds)"></i>
        <i v-if="rest > 0.5" class="none" :style="{flexGrow: rest * 1000}"></i>
      </span>
      <ul class="spent-parts">
        <li v-for="(p, n) in parts" :key="n" :class="'t-' + p.tone"><i :class="p.kind" aria-hidden="true"></i><span>{{ p.words }}</span><b class="num">{{ words.duration(p.seconds) }}</b><em class="num">{{ share(p) }} %</em></li>
        <li v-if="rest > 0.5" class="t-off"><i class="none" aria-hidden="true"></i><span>not at work, and nothing noted as held</span><b class="num">{{ words.duration(rest) }}</b><em class="num">{{ Math.round(rest / whole * 100) }} %</em></li>
      </ul>
    </div>
  `,
};
