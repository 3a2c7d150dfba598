// What if: the same futures with other conditions, beside those as it is. Nothing is changed from here.
import { computed, reactive, ref, shallowRef, watch } from "vue";
import { useCommands } from "callboard/commands.js";
import { CbFrame, useTitle } from "callboard/frame.js";
import { follow, send } from "callboard/live.js";
import { CbOutcome } from "callboard/outcome.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const SETTLE_MS = 350;
const CLASSES = ["critical", "high", "medium", "low"];

export default {
  components: { CbFrame, CbOutcome, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const frame = JSON.parse(props.meta);
    const first = JSON.parse(props.first);
    const outcome = shallowRef(null);
    const trouble = ref("");
    const busy = ref(false);
    const text = ref("");
    const now = first.now; // what holds at present: cpus, memory_mb, limits by agent
    const wish = reactive({ cpus: null, memory_mb: null, machines: null, concurrency: {}, without: [], priority: {}, order: "", cache: null, ...first.changes });

    const changes = () => {
      const made = {};
      for (const name of ["cpus", "memory_mb", "machines"]) if (wish[name] != null && wish[name] !== "") made[name] = Number(wish[name]);
      if (Object.keys(wish.concurrency).length) made.concurrency = { ...wish.concurrency };
      if (wish.without.length) made.without = [...wish.without];
      if (Object.keys(wish.priority).length) made.priority = { ...wish.priority };
      if (wish.order) made.order = wish.order;
      if (wish.cache != null) made.cache = wish.cache;
      return made;
    };
    const changed = computed(() => Object.keys(changes()).length);
    function query() {
      const told = new URLSearchParams();
      const put = (name, value) => told.append(name, value);
      if (first.run) put("run", first.run);
      else if (first.pipeline !== "default") put("pipeline", first.pipeline);
      for (const name of ["cpus", "memory_mb", "machines"]) if (wish[name] != null && wish[name] !== "") put(name, wish[name]);
      for (const [agent, n] of Object.entries(wish.concurrency)) put("concurrency", `${agent}:${n}`);
      for (const job of wish.without) put("without", job);
      for (const [job, rank] of Object.entries(wish.priority)) put("priority", `${job}:${rank}`);
      if (wish.order) put("order", wish.order);
      if (wish.cache != null) put("cache", wish.cache);
      return told.toString();
    }
    let turn = 0;
    let timer = 0;
    async function ask() {
      const mine = ++turn;
      busy.value = true;
      try {
        const found = await send("/insights/whatif", { ...(first.run ? { run: first.run } : { pipeline: first.pipeline }), changes: changes() });
        if (mine === turn) (outcome.value = found), (trouble.value = "");
      } catch (problem) {
        if (mine === turn) trouble.value = problem.message;
      } finally {
        if (mine === turn) busy.value = false;
      }
    }
    watch(wish, () => {
      const told = query();
      history.replaceState(null, "", told ? `?${told}` : location.pathname);
      busy.value = true;
      clearTimeout(timer);
      timer = setTimeout(ask, SETTLE_MS);
    });
    follow({ rooms: () => ["board"], refetch: async () => null, fold() {} });

    ask();

    // -- the controls --
    const limit = (agent) => wish.concurrency[agent.name] ?? agent.concurrency;
    function step(agent, by) {
      const next = Math.max(0, Math.min(64, limit(agent) + by)); // 0 is as many as fit
      if (next === agent.concurrency) delete wish.concurrency[agent.name];
      else wish.concurrency[agent.name] = next;
    }
    const leave = (job) => (wish.without = wish.without.includes(job) ? wish.without.filter((j) => j !== job) : [...wish.without, job]);
    const rank = (job, value) => (value ? (wish.priority[job] = value) : delete wish.priority[job]);
    const reset = () => Object.assign(wish, { cpus: null, memory_mb: null, machines: null, concurrency: {}, without: [], priority: {}, order: "", cache: null });
    const number = (name, event) => (wish[name] = event.target.value === "" || Number(event.target.value) === (now[name] ?? null) ? null : Number(event.target.value));
    const jobs = computed(() => first.jobs.filter((j) => text.value.trim().toLowerCase().split(/\s+/).every((word) => `${j.name} ${j.agent} ${j.title}`.toLowerCase().includes(word))));
    const said = ref("");
    async function share() {
      try {
        await navigator.clipboard.writeText(location.href);
        said.value = "copied";
      } catch {
        said.value = "it is in the address bar";
      }
      setTimeout(() => (said.value = ""), 2500);
    }
    const other = (value) => (location.href = `/insights/whatif?pipeline=${words.segment(value)}`);
    useCommands(
      () => [
        { id: "whatif.reset", title: "Take all changes back", keys: "shift+r", run: reset, when: () => changed.value > 0 },
        { id: "whatif.share", title: "Copy the address of this what-if", keys: "c", run: share },
        { id: "whatif.cpu", title: "One CPU more", keys: "]", run: () => (wish.cpus = (wish.cpus ?? now.cpus) + 1) },
        { id: "whatif.cpu-less", title: "One CPU less", keys: "[", run: () => (wish.cpus = Math.max(1, (wish.cpus ?? now.cpus) - 1)) },
        { id: "whatif.machine", title: wish.machines > 1 ? "Without the second machine" : "With a second machine", keys: "2", run: () => (wish.machines = wish.machines > 1 ? null : 2) },
        { id: "whatif.cache", title: wish.cache ? "Cache as it is" : "Unchanged work is not done again", keys: "u", run: () => (wish.cache = wish.cache ? null : true) },
        ...first.agents.map((a) => ({ id: `whatif.more.${a.name}`, title: `${a.title || a.name}: one task more at a time`, group: "Concurrency", run: () => step(a, 1) })),
        ...first.jobs.map((j) => ({ id: `whatif.without.${j.name}`, title: `${wish.without.includes(j.name) ? "With" : "Without"} ${j.name}`, group: "Jobs", run: () => leave(j.name) })),
        ...first.pipelines.filter((p) => p !== first.pipeline).map((p) => ({ id: `whatif.pipeline.${p}`, title: `Pipeline: ${p}`, run: () => other(p) })),
        { id: "whatif.insights", title: "Back to the insights", keys: "b", href: "/insights" },
      ],
      "What if",
    );
    useTitle(() => "What if – Callboard");
    return { frame, first, now, outcome, trouble, busy, text, wish, changed, limit, step, leave, rank, reset, number, jobs, said, share, other, ask, CLASSES, words };
  },
  template: `
    <CbFrame :meta="frame" here="/insights">
      <p class="crumb"><a href="/insights">Insights</a><span>/</span><span>What if</span></p>
      <div class="head">
        <h1>What if…</h1>
        <span class="quiet">{{ first.run ? 'run ' + first.run : 'the pipeline ' + first.pipeline }}, simulated; nothing is changed from here</span>
        <div class="acts">
          <label v-if="!first.run && first.pipelines.length > 1"><span class="sr">Pipeline</span><select name="pipeline" :value="first.pipeline" @change="other($event.target.value)"><option v-for="p in first.pipelines" :key="p" :value="p">{{ p }}</option></select></label>
          <button type="button" class="button" :disabled="!changed" @click="reset">As it is</button>
          <button type="button" class="button" @click="share"><span aria-live="polite">{{ said || 'Copy the address' }}</span></button>
        </div>
      </div>
      <ul v-if="(first.notes || []).length" class="stack plan-said"><li v-for="n in first.notes" :key="n" class="trouble ask">{{ n }}</li></ul>
      <div class="whatif">
        <form class="panel whatif-form" aria-label="What would be different" @submit.prevent="ask">
          <fieldset><legend>The machine</legend>
            <div class="whatif-fields">
              <label>CPUs <input type="number" name="cpus" min="0.5" max="1024" step="0.5" :value="wish.cpus ?? now.cpus" placeholder="as it is" :class="{set: wish.cpus != null}" @input="number('cpus', $event)"/></label>
              <label>Memory, MiB <input type="number" name="memory_mb" min="64" max="16777216" step="64" :value="wish.memory_mb ?? now.memory_mb" placeholder="as it is" :class="{set: wish.memory_mb != null}" @input="number('memory_mb', $event)"/></label>
              <label>Machines like it <input type="number" name="machines" min="1" max="16" step="1" :value="wish.machines ?? 1" :class="{set: wish.machines != null}" @input="number('machines', $event)"/></label>
            </div>
          </fieldset>
          <fieldset><legend>At a time, by agent</legend>
            <ul class="whatif-agents"><li v-for="a in first.agents" :key="a.name" :data-agent-limit="a.name"><span class="name">{{ a.title || a.name }}</span><span v-if="wish.concurrency[a.name] != null" class="quiet num">now {{ a.concurrency || "any" }}</span>
              <span class="stepper" :class="{set: wish.concurrency[a.name] != null}"><button type="button" :aria-label="'One fewer for ' + (a.title || a.name)" :disabled="limit(a) <= 0" @click="step(a, -1)">−</button><output :title="limit(a) ? undefined : 'no limit of its own'">{{ limit(a) || "any" }}</output><button type="button" :aria-label="'One more for ' + (a.title || a.name)" @click="step(a, 1)">+</button></span></li></ul>
          </fieldset>
          <fieldset><legend>Order and cache</legend>
            <div class="whatif-fields">
              <label v-if="first.orders.length">Order <select name="order" v-model="wish.order" :class="{set: wish.order}"><option value="">as it is</option><option v-for="o in first.orders" :key="o" :value="o">{{ o }}</option></select></label>
              <label>Unchanged work <select name="cache" :value="wish.cache ? 'true' : ''" :class="{set: wish.cache}" @change="wish.cache = $event.target.value === 'true' || null"><option value="">is done again</option><option value="true">is not done again</option></select></label>
            </div>
          </fieldset>
          <fieldset class="whatif-jobs"><legend>Without, or in another class</legend>
            <input v-if="first.jobs.length > 8" type="search" v-model="text" data-search placeholder="Find a job" aria-label="Find a job"/>
            <ul tabindex="0" aria-label="Jobs"><li v-for="j in jobs" :key="j.name" :class="{out: wish.without.includes(j.name)}" :data-job="j.name">
              <label><input type="checkbox" :checked="!wish.without.includes(j.name)" @change="leave(j.name)"/><span class="name">{{ j.name }}</span></label><span class="quiet num">{{ words.duration(j.estimate) }}</span>
              <select :value="wish.priority[j.name] || ''" :aria-label="'Class of ' + j.name" :class="{set: wish.priority[j.name]}" :disabled="wish.without.includes(j.name)" @change="rank(j.name, $event.target.value)"><option value="">{{ j.priority || 'medium' }}</option><option v-for="c in CLASSES.filter((c) => c !== (j.priority || 'medium'))" :key="c" :value="c">{{ c }}</option></select></li></ul>
            <p v-if="!jobs.length" class="quiet">No job fits '{{ text }}'.</p>
          </fieldset>
        </form>
        <div class="stack whatif-out">
          <p v-if="trouble" class="trouble" role="alert">{{ trouble }} <button type="button" class="link" @click="ask">Try again</button></p>
          <CbOutcome v-if="outcome" :of="outcome" :busy="busy" :changed="changed > 0"/>
          <section v-else-if="!trouble" class="panel"><p class="side-words">Many futures are tried, with and without the changes; that takes a few seconds.</p><CbSkeleton :rows="6" label="The futures are being worked out"/></section>
        </div>
      </div>
    </CbFrame>
  `,
};
