// The workflows of a crew that are over: how long each took against the others; opened, its tasks on their time.
import { computed } from "vue";
import { CbFlowTasks } from "callboard/crew_flow.js";
import { brief, median } from "callboard/crew_watch.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const MOST = 8;
const ENOUGH = 3; // succeeded ones, from which one may speak of what is usual

const lasted = (w) => (w.started == null || w.ended == null ? null : w.ended - w.started);
const sum = (w, which) => (w.tasks.some((t) => t[which] != null) ? w.tasks.reduce((n, t) => n + (t[which] ?? 0), 0) : null);

// flows: workflows that ended, newest first. open: a Set of their ids. all: whether more than the first are listed.
export const CbPast = {
  components: { CbFlowTasks, ...PARTS },
  props: { flows: Array, open: Object, all: Boolean },
  emits: ["toggle", "all"],
  setup(props) {
    const usual = computed(() => {
      const good = props.flows.filter((w) => w.state === "succeeded").map(lasted).filter((s) => s != null);
      return good.length >= ENOUGH ? median(good) : null;
    });
    const most = computed(() => Math.max(1e-6, usual.value ?? 0, ...props.flows.map((w) => lasted(w) ?? 0)));
    const rows = computed(() =>
      (props.all ? props.flows : props.flows.filter((w, i) => i < MOST || props.open.has(w.id))).map((w) => {
        const seconds = lasted(w);
        const change = usual.value && seconds != null && w.state === "succeeded" ? seconds / usual.value - 1 : null;
        const against = change == null ? "" : Math.abs(change) < 0.1 ? "as usual" : change > 1.5 ? `${words.amount(Math.round((change + 1) * 10) / 10)} times as long` : `${Math.round(Math.abs(change) * 100)} % ${change > 0 ? "longer" : "shorter"}`;
        return { ...w, seconds, against, tone: words.stateOf(w.state).tone, width: `${((seconds ?? 0) / most.value) * 100}%`, retries: w.tasks.reduce((n, t) => n + (t.retries || 0), 0), input: w.input ?? sum(w, "input"), output: w.output ?? sum(w, "output"), fault: w.tasks.find((t) => t.state === "failed") };
      }),
    );
    const line = computed(() => (usual.value == null ? "" : `${(usual.value / most.value) * 100}%`));
    const told = computed(() => rows.value.some((w) => w.input != null || w.output != null));
    const id = (w) => `flow-${words.segment(w.id)}`;
    return { rows, usual, line, told, id, brief, words, MOST };
  },
  template: `
    <section class="panel past" aria-label="Workflows that are over">
      <header><h3 class="title">Recent workflows</h3><span class="quiet num">{{ flows.length }}</span>
        <span v-if="usual != null" class="more num">usually {{ words.duration(usual) }}</span></header>
      <table class="table fold past-table">
        <thead><tr><th>Workflow</th><th>State</th><th>Took<span v-if="line" class="quiet">, the line is what is usual</span></th><th class="right">Tasks</th><th class="right off-narrow">Retries</th><th v-if="told" class="right off-narrow">Tokens in, out</th><th class="right">Ended</th></tr></thead>
        <tbody v-for="w in rows" :key="w.id">
          <tr :data-past="w.id" :data-state="w.state">
            <td><button type="button" class="fold-button" data-main :aria-expanded="open.has(w.id)" :aria-controls="id(w)" :aria-label="(open.has(w.id) ? 'Close' : 'Open') + ' the tasks of workflow ' + w.id" :title="w.id" @click="$emit('toggle', w.id)"><svg viewBox="0 0 12 12" class="chevron" aria-hidden="true"><path d="M4 2.500L8 6l-4 3.500"/></svg><span class="past-id two-lines"><span v-if="w.name && w.name !== w.crew" class="flow-title">{{ w.name }}</span><span class="mono">{{ brief(w.id) }}</span></span></button></td>
            <td class="past-state"><CbState :word="w.state"/><span v-if="w.fault" class="quiet past-fault">at {{ w.fault.name }}</span><span v-else-if="w.error" class="quiet past-fault">{{ w.error }}</span></td>
            <td class="full past-took"><span class="past-line" aria-hidden="true"><i class="past-bar" :class="'t-' + w.tone" :style="{width: w.width}"></i><i v-if="line" class="past-usual" :style="{left: line}"></i></span><span class="num past-s"><CbNum :value="w.seconds" :as="words.duration" why="its end was not told"/></span><span class="quiet past-against">{{ w.against }}</span></td>
            <td class="right num off-phone">{{ w.total == null ? w.done : w.done + ' of ' + w.total }}</td>
            <td class="right num off-narrow" :class="w.retries ? 't-ask tinted' : 'quiet'">{{ w.retries }}</td>
            <td v-if="told" class="right num off-narrow quiet"><CbNum :value="w.input" why="not told"/>, <CbNum :value="w.output" why="not told"/></td>
            <td class="right"><CbAgo v-if="w.ended != null" :at="w.ended"/><span v-else class="quiet">heard <CbAgo :at="w.heard"/></span></td>
          </tr>
          <tr v-if="open.has(w.id)" class="past-open" :id="id(w)"><td colspan="7" class="full"><CbFlowTasks :w="w"/></td></tr>
        </tbody>
      </table>
      <button v-if="flows.length > MOST" type="button" class="link past-more" @click="$emit('all')">{{ all ? 'the newest ' + MOST + ' only' : 'all ' + flows.length }}</button>
    </section>
  `,
};
