// One run: graph, Gantt chart, list, findings; live.
import { computed, nextTick, reactive, ref, shallowRef, watchEffect } from "vue";
import { CbAccept, Findings, causesOf, countsOf } from "callboard/findings.js";
import { CbFrame, pulse, useTitle } from "callboard/frame.js";
import { CbGantt } from "callboard/gantt.js";
import { CbGraph } from "callboard/graph.js";
import { Rows, act, follow, get } from "callboard/live.js";
import { PARTS, useTabs } from "callboard/parts.js";
import * as words from "callboard/words.js";

const MOST = 400;
const MOST_COUNTED = 1900; // with fewer all findings are at hand, and each is counted once

const RunTask = {
  components: PARTS,
  props: { t: Object, cause: Object, toFinding: Function },
  setup: (props) => ({ words, spent: computed(() => words.elapsed(props.t)) }),
  template: `
    <tr :data-task="t.id">
      <td>
        <a class="name" :href="'/tasks/' + t.id">{{ t.name }}</a> <span class="id">{{ t.id }}</span> <span v-if="t.critical" class="critical-mark">critical path</span>
      </td>
      <td><CbState :word="words.shown(t)"/></td>
      <td class="full">
        <CbHold v-if="t.hold" :hold="t.hold"/>
        <template v-else-if="words.LIVE.has(t.state)">
          <CbBar :value="words.progressOf(t)"/>
          <span class="quiet">{{ t.note }}</span>
        </template>
        <template v-else>
          <span class="reason">{{ t.reason }}</span>
          <a v-if="cause" class="cause-link" :href="'?tab=findings#' + cause.id" @click.prevent="toFinding(cause)">cause: {{ cause.message }}</a>
        </template>
      </td>
      <td class="off-phone"><a :href="words.agentHref(t.agent)" class="quiet">{{ t.agent }}</a></td>
      <td><CbCounts :of="t.findings"/></td>
      <td class="right">
        <CbNum :value="spent" :as="t.ended == null ? words.ticking : words.duration" why="not started"/>
      </td>
      <td class="right off-phone">
        <CbNum :value="t.started == null ? null : t.cpu_s" :as="words.duration" why="not started"/>
      </td>
      <td class="right off-phone"><CbNum :value="t.peak_mb || null" :as="words.mebibytes"/></td>
    </tr>
  `,
};

export default {
  components: { CbAccept, CbFrame, CbGraph, CbGantt, RunTask, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const first = JSON.parse(props.first);
    const frame = JSON.parse(props.meta);
    const run = reactive(first.run);
    const tasks = new Rows(first.tasks);
    const findings = new Findings(first.findings);
    const graph = shallowRef(first.graph ?? null);
    const id = run.id;
    const host = ref(null);
    const patches = ref([]);
    async function refetch() {
      const [now, found, kept] = await Promise.all([get(`/runs/${id}`), get(`/runs/${id}/findings`), get(`/patches?run=${id}`).catch(() => [])]);
      patches.value = kept;
      Object.assign(run, now.run);
      tasks.replace(now.tasks);
      findings.replace(found.findings ?? found);
      if (now.graph?.nodes && graph.value && now.graph.nodes.length !== graph.value.nodes.length) graph.value = now.graph;
      return now.seq;
    }
    let asked = null;
    function patchesSoon() {
      asked ??= setTimeout(async () => ((asked = null), (patches.value = await get(`/patches?run=${id}`).catch(() => patches.value))), 1000);
    }
    let soon = null;
    function redrawSoon() {
      soon ??= setTimeout(() => ((soon = null), refetch().catch(() => {})), 500);
    }
    function forecastSoon() {
      if (tabs.tab.value !== "gantt" || words.RUN_OVER.has(run.state)) return;
      soon ??= setTimeout(() => ((soon = null), refetch().catch(() => {})), 3000);
    }
    follow({
      rooms: () => [`run:${id}`],
      refetch,
      fold(m) {
        const rows = (m.tasks ?? []).filter((t) => t.run === id);
        if (rows.some((t) => t.state !== tasks.get(t.id)?.state)) forecastSoon();
        if (rows.some((t) => !tasks.get(t.id))) redrawSoon(); // tasks joined the run: the graph has more nodes
        tasks.merge(rows.map((t) => words.keepForecast(t, tasks.get(t.id))));
        for (const r of m.runs ?? []) if (r.id === id) Object.assign(run, r);
        findings.merge((m.findings ?? []).filter((f) => f.run === id));
        if (m.host) host.value = m.host;
        if ((m.events ?? []).some((e) => e.run === id && e.kind.match(/^(ArtifactKept|PatchDecided)$/))) patchesSoon();
      },
    });
    const over = computed(() => words.RUN_OVER.has(run.state));
    const list = computed(() => tasks.list());
    const small = list.value.length < 3;
    const tabs = useTabs(["graph", "gantt", "tasks", "findings"], graph.value && !small ? "graph" : "tasks");
    const names = computed(() => [
      { name: "graph", title: "Graph" },
      { name: "gantt", title: "Gantt" },
      { name: "tasks", title: "Tasks", count: list.value.length },
      { name: "findings", title: "Findings", count: findings.byId.size },
    ]);
    watchEffect(() => (pulse.running = list.value.filter((t) => words.LIVE.has(t.state)).length));
    useTitle(() => `${over.value ? run.state + " · " : ""}Run ${id} ${run.name} – Callboard`);

    const query = ref("");
    const state = ref("");
    const states = computed(() => [...new Set(list.value.map((t) => words.shown(t)))].sort());
    const RANK = { failed: 0, "timed out": 0, lost: 0, "needs decision": 1, unknown: 2, running: 3, starting: 3, waiting: 4 };
    const filtered = computed(() => {
      const q = query.value.trim().toLowerCase();
      const hit = list.value.filter((t) => (!state.value || words.shown(t) === state.value) && (!q || `${t.id} ${t.name} ${t.agent} ${t.reason} ${t.hold?.reason ?? ""}`.toLowerCase().includes(q)));
      return hit.sort((a, b) => (RANK[words.shown(a)] ?? 5) - (RANK[words.shown(b)] ?? 5) || number(a) - number(b));
    });
    const number = (t) => Number(t.id.split(".")[1]);
    const visible = computed(() => filtered.value.slice(0, MOST));
    const drawn = computed(() => list.value.slice(0, 1000));

    const severity = ref("");
    const newOnly = ref(false);
    const openOnly = ref(false);
    const found = computed(() => findings.list());
    const news = computed(() => found.value.filter((f) => f.is_new).length);
    const accepted = computed(() => found.value.filter((f) => f.accepted).length);
    const counts = computed(() => (found.value.length < MOST_COUNTED ? countsOf(found.value) : run.findings));
    const shared = computed(() => found.value.filter((f) => f.tasks.length > 1));
    const causes = computed(() => causesOf(shared.value, tasks));
    const causeOf = computed(() => Object.fromEntries([...causes.value].reverse().flatMap((c) => c.behind.map((t) => [t.id, c]))));
    async function toFinding(cause) {
      [query.value, severity.value, newOnly.value] = ["", "", false];
      tabs.choose("findings");
      history.replaceState(null, "", `?tab=findings#${cause.id}`);
      await nextTick();
      document.getElementById(cause.id)?.scrollIntoView({ block: "center" });
    }
    const accepting = ref(null);
    const accept = (f) => (accepting.value = f);
    const close = () => (accepting.value = null);
    const severities = computed(() => words.SEVERITIES.map((s) => ({ s, n: found.value.filter((f) => f.severity === s).length })).filter((x) => x.n));
    const groups = computed(() => {
      const q = query.value.trim().toLowerCase();
      const by = new Map();
      for (const f of found.value) {
        if (newOnly.value && !f.is_new) continue;
        if (openOnly.value && f.accepted) continue;
        if (severity.value && f.severity !== severity.value) continue;
        if (q && !`${f.path} ${f.message} ${f.rule} ${f.agent}`.toLowerCase().includes(q)) continue;
        const key = f.path || "";
        by.has(key) ? by.get(key).push(f) : by.set(key, [f]);
      }
      const worst = (g) => Math.min(...g.map((f) => words.SEVERITIES.indexOf(f.severity)));
      const grouped = [...by.entries()].map(([path, of]) => ({ path, of: of.sort((a, b) => words.SEVERITIES.indexOf(a.severity) - words.SEVERITIES.indexOf(b.severity) || a.line - b.line) }));
      return grouped.sort((a, b) => worst(a.of) - worst(b.of) || b.of.length - a.of.length || a.path.localeCompare(b.path));
    });
    const took = computed(() => (run.started == null ? null : (run.ended ?? words.clock.now) - run.started));
    const left = computed(() => (over.value || run.expected_end == null ? null : run.expected_end - words.clock.now));
    const broken = computed(() => list.value.filter((t) => words.BAD.has(words.shown(t))).slice(0, 6));
    const again = computed(() => list.value.some((t) => words.AGAIN.has(t.state)));
    const cancel = async () => {
      if (await act(`/runs/${id}/cancel`, { reason: "cancelled on its page" }, `Run ${id} is being cancelled`)) await refetch().catch(() => {});
    };
    async function retry() {
      const answer = await act(`/runs/${id}/retry`, { from: "failure" }, "What failed is called again");
      if (answer?.run && answer.run !== id) location.href = `/runs/${answer.run}`;
      else if (answer) await refetch().catch(() => {});
    }
    return { causes, causeOf, toFinding, counts, news, accepted, newOnly, openOnly, accepting, accept, close, patches, frame, again, run, tasks, findings, graph, ...tabs, names, over, query, state, states, visible, filtered, drawn, severity, severities, groups, took, left, broken, cancel, retry, list, words };
  },
  template: `
    <CbFrame :meta="frame" here="/runs">
      <p class="crumb"><a href="/runs">Runs</a><span>/</span><span>{{ run.id }}</span></p>
      <div class="head">
        <CbState :word="run.state" big/>
        <h1>{{ run.id }} · {{ run.name }}</h1>
        <div class="acts">
          <a v-if="over" class="button" :href="'/api/v1/runs/' + run.id + '/sarif'" download>SARIF</a>
          <CbAct v-if="over && again" :run="retry">Retry what failed</CbAct>
          <CbAct v-if="!over" tone="danger" :run="cancel">Cancel run</CbAct>
        </div>
      </div>
      <div class="facts">
        <span style="flex: 1 1 160px; max-width: 300px; align-items: center">
          <CbSegments :counts="run.counts" style="flex: 1"/>
          <span class="num">{{ run.done }} of {{ run.total }}</span>
        </span>
        <span>
          <em>took</em>
          <CbNum :value="took" :as="run.ended == null ? words.ticking : words.duration" why="not started"/>
        </span>
        <span v-if="!over"><em>left</em><CbNum :value="left" :as="words.remaining" why="no forecast yet"/></span>
        <span><em>started</em><CbAgo :at="run.started"/></span>
        <span><em>by</em>{{ run.trigger }}<template v-if="run.by">, {{ run.by }}</template></span>
        <span v-if="run.git"><em>commit</em><span :title="run.git.subject">{{ run.git.branch || 'no branch' }} <code>{{ (run.git.commit || 'none yet').slice(0, 8) }}</code><template v-if="run.git.changed">, {{ words.plural(run.git.changed, 'file') }} changed</template></span></span>
        <span><em>priority</em>{{ run.priority }}</span>
        <span><em>findings</em><CbCounts :of="counts"/></span>
        <span v-if="patches.length"><em>patches</em><a class="quiet num" :href="patches.length === 1 ? '/patches/' + patches[0].id : '/patches?run=' + run.id">{{ patches.length }}<template v-if="patches.some((p) => p.state === 'proposed')">, {{ patches.filter((p) => p.state === 'proposed').length }} to decide</template></a></span>
      </div>
      <p v-if="over && run.summary" class="call" style="margin-bottom: 12px">{{ run.summary }}</p>
      <ul v-if="causes.length" class="panel rows causes" aria-label="What stands behind several failures">
        <li v-for="c in causes.slice(0, 5)" :key="c.id">
          <CbSeverity :word="c.severity"/>
          <span class="cause-text">
            <a class="name" :href="'?tab=findings#' + c.id" @click.prevent="toFinding(c)">{{ c.message }}</a><span v-if="c.path && !c.message.includes(c.path)" class="rule"> {{ c.path }}</span>:
            <span class="reason">behind {{ c.behind.length }} tasks (<template v-for="(t, i) in c.behind.slice(0, 8)" :key="t.id">{{ i ? ', ' : '' }}<a :href="'/tasks/' + t.id">{{ t.name }}</a></template><template v-if="c.behind.length > 8"> and {{ c.behind.length - 8 }} more</template>)</span>
          </span>
        </li>
        <li v-if="causes.length > 5" class="quiet">and {{ causes.length - 5 }} more that several tasks share, among the findings</li>
      </ul>
      <ul v-if="broken.length" class="panel rows t-bad" style="margin-bottom: 16px; border-left: 3px solid var(--bad)">
        <li v-for="t in broken" :key="t.id">
          <CbState :word="words.shown(t)"/> <a class="name" :href="'/tasks/' + t.id + '?tab=log#first-failure'">{{ t.name }}</a> <span class="reason">{{ t.reason }}</span>
          <a v-if="causeOf[t.id]" class="cause-link" :href="'?tab=findings#' + causeOf[t.id].id" @click.prevent="toFinding(causeOf[t.id])">cause: {{ causeOf[t.id].message }}</a>
        </li>
      </ul>
      <CbTabs :names="names" :tab="tab" :choose="choose" :href="href"/>
      <section id="panel" role="tabpanel" :aria-labelledby="'tab-' + tab">
        <div v-if="tab === 'graph'" class="panel">
          <CbGraph v-if="graph && graph.nodes.length" :graph="graph" :tasks="tasks"/>
          <CbEmpty v-else-if="list.length" title="Too large to draw">A picture of {{ words.count(list.length) }} tasks would help nobody. <a href="?tab=tasks"><b>Use the list and its filter</b></a>.</CbEmpty>
          <CbEmpty v-else title="No task in this run">The pipeline had nothing to do.</CbEmpty>
        </div>
        <div v-else-if="tab === 'gantt'" class="panel">
          <CbGantt :tasks="drawn"/>
          <p v-if="drawn.length < list.length" class="log-foot">The first {{ drawn.length }} of {{ list.length }} tasks</p>
        </div>
        <div v-else-if="tab === 'tasks'" class="panel">
          <header class="tools">
            <input type="search" data-search v-model="query" placeholder="Filter tasks  /" aria-label="Filter tasks"/>
            <span class="chips">
              <button v-for="s in states" :key="s" type="button" class="chip" :aria-pressed="state === s" @click="state = state === s ? '' : s">
                <CbState :word="s"/>
              </button>
            </span>
          </header>
          <table v-if="visible.length" class="table fold">
            <thead>
              <tr>
                <th>Task</th>
                <th>State</th>
                <th style="width: 34%">Result, or why it waits</th>
                <th>Agent</th>
                <th>Findings</th>
                <th class="right">Took</th>
                <th class="right">CPU</th>
                <th class="right">Peak</th>
              </tr>
            </thead>
            <tbody><RunTask v-for="t in visible" :key="t.id" :t="t" :cause="causeOf[t.id]" :to-finding="toFinding"/></tbody>
          </table>
          <CbEmpty v-else :title="list.length ? 'No task matches' : 'No task in this run'">{{ list.length ? 'Nothing fits this filter.' : 'The pipeline had nothing to do.' }}</CbEmpty>
          <p v-if="visible.length < filtered.length" class="log-foot">The first {{ visible.length }} of {{ filtered.length }}; filter to see the others.</p>
        </div>
        <div v-else class="stack">
          <div class="tools">
            <input type="search" data-search v-model="query" placeholder="Filter findings  /" aria-label="Filter findings"/>
            <span class="chips">
              <button v-for="x in severities" :key="x.s" type="button" class="chip" :aria-pressed="severity === x.s" @click="severity = severity === x.s ? '' : x.s">
                <span class="sev" :class="'s-' + x.s">{{ x.s }} <span class="num">{{ x.n }}</span></span>
              </button>
              <button v-if="news || newOnly" type="button" class="chip" :aria-pressed="newOnly" @click="newOnly = !newOnly">new only <span class="num">{{ news }}</span></button>
              <button v-if="accepted || openOnly" type="button" class="chip" :aria-pressed="openOnly" @click="openOnly = !openOnly">hide accepted <span class="num">{{ accepted }}</span></button>
            </span>
          </div>
          <section v-for="g in groups.slice(0, 100)" :key="g.path" class="panel">
            <header>
              <h2 class="mono" style="overflow-wrap: anywhere">{{ g.path || 'The workspace as a whole' }}</h2>
              <span class="quiet num">{{ g.of.length }}</span>
            </header>
            <ul><CbFinding v-for="f in g.of.slice(0, 200)" :key="f.id" :f="f" :accept="accept"/></ul>
          </section>
          <section v-if="!groups.length" class="panel">
            <CbEmpty :title="findings.byId.size ? 'No finding matches' : 'Nothing found'">{{ findings.byId.size ? 'Nothing fits this filter.' : over ? 'The agents that ran noticed nothing.' : 'Findings appear as the agents notice them.' }}</CbEmpty>
          </section>
        </div>
      </section>
      <CbAccept v-if="accepting" :f="accepting" :close="close"/>
    </CbFrame>
  `,
};
