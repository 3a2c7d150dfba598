// The agents of the platform's crew as cards: what each does, how it did, and since when it is slow.
import { computed, ref } from "vue";
import { tokens } from "callboard/crew_watch.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const FEW = 12; // so many are looked over at once; of more, one chooses
const FIRST = 12;
const KINDS = [
  { name: "all", title: "all", of: () => true },
  { name: "working", title: "at work", of: (a) => a.state === "working" },
  { name: "slow", title: "slow", of: (a) => !!a.slow },
  { name: "failed", title: "failed", of: (a) => a.failed > 0 || a.state === "failed" },
];

export const CbCrewAgent = {
  components: PARTS,
  props: { a: Object },
  setup(props) {
    const tone = computed(() => (props.a.slow && props.a.state !== "failed" ? "ask" : words.stateOf(props.a.state).tone));
    const since = computed(() => (props.a.state === "working" && props.a.since != null ? Math.max(0, words.clock.now - props.a.since) : null));
    const usual = computed(() => (props.a.p50_s > 0 ? props.a.p50_s : null));
    const most = computed(() => Math.max(since.value ?? 0, (usual.value ?? 0) * 1.6, 1e-6));
    const told = computed(() => tokens(props.a));
    const trend = computed(() => (props.a.trend ?? []).slice(-40));
    return { tone, since, usual, most, told, trend, words };
  },
  template: `
    <article class="panel card crew-agent" :class="'t-' + tone" :data-crew-agent="a.role" :data-state="a.state" :aria-label="a.role">
      <div class="card-head"><h4 :title="a.role">{{ a.role }}</h4><CbState :word="a.state"/></div>
      <div class="card-work">
        <template v-if="since != null">
          <span class="card-task" :title="a.task">{{ a.task || 'a task without a name' }}</span>
          <span class="agent-time"><span class="agent-against" aria-hidden="true"><i :style="{width: (since / most) * 100 + '%'}"></i><b v-if="usual" :style="{left: (usual / most) * 100 + '%'}"></b></span>
          <span class="num">{{ words.ticking(since) }}<span v-if="usual" class="quiet"> of usually {{ words.duration(usual) }}</span></span></span>
        </template>
        <template v-else-if="a.task"><span class="card-task" :title="a.task">{{ a.task }}</span><span class="quiet">{{ a.state === 'failed' ? 'failed' : 'its last task' }}<template v-if="a.last_s != null">, {{ words.duration(a.last_s) }}</template><template v-if="a.since != null"> · <CbAgo :at="a.since"/></template></span></template>
        <span v-else class="quiet">{{ a.n ? 'Does nothing now.' : 'Has done nothing yet that was told.' }}</span>
        <p v-if="a.slow" class="agent-slow t-ask"><svg viewBox="0 0 16 16" class="shape" aria-hidden="true"><path d="M8 2.500a5.500 5.500 0 1 0 0 11a5.500 5.500 0 1 0 0-11zM8 5v3.200l2.200 1.500"/></svg><span><b>slow</b> for {{ words.coarse(Math.max(0, words.clock.now - a.slow.since)) }}: {{ a.slow.words }}</span></p>
      </div>
      <div class="agent-foot">
        <dl class="card-stats">
          <div><dt>Done</dt><dd>{{ words.count(a.done) }}</dd></div>
          <div><dt>Failed</dt><dd :class="a.failed ? 't-bad tinted' : ''">{{ words.count(a.failed) }}</dd></div>
          <div :title="'of ' + words.plural(a.n, 'time')"><dt>p50</dt><dd><CbNum :value="a.p50_s" :as="words.duration" why="none has ended yet"/></dd></div>
          <div :title="'of ' + words.plural(a.n, 'time')"><dt>p95</dt><dd><CbNum :value="a.p95_s" :as="words.duration" why="none has ended yet"/></dd></div>
        </dl>
        <CbSpark v-if="trend.length > 1" :values="trend" :tone="a.slow ? 'ask' : 'ink'" :label="a.role + ': the last ' + trend.length + ' times, newest ' + words.duration(trend[trend.length - 1])"/>
      </div>
      <p v-if="told" class="agent-tokens quiet num">tokens {{ told }}</p>
    </article>
  `,
};

export const CbCrewAgents = {
  components: { CbCrewAgent, ...PARTS },
  props: { agents: Array, crew: String },
  setup(props) {
    const kind = ref("all");
    const text = ref("");
    const all = ref(false);
    const many = computed(() => props.agents.length > FEW);
    const kinds = computed(() => KINDS.map((k) => ({ ...k, n: props.agents.filter(k.of).length })).filter((k) => k.n || k.name === "all"));
    const fits = computed(() => {
      if (!many.value) return props.agents;
      const chosen = KINDS.find((k) => k.name === kind.value) ?? KINDS[0];
      const asked = text.value.trim().toLowerCase();
      return props.agents.filter((a) => chosen.of(a) && (!asked || `${a.role} ${a.task ?? ""}`.toLowerCase().includes(asked)));
    });
    const shown = computed(() => (all.value ? fits.value : fits.value.slice(0, FIRST)));
    return { kind, text, all, many, kinds, fits, shown, words };
  },
  template: `
    <section class="crew-agents" :aria-label="'Agents of ' + crew">
      <header class="crew-sub"><h3 class="title">Agents</h3><span class="quiet num">{{ agents.length }}</span>
        <span v-if="many" class="tools">
          <span class="chips" role="group" aria-label="Which agents"><button v-for="k in kinds" :key="k.name" type="button" class="chip" :aria-pressed="kind === k.name" @click="kind = k.name">{{ k.title }} <span class="num">{{ k.n }}</span></button></span>
          <input type="search" v-model="text" data-search placeholder="Find an agent" aria-label="Find an agent"/>
        </span>
      </header>
      <div v-if="shown.length" class="crew-grid"><CbCrewAgent v-for="a in shown" :key="a.role" :a="a"/></div>
      <p v-else class="quiet crew-none">{{ agents.length ? 'No agent fits.' : 'No agent has been told of yet: they appear with their first task.' }}</p>
      <button v-if="fits.length > shown.length || all" type="button" class="link crew-more" @click="all = !all">{{ all ? 'the first ' + FIRST + ' only' : 'all ' + fits.length + ' agents' }}</button>
    </section>
  `,
};
