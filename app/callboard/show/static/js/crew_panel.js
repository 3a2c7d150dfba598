// One crew of the platform: how well it is seen, what is in flight, its agents, what is wrong, what is over.
import { computed, nextTick, onMounted, reactive, ref } from "vue";
import { CbCrewAgents } from "callboard/crew_agents.js";
import { CbFlow } from "callboard/crew_flow.js";
import { CbPast } from "callboard/crew_past.js";
import { OVER, sourceName, tokens } from "callboard/crew_watch.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const MOST_IN_FLIGHT = 6;
const OPEN = innerWidth > 640 ? 2 : 1; // workflows in flight whose tasks are shown without being asked
const MOST_WRONG = 6;

export const CbSources = {
  components: PARTS,
  props: { sources: Array },
  setup: () => ({ sourceName, words }),
  template: `
    <ul class="seen" aria-label="How it is seen">
      <li v-for="s in sources" :key="s.kind" :data-source="s.kind" :data-state="s.state">
        <CbState :word="s.state" bare/><span class="seen-name">{{ sourceName(s.kind) }}</span>
        <span class="seen-word" :class="s.state === 'fresh' ? 'quiet' : s.state === 'off' ? 'quiet' : s.state === 'error' ? 't-bad tinted' : 't-ask tinted'">{{ s.state }}<template v-if="s.last != null && s.state !== 'off'">, heard <CbAgo :at="s.last"/></template></span>
        <span v-if="s.words" class="seen-words">{{ s.words }}</span>
      </li>
    </ul>
  `,
};

export const CbCrew = {
  components: { CbCrewAgents, CbFlow, CbPast, CbSources, ...PARTS },
  props: { crew: Object, shut: Boolean, foldable: Boolean, wanted: String },
  emits: ["fold"],
  setup(props) {
    const open = reactive(new Set());
    const closed = reactive(new Map());
    const all = ref(false);
    const allWrong = ref(false);
    const flying = computed(() => props.crew.workflows.filter((w) => !OVER.has(w.state)));
    const shown = computed(() => flying.value.slice(0, MOST_IN_FLIGHT));
    // The first ones are open; what was opened or closed by hand stays so.
    const isShut = (w) => closed.get(w.id) ?? shown.value.indexOf(w) >= OPEN;
    const past = computed(() => props.crew.workflows.filter((w) => OVER.has(w.state)));
    const atWork = computed(() => props.crew.agents.filter((a) => a.state === "working").length);
    const told = computed(() => (props.crew.tokens?.known ? tokens(props.crew.tokens) : ""));
    const worst = computed(() => (["error", "stale"].find((state) => props.crew.sources.some((s) => s.state === state)) && !props.crew.sources.some((s) => s.state === "fresh") ? "stale" : ""));
    const wrong = computed(() => [
      ...props.crew.slow.map((s) => ({ key: `slow:${s.agent}`, tone: "ask", word: "slow", who: s.agent, text: s.words, at: s.since, facts: s.now_s != null && s.usual_s != null ? `${words.duration(s.now_s)} now, usually ${words.duration(s.usual_s)}${s.n ? `, of ${s.n}` : ""}` : "" })),
      ...props.crew.troubles.map((t, i) => ({ key: `${t.at}:${i}`, severity: t.severity, text: t.words, at: t.at, href: t.href, workflow: t.workflow })),
    ]);
    async function show(id) {
      if (past.value.some((w) => w.id === id)) open.add(id);
      closed.set(id, false);
      all.value ||= past.value.findIndex((w) => w.id === id) >= 8;
      await nextTick();
      const row = [...document.querySelectorAll("[data-past], [data-flow]")].find((r) => r.dataset.past === id || r.dataset.flow === id);
      row?.scrollIntoView({ block: "center" });
      row?.querySelector("button")?.focus({ preventScroll: true });
    }
    const known = (t) => t.workflow && props.crew.workflows.some((w) => w.id === t.workflow);
    const toggle = (id) => (open.has(id) ? open.delete(id) : open.add(id));
    onMounted(() => known({ workflow: props.wanted }) && show(props.wanted));
    return { open, closed, isShut, known, show, all, allWrong, flying, shown, past, atWork, told, worst, wrong, toggle, words, MOST_WRONG };
  },
  template: `
    <article class="crew-one" :id="'crew-' + words.segment(crew.name)" :data-crew="crew.name" :aria-label="'Crew ' + (crew.title || crew.name)">
      <header class="crew-head">
        <button v-if="foldable" type="button" class="icon" :aria-expanded="!shut" :aria-label="(shut ? 'Open' : 'Close') + ' crew ' + (crew.title || crew.name)" @click="$emit('fold')"><svg viewBox="0 0 12 12" class="chevron" aria-hidden="true"><path d="M4 2.500L8 6l-4 3.500"/></svg></button>
        <h2>{{ crew.title || crew.name }}</h2>
        <span v-if="crew.title && crew.title !== crew.name" class="id">{{ crew.name }}</span>
        <span v-if="foldable" class="crew-says num"><template v-if="crew.in_flight"><b>{{ crew.in_flight }}</b> in flight, <b>{{ atWork }}</b> of {{ words.plural(crew.agents.length, 'agent') }} at work</template><template v-else>nothing in flight</template></span>
        <span v-if="worst" class="t-ask tinted">what you see may be old</span>
        <span v-if="told" class="quiet num crew-tokens" title="of the workflows that are kept">tokens {{ told }}</span>
      </header>
      <CbSources v-if="crew.sources.length" :sources="crew.sources"/>
      <div v-if="!shut" class="stack crew-body">
        <CbFlow v-for="(w, i) in shown" :key="w.id" :w="w" :shut="isShut(w)" @fold="closed.set(w.id, !isShut(w))"/>
        <p v-if="flying.length > shown.length" class="quiet">and {{ flying.length - shown.length }} more in flight</p>
        <section v-if="wrong.length" class="panel wrong" :aria-label="'What is wrong with ' + (crew.title || crew.name)">
          <header><h3 class="title">What is wrong</h3><span class="quiet num">{{ wrong.length }}</span></header>
          <ul class="rows">
            <li v-for="t in allWrong ? wrong : wrong.slice(0, MOST_WRONG)" :key="t.key" class="wrong-row" :data-wrong="t.word || t.severity">
              <span v-if="t.word" class="sev wide t-ask"><CbState word="slow"/></span><CbSeverity v-else :word="t.severity"/>
              <span class="wrong-text"><b v-if="t.who">{{ t.who }}: </b><a v-if="known(t)" class="hold" :href="'/crew?workflow=' + words.segment(t.workflow)" @click.prevent="show(t.workflow)">{{ t.text }}</a><a v-else-if="t.href" class="hold" :href="t.href">{{ t.text }}</a><template v-else>{{ t.text }}</template><span v-if="t.facts" class="quiet num"> · {{ t.facts }}</span></span>
              <span class="quiet"><template v-if="t.word">since </template><CbAgo :at="t.at"/></span>
            </li>
          </ul>
          <button v-if="wrong.length > MOST_WRONG" type="button" class="link past-more" @click="allWrong = !allWrong">{{ allWrong ? 'fewer' : 'all ' + wrong.length }}</button>
        </section>
        <CbCrewAgents v-if="crew.agents.length || crew.workflows.length" :agents="crew.agents" :crew="crew.title || crew.name"/>
        <CbPast v-if="past.length" :flows="past" :open="open" :all="all" @toggle="toggle" @all="all = !all"/>
        <p v-else-if="!flying.length" class="quiet crew-none">{{ crew.agents.length ? 'No workflow of it has been seen yet.' : 'Nothing of it has been seen yet: no workflow and no agent.' }}</p>
      </div>
    </article>
  `,
};
