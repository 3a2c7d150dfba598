// Every run, newest first: narrowed by the address, page by page, live.
import { computed, onScopeDispose, reactive, ref, shallowRef, watch, watchEffect } from "vue";
import { address, addressOf, asked } from "callboard/address.js";
import { useCommands, useList } from "callboard/commands.js";
import { CbDurations } from "callboard/durations.js";
import { CbExport } from "callboard/export.js";
import { CbFrame, pulse, useTitle } from "callboard/frame.js";
import { Rows, follow, get, toast } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const WANTS = ["state", "pipeline", "branch", "person", "text"];
const PICKED = ["pipeline", "branch", "person"];
const EVERY = { pipeline: "every pipeline", branch: "every branch", person: "everybody" };
const TYPED_MS = 250;
const STATES = ["running", "waiting", "failed", "unknown", "succeeded", "cancelled"];

export default {
  components: { CbDurations, CbExport, CbFrame, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const first = JSON.parse(props.first);
    const frame = JSON.parse(props.meta);
    const runs = new Rows(first.runs);
    const facets = shallowRef(first.facets);
    const wants = reactive(Object.fromEntries(WANTS.map((name) => [name, asked(name)])));
    const before = ref(asked("before")); // the page begins with runs older than this one
    const more = ref(first.runs.length >= frame.page);
    const query = (extra = {}) => new URLSearchParams(Object.entries({ limit: frame.page, ...wants, before: before.value, ...extra }).filter(([, value]) => value));
    const fits = (r) =>
      (!before.value || r.id < Number(before.value)) &&
      (!wants.state || r.state === wants.state) &&
      (!wants.pipeline || r.name === wants.pipeline) &&
      (!wants.branch || r.git?.branch === wants.branch) &&
      (!wants.person || r.by === wants.person) &&
      (!wants.text || `${r.id} ${r.name} ${r.by} ${r.trigger} ${r.git?.branch ?? ""}`.toLowerCase().includes(wants.text.toLowerCase()));
    let reading = 0;
    async function read() {
      const mine = ++reading;
      const [found, told] = await Promise.all([get(`/runs?${query()}`), get("/facets/runs")]);
      if (mine !== reading) return;
      runs.replace(found);
      facets.value = told;
      more.value = found.length >= frame.page;
    }
    const again = () => read().catch((problem) => toast(problem.message));
    function want(changes) {
      Object.assign(wants, changes);
      before.value = "";
      address({ ...wants, before: null }, { push: true });
      again();
    }
    let typing = null;
    watch(() => wants.text, () => {
      clearTimeout(typing);
      typing = setTimeout(() => {
        before.value = "";
        address({ text: wants.text, before: null });
        again();
      }, TYPED_MS);
    });
    function page(older) {
      before.value = older ? String(all.value.at(-1)?.id ?? "") : "";
      address({ before: before.value }, { push: true });
      again();
      scrollTo(0, 0);
    }
    function back() {
      for (const name of WANTS) wants[name] = asked(name);
      before.value = asked("before");
      again();
    }
    addEventListener("popstate", back);
    onScopeDispose(() => removeEventListener("popstate", back));
    let soon = null;
    follow({
      rooms: () => ["board"],
      refetch: async () => (await read(), null),
      fold(m) {
        const rows = m.runs ?? [];
        runs.merge(rows.filter((r) => runs.get(r.id) || fits(r)));
        // A run that began or ended changes what one can narrow by, and the trend.
        if (rows.some((r) => !words.RUN_OVER.has(r.state) !== !!open.get(r.id))) soon ??= setTimeout(() => ((soon = null), get("/facets/runs").then((told) => (facets.value = told)).catch(() => {})), 800);
        for (const r of rows) words.RUN_OVER.has(r.state) ? open.delete(r.id) : open.set(r.id, true);
      },
    });
    const open = new Map(first.runs.filter((r) => !words.RUN_OVER.has(r.state)).map((r) => [r.id, true]));
    const all = computed(() => runs.list().filter(fits).sort((a, b) => b.id - a.id));
    const states = computed(() => STATES.map((s) => ({ s, n: facets.value.state.find((x) => x.name === s)?.runs ?? 0 })).filter((x) => x.n || wants.state === x.s));
    const filtered = computed(() => WANTS.some((name) => wants[name]));
    const clear = () => want(Object.fromEntries(WANTS.map((name) => [name, ""])));
    const turn = (state) => want({ state: wants.state === state ? "" : state });
    watchEffect(() => (pulse.running = runs.list().reduce((n, r) => n + (words.RUN_OVER.has(r.state) ? 0 : (r.counts?.running ?? 0) + (r.counts?.starting ?? 0)), 0)));
    useTitle(() => "Runs – Callboard");
    useList("#main .table tbody tr");
    useCommands(
      () => [
        { id: "runs.older", title: "Older runs", keys: "]", run: () => page(true), when: () => more.value },
        { id: "runs.newest", title: "The newest runs", keys: "[", run: () => page(false), when: () => !!before.value },
        { id: "runs.clear", title: "Show all runs", run: clear, when: () => filtered.value },
        ...states.value.map(({ s }) => ({ id: `runs.state.${s}`, title: `Only runs: ${s}`, run: () => turn(s), when: () => wants.state !== s })),
        ...facets.value.pipeline.slice(0, 8).map((p) => ({ id: `runs.pipeline.${p.name}`, title: `Only runs of ${p.name}`, run: () => want({ pipeline: p.name }), when: () => wants.pipeline !== p.name })),
      ],
      "Runs",
    );
    const took = (r) => (r.started == null ? null : (r.ended ?? words.clock.now) - r.started);
    const exported = computed(() => Object.fromEntries(WANTS.map((name) => [name, wants[name]])));
    return { frame, all, runs, facets, wants, want, states, turn, before, more, page, filtered, clear, took, addressOf, exported, PICKED, EVERY, words };
  },
  template: `
    <CbFrame :meta="frame" here="/runs">
      <div class="head">
        <h1>Runs</h1>
        <div class="acts"><CbExport table="runs" what="runs" :query="exported" big/></div>
      </div>
      <CbDurations :trends="facets.trends" :chosen="wants.pipeline" :choose="(name) => want({pipeline: wants.pipeline === name ? '' : name})"/>
      <section class="panel">
        <header class="tools">
          <input type="search" data-search v-model="wants.text" placeholder="Filter runs  /" aria-label="Filter runs"/>
          <template v-for="name in PICKED" :key="name">
            <select v-if="facets[name].length > 1 || wants[name]" :value="wants[name]" :aria-label="name" @change="want({[name]: $event.target.value})">
              <option value="">{{ EVERY[name] }}</option>
              <option v-if="wants[name] && !facets[name].some((x) => x.name === wants[name])" :value="wants[name]">{{ wants[name] }}</option>
              <option v-for="x in facets[name]" :key="x.name" :value="x.name">{{ x.name }} ({{ x.runs }})</option>
            </select>
          </template>
          <span class="chips" role="group" aria-label="State">
            <button v-for="x in states" :key="x.s" type="button" class="chip" :aria-pressed="wants.state === x.s" @click="turn(x.s)"><CbState :word="x.s"/> <span class="num">{{ words.count(x.n) }}</span></button>
          </span>
        </header>
        <table v-if="all.length" class="table fold">
          <thead>
            <tr>
              <th>Run</th>
              <th>State</th>
              <th style="width:18%">Tasks</th>
              <th>Result</th>
              <th>Findings</th>
              <th class="right">Took</th>
              <th class="right">Started</th>
            </tr>
          </thead>
          <tbody>
            <tr v-for="r in all" :key="r.id" :data-run="r.id">
              <td>
                <a class="name" data-main :href="'/runs/' + r.id">{{ r.id }} · {{ r.name }}</a>
                <br class="off-phone">
                <span class="quiet"> {{ r.trigger }}<template v-if="r.by"> · {{ r.by }}</template><template v-if="r.git"> · {{ r.git.branch }} <code>{{ (r.git.commit || '').slice(0, 7) }}</code>{{ r.git.dirty ? '+' : '' }}</template></span>
              </td>
              <td><CbState :word="r.state"/></td>
              <td class="full">
                <CbSegments :counts="r.counts"/>
                <span class="quiet num">{{ words.count(r.done) }} of {{ words.count(r.total) }}</span>
              </td>
              <td class="full reason">{{ r.summary }}</td>
              <td class="full"><CbCounts :of="r.findings"/></td>
              <td class="right" data-label="took">
                <CbNum :value="took(r)" :as="r.ended == null ? words.ticking : words.duration" why="not started"/>
              </td>
              <td class="right"><CbAgo :at="r.started || r.submitted"/></td>
            </tr>
          </tbody>
        </table>
        <CbEmpty v-else-if="filtered || before" title="No run matches">Nothing fits this filter. <button type="button" class="link" @click="clear">Show all runs</button></CbEmpty>
        <CbEmpty v-else title="No run yet">A run calls the agents for one pipeline. <a href="/runs/new"><b>See what a run would do here</b></a>, or type <code>callboard run</code>.</CbEmpty>
        <div v-if="more || before" class="log-foot runs-pages">
          <a v-if="before" class="button small" :href="addressOf({before: null})" @click.prevent="page(false)">The newest</a>
          <a v-if="more" class="button small" :href="addressOf({before: all.length ? all[all.length - 1].id : null})" @click.prevent="page(true)">Older runs</a>
        </div>
      </section>
    </CbFrame>
  `,
};
