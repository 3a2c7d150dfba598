// What the files in .github/workflows would do, beside the pipeline here; shown only where there are such files.
import { computed, onMounted, ref, shallowRef } from "vue";
import { get } from "callboard/live.js";
import * as words from "callboard/words.js";

const STATES = { same: ["t-good", "the same here"], like: ["t-ask", "another tool here"], none: ["t-bad", "only in CI"], unknown: ["t-off", "purpose not told"] };
const MOST = 6;

export const CbCi = {
  props: { pipeline: String },
  setup(props) {
    const row = shallowRef(null);
    const trouble = ref("");
    const all = ref(false);
    async function ask() {
      try {
        row.value = await get(`/ci?pipeline=${encodeURIComponent(props.pipeline)}`);
        trouble.value = "";
      } catch (problem) {
        trouble.value = problem.message;
      }
    }
    onMounted(ask);
    const differences = computed(() => (all.value ? row.value.differences : row.value.differences.slice(0, MOST)));
    const counts = computed(() => Object.entries(STATES).map(([state, [tone, name]]) => ({ state, tone, name, n: row.value.counts[state] })).filter((c) => c.n));
    const place = (job) => [job.runs_on && `on ${job.runs_on}`, ...job.matrix.map((m) => `${m.axis} ${m.values.join(" ")}`), job.needs.length && `after ${job.needs.join(", ")}`, job.calls && `calls ${job.calls}`, job.when && `if ${job.when}`].filter(Boolean).join(" · ");
    const shown = (job) => job.steps.flatMap((s) => s.checks.map((c) => ({ ...c, line: s.line })));
    return { STATES, MOST, row, trouble, all, ask, differences, counts, place, shown, words };
  },
  template: `
    <section v-if="trouble || row?.there" class="panel ci" data-ci>
      <header><h2>What CI would do</h2><span class="quiet">GitHub Actions, read from its files</span>
        <span v-if="row" class="more ci-counts"><span v-for="c in counts" :key="c.state" :class="c.tone"><b class="num">{{ c.n }}</b> {{ c.name }}</span></span>
      </header>
      <p v-if="trouble" class="trouble" role="alert">{{ trouble }} <button type="button" class="link" @click="ask">Try again</button></p>
      <div v-if="row" class="ci-body">
        <ul v-if="row.differences.length" class="ci-differences">
          <li v-for="(d, i) in differences" :key="i" :class="d.kind === 'only in CI' ? 't-bad' : d.kind === 'other tool' ? 't-ask' : 't-off'">
            <b class="ci-kind">{{ d.kind }}</b>
            <span>{{ d.words }}<template v-if="d.times > 1 && d.kind !== 'only here'"> ({{ d.times }} times)</template>. <span v-if="d.mend" class="quiet">{{ d.mend }}.</span></span>
          </li>
        </ul>
        <p v-else class="reason">The pipeline does what CI does.</p>
        <button v-if="row.differences.length > MOST" type="button" class="link ci-all" :aria-expanded="all" @click="all = !all">{{ all ? 'Fewer' : words.plural(row.differences.length - MOST, 'more difference') }}</button>
        <details v-for="w in row.workflows" :key="w.path" class="ci-workflow">
          <summary><b><bdi>{{ w.name }}</bdi></b> <code>{{ w.path }}</code> <span v-if="w.triggers.length" class="quiet">on {{ w.triggers.join('; ') }}</span></summary>
          <div v-for="j in w.jobs" :key="j.id" class="ci-job">
            <h3><bdi>{{ j.name }}</bdi> <span class="quiet">{{ place(j) }}</span></h3>
            <ul v-if="shown(j).length">
              <li v-for="(c, i) in shown(j)" :key="i" :class="STATES[c.state][0]"><code>{{ c.text }}</code><span class="ci-words">{{ c.words }}</span></li>
            </ul>
            <p v-else class="quiet">{{ j.calls ? 'its steps are in another workflow' : 'nothing but preparation' }}</p>
          </div>
        </details>
        <p v-for="(t, i) in row.trouble" :key="i" class="ci-trouble t-ask"><code>{{ t.path }}{{ t.line ? ':' + t.line : '' }}</code> {{ t.words }}</p>
      </div>
    </section>
  `,
};
