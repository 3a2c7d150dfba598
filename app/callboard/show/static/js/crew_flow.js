// A workflow of the platform's crew: how far it is, and its tasks on their time, each against what it usually takes.
import { computed } from "vue";
import { brief, took } from "callboard/crew_watch.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];
const MOST_TICKS = 5;
const LATE = 1.5; // times as long as usual is said in colour, too
const round = (s) => (s < 60 ? `${s} s` : s < 3600 ? `${+(s / 60).toFixed(1)} m` : `${+(s / 3600).toFixed(1)} h`);
const part = (share) => `${(Math.min(1, Math.max(0, share)) * 100).toFixed(2)}%`;

// The moment at which a workflow begins and the one to which its axis goes.
export function spanOf(w) {
  const starts = w.tasks.map((t) => t.started).filter((at) => at != null);
  const from = w.started ?? (starts.length ? Math.min(...starts) : words.clock.now);
  const ends = w.tasks.map((t) => t.ended).filter((at) => at != null);
  const last = w.state === "running" ? Math.max(words.clock.now, w.eta ?? 0) : (w.ended ?? Math.max(from, ...ends));
  return { from, to: Math.max(last, from + 1) };
}

export const CbFlowTasks = {
  components: PARTS,
  props: { w: Object },
  setup(props) {
    const span = computed(() => spanOf(props.w));
    const long = computed(() => span.value.to - span.value.from);
    const ticks = computed(() => {
      const step = STEPS.find((s) => long.value / s <= MOST_TICKS) ?? 86400 * Math.ceil(long.value / 86400 / MOST_TICKS);
      return Array.from({ length: Math.ceil((long.value * 0.96) / step) }, (_, i) => i * step).map((t) => ({ t, left: part(t / long.value), words: round(t) }));
    });
    const now = computed(() => (props.w.state === "running" && words.clock.now < span.value.to - 0.5 ? part((words.clock.now - span.value.from) / long.value) : ""));
    const rows = computed(() =>
      props.w.tasks.map((t, i) => {
        const seconds = took(t);
        const usual = t.usual_s > 0 ? t.usual_s : null;
        const late = usual && seconds > usual * LATE;
        const at = t.started == null ? null : (t.started - span.value.from) / long.value;
        return {
          ...t, key: i, seconds, usual, late, tone: words.stateOf(t.state).tone,
          bar: at == null ? null : { left: part(at), width: part(Math.min(1 - at, (seconds ?? 0) / long.value)) },
          ghost: at == null || !usual ? null : { left: part(at), width: part(Math.min(1 - at, usual / long.value)) },
          says: seconds == null ? t.state : `${words.duration(seconds)}${usual ? `, usually ${words.duration(usual)}` : ""}`,
        };
      }),
    );
    const shown = (t) => (t.state === "running" ? words.ticking(t.seconds) : words.duration(t.seconds));
    const told = computed(() => props.w.tasks.some((t) => t.input != null || t.output != null));
    return { ticks, now, rows, shown, told, words };
  },
  template: `
    <table v-if="rows.length" class="table fold flow-tasks">
      <thead><tr>
        <th>Task</th><th>Agent</th>
        <th class="flow-axis"><span class="sr">When</span><span v-for="t in ticks" :key="t.t" class="num" aria-hidden="true" :style="{left: t.left}">{{ t.words }}</span></th>
        <th class="right">Took</th><th class="right">Usually</th><th class="right off-narrow">Retries</th><th v-if="told" class="right off-narrow">Tokens in, out</th>
      </tr></thead>
      <tbody>
        <tr v-for="t in rows" :key="t.key" :data-flow-task="t.name" :data-state="t.state">
          <td class="flow-name"><CbState :word="t.state" bare/><span><span class="name two-lines" :title="t.name">{{ t.name }}</span><span v-if="t.error" class="flow-error two-lines" :title="t.error">{{ t.error }}</span></span></td>
          <td class="flow-role" data-label="by"><span class="two-lines" :title="t.role">{{ t.role || words.DASH }}</span></td>
          <td class="flow-track full">
            <span class="flow-line" role="img" :aria-label="t.says" :title="t.says">
              <i v-for="tick in ticks" :key="tick.t" class="flow-rule" :style="{left: tick.left}"></i>
              <i v-if="now" class="flow-now" :style="{left: now}"></i>
              <i v-if="t.ghost" class="flow-ghost" :style="t.ghost"></i>
              <i v-if="t.bar" class="flow-bar" :class="['t-' + (t.late && t.state !== 'failed' ? 'ask' : t.tone), {live: t.state === 'running'}]" :style="t.bar"></i>
            </span>
          </td>
          <td class="right num flow-took" data-label="took" :class="{'t-ask tinted': t.late}">{{ shown(t) }}</td>
          <td class="right num quiet flow-usual" data-label="usually"><CbNum :value="t.usual" :as="words.duration" why="not enough of them have ended yet"/></td>
          <td class="right num off-narrow" :class="t.retries ? 't-ask tinted' : 'quiet'">{{ t.retries || 0 }}</td>
          <td v-if="told" class="right num off-narrow quiet"><span v-if="t.input == null && t.output == null" class="none" :title="t.started == null ? 'not begun' : 'not told'">{{ words.DASH }}</span><template v-else><CbNum :value="t.input" why="not told"/>, <CbNum :value="t.output" why="not told"/></template></td>
        </tr>
      </tbody>
    </table>
    <p v-else class="quiet flow-none">No task of it has been told yet.</p>
  `,
};

export const CbFlow = {
  components: { CbFlowTasks, ...PARTS },
  props: { w: Object, shut: Boolean },
  emits: ["fold"],
  setup(props) {
    const counts = computed(() => {
      const found = {};
      for (const t of props.w.tasks) found[t.state] = (found[t.state] ?? 0) + 1;
      const untold = (props.w.total ?? 0) - props.w.tasks.length;
      if (untold > 0) found.waiting = (found.waiting ?? 0) + untold;
      return found;
    });
    const far = computed(() => (props.w.total == null ? `${words.plural(props.w.done, "task")} done, how many there are is not told` : `${props.w.done} of ${words.plural(props.w.total, "task")} done`));
    const left = computed(() => {
      if (props.w.eta == null) return "";
      const s = props.w.eta - words.clock.now;
      if (s < -5) return `${words.coarse(-s)} over what is usual`;
      return s < 1 ? "due any moment" : `about ${words.ticking(s)} left`;
    });
    return { counts, far, left, brief, words };
  },
  template: `
    <section class="panel flow" :data-flow="w.id" :data-state="w.state" :aria-label="'Workflow ' + w.id">
      <header>
        <button type="button" class="icon flow-fold" :aria-expanded="!shut" :aria-label="(shut ? 'Open' : 'Close') + ' the tasks of workflow ' + w.id" @click="$emit('fold')"><svg viewBox="0 0 12 12" class="chevron" aria-hidden="true"><path d="M4 2.500L8 6l-4 3.500"/></svg></button>
        <CbState :word="w.waits ? 'needs decision' : w.state" :bare="!!w.waits"/><span v-if="w.waits" class="t-ask tinted">waits for a person</span>
        <h3 class="flow-id" :title="w.id"><span v-if="w.name && w.name !== w.crew" class="flow-title">{{ w.name }}</span><span class="mono">{{ brief(w.id) }}</span></h3>
        <span v-if="w.process && w.process !== 'unknown'" class="tag">{{ w.process }}</span>
        <span class="quiet flow-since"><template v-if="w.started != null">for <b class="num">{{ words.ticking(words.clock.now - w.started) }}</b></template><template v-else>since when is not told</template><template v-if="left">, <span class="num">{{ left }}</span></template></span>
        <span class="more flow-far"><CbSegments v-if="w.total" :counts="counts"/><span class="num">{{ far }}</span></span>
      </header>
      <CbFlowTasks v-if="!shut" :w="w"/>
    </section>
  `,
};
