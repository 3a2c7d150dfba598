// One run of any size: graph, Gantt chart, list, findings; live.
import { computed, nextTick, onScopeDispose, reactive, ref, shallowReactive, shallowRef, watch, watchEffect } from "vue";
import { address, addressOf, asked } from "callboard/address.js";
import { CbCaseLink, useCasesOf } from "callboard/cases.js";
import { useCommands } from "callboard/commands.js";
import { CbExport } from "callboard/export.js";
import { CbAccept, Findings, causesOf, countsOf } from "callboard/findings.js";
import { CbForecast, useForecast } from "callboard/forecast.js";
import { CbFrame, pulse, useTitle } from "callboard/frame.js";
import { CbGantt } from "callboard/gantt.js";
import { CbGraph } from "callboard/graph.js";
import { follow, get, toast } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import { CbRunFindings } from "callboard/runfindings.js";
import { CbBroken, CbCauses, CbRunActs } from "callboard/runhead.js";
import { CbTaskList } from "callboard/tasklist.js";
import { Tasks, WAYS, bestWay, groupsOf, keyOf, steady } from "callboard/tasks.js";
import * as words from "callboard/words.js";

const MOST_LOOSE = 400; // more tasks are drawn in groups
const MOST_DRAWN = 2000;
const MOST_COUNTED = 1900; // with fewer all findings are at hand, and each is counted once
const JOINED_MS = 400;
const FORECAST_MS = 3000;
const TABS = ["graph", "gantt", "tasks", "findings"];
// What belongs to one tab alone leaves the address with it.
const OWN = { graph: ["open", "task"], gantt: ["view", "t"], tasks: ["q", "state", "agent", "stage", "sort"], findings: ["q", "severity", "new", "open"] };

export default {
  components: { CbAccept, CbBroken, CbCaseLink, CbCauses, CbExport, CbForecast, CbFrame, CbGantt, CbGraph, CbRunActs, CbRunFindings, CbTaskList, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const first = JSON.parse(props.first);
    const frame = JSON.parse(props.meta);
    const run = reactive(first.outline.run);
    const id = run.id;
    const tasks = new Tasks(id);
    tasks.take(first.outline);
    tasks.merge(first.tasks);
    const reading = ref(first.later);
    const findings = new Findings(first.findings ?? []);
    const allFindings = ref(first.findings != null);
    const told = shallowRef(first.outline.causes);
    const unfolded = ref(words.RUN_OVER.has(first.outline.run.state)); // what a run ends with stands there at once, or, when somebody watched it end, once they ask: nothing moves
    const early = first.outline.causes?.length > 0; // while a run goes on, those that turn up later wait for its end: nothing moves
    const graph = shallowRef(first.graph ?? null);
    const forecast = useForecast(id, first.forecast, words.RUN_OVER.has(run.state));
    const patches = ref(first.patches ?? []);

    // -- what is shown, and its address
    const small = run.total < 3;
    const tab = ref(TABS.includes(asked("tab")) ? asked("tab") : small || !run.total ? "tasks" : "graph");
    const usualTab = tab.value;
    const href = (name) => addressOf({ ...Object.fromEntries(Object.values(OWN).flat().map((own) => [own, null])), tab: name });
    function choose(name) {
      if (tab.value === name) return;
      history.pushState(null, "", href(name));
      tab.value = name;
    }
    const back = () => (tab.value = TABS.includes(asked("tab")) ? asked("tab") : usualTab);
    addEventListener("popstate", back);
    onScopeDispose(() => removeEventListener("popstate", back));

    // -- groups: the way is a person's choice, kept in the address
    const best = () => (tasks.list().length > MOST_LOOSE ? bestWay(tasks.list()) : "task");
    const by = ref(asked("by") === "task" || WAYS[asked("by")] ? asked("by") : first.graph?.by ?? best());
    const way = computed(() => (WAYS[by.value] ? by.value : bestWay((tasks.added.value, tasks.list()))));
    const open = shallowReactive(new Set(new URLSearchParams(location.search).getAll("open")));
    const drawnGroups = () => tab.value === "graph" && by.value !== "task"; // nobody else looks at them
    const groups = steady(tasks.version, [way, by, tab, tasks.added], () => (drawnGroups() ? groupsOf(tasks.list(), way.value) : new Map()));
    function chooseWay(next) {
      by.value = next;
      open.clear();
      address({ by: next, open: null });
      if (tab.value === "graph") redraw();
    }
    let drawing = 0;
    async function redraw() {
      const mine = ++drawing;
      const told = new URLSearchParams({ by: by.value });
      for (const key of open) told.append("open", key);
      try {
        const next = await get(`/runs/${id}/graph?${told}`);
        if (mine === drawing) graph.value = next;
      } catch (problem) {
        toast(problem.message);
      }
    }
    async function toggle(key) {
      open.has(key) ? open.delete(key) : open.add(key);
      const words = new URLSearchParams(location.search);
      words.delete("open");
      for (const each of open) words.append("open", each);
      history.replaceState(null, "", `?${words}`);
      await redraw();
    }
    async function reveal(t) {
      const key = keyOf[way.value](t);
      if (by.value === "task") return;
      if (!open.has(key)) await toggle(key);
    }
    const only = (key) => `?${new URLSearchParams({ tab: "tasks", ...(way.value === "stage" || way.value === "agent" ? { [way.value]: key } : { q: key }) })}`;
    watch(tab, (now) => now === "graph" && (!graph.value || graph.value.tasks !== tasks.list().length) && redraw(), { immediate: true });

    // -- reading and live
    async function readFindings() {
      const found = await get(`/runs/${id}/findings`);
      findings.replace(found);
      allFindings.value = true;
    }
    async function refetch() {
      const [now, kept] = await Promise.all([get(`/runs/${id}/outline`), get(`/patches?run=${id}`).catch(() => []), allFindings.value || tab.value === "findings" ? readFindings() : null]);
      patches.value = kept;
      Object.assign(run, now.run);
      told.value = now.causes;
      tasks.take(now);
      reading.value = false;
      if (tab.value === "graph" && graph.value?.tasks !== now.rows.length) {
        if (by.value === "task" && now.rows.length > MOST_DRAWN) by.value = best();
        redraw();
      }
      return now.seq;
    }
    watch(tab, (now) => now === "findings" && !allFindings.value && readFindings().catch((problem) => toast(problem.message)), { immediate: true });
    const near = useCasesOf(id, first.near);
    const timers = {};
    const soon = (name, after, act) => (timers[name] ??= setTimeout(() => ((timers[name] = null), Promise.resolve(act()).catch(() => {})), after));
    onScopeDispose(() => (Object.values(timers).forEach(clearTimeout), forecast.stop()));
    follow({
      rooms: () => [`run:${id}`],
      refetch,
      fold(m) {
        near.hear(m);
        const rows = (m.tasks ?? []).filter((t) => t.run === id);
        const turned = rows.some((t) => t.state !== tasks.list()[Number(t.id.split(".")[1])]?.state);
        if (tasks.merge(rows)) soon("refetch", JOINED_MS, refetch); // tasks joined the run: the graph has more nodes
        else if (turned && tab.value === "gantt" && !over.value) soon("refetch", FORECAST_MS, refetch);
        for (const r of m.runs ?? []) if (r.id === id) Object.assign(run, r);
        forecast.hear(m);
        if (allFindings.value) findings.merge((m.findings ?? []).filter((f) => f.run === id));
        if ((m.events ?? []).some((e) => e.run === id && e.kind.match(/^(ArtifactKept|PatchDecided)$/))) soon("patches", 1000, async () => (patches.value = await get(`/patches?run=${id}`)));
      },
    });

    // -- the head
    const over = computed(() => words.RUN_OVER.has(run.state));
    const names = computed(() => [
      { name: "graph", title: "Graph" },
      { name: "gantt", title: "Gantt" },
      { name: "tasks", title: "Tasks", count: words.count(run.total) },
      { name: "findings", title: "Findings", count: allFindings.value ? words.count(findings.byId.size) : words.count(Object.values(run.findings).reduce((a, b) => a + b, 0)) },
    ]);
    watchEffect(() => (pulse.running = (run.counts.running ?? 0) + (run.counts.starting ?? 0)));
    useTitle(() => `${over.value ? run.state + " · " : ""}Run ${id} ${run.name} – Callboard`);
    const found = computed(() => findings.list());
    const counts = computed(() => (allFindings.value && found.value.length < MOST_COUNTED ? countsOf(found.value) : run.findings));
    const broken = steady(tasks.version, [tasks.added], () => tasks.list().filter((t) => words.BAD.has(words.shown(t))).sort((a, b) => (over.value ? 0 : (b.ended ?? 0) - (a.ended ?? 0))));
    const shownBroken = computed(() => broken.value.map((t, n) => (n < 5 ? (tasks.get(t.id) ?? t) : t)));
    watch(broken, (rows) => tasks.want(rows.slice(0, 5).map((t) => t.id)), { immediate: true });
    const causes = computed(() => {
      if (allFindings.value) return causesOf(found.value.filter((f) => f.tasks.length > 1), tasks);
      return told.value.map((c) => ({ ...c, id: c.finding, behind: c.tasks.map((task, n) => ({ id: task, name: c.names[n] })) }));
    });
    const causeOf = computed(() => Object.fromEntries([...causes.value].reverse().flatMap((c) => c.behind.map((t) => [t.id, c]))));
    const again = computed(() => ["failed", "timed out", "cancelled", "lost"].some((s) => run.counts[s]) || broken.value.some((t) => words.AGAIN.has(t.state)));
    const took = computed(() => (run.started == null ? null : (run.ended ?? words.clock.now) - run.started));
    const left = computed(() => (over.value || run.expected_end == null ? null : run.expected_end - words.clock.now));
    const late = steady(tasks.version, [], () => tasks.list().reduce((most, t) => (t.ended == null && t.expected_end_late != null ? Math.max(most, t.expected_end_late) : most), 0));
    const most = computed(() => (late.value > (run.expected_end ?? 0) + 1 ? late.value - words.clock.now : null));
    async function toFinding(cause) {
      if (!allFindings.value) await readFindings().catch(() => {});
      history.pushState(null, "", `?tab=findings#${cause.id}`);
      tab.value = "findings";
      await nextTick();
      document.getElementById(cause.id)?.scrollIntoView({ block: "center" });
    }
    async function toFailed() {
      history.pushState(null, "", "?tab=tasks&state=failed");
      tab.value === "tasks" ? dispatchEvent(new PopStateEvent("popstate")) : (tab.value = "tasks");
    }
    const accepting = ref(null);
    const accept = (f) => (accepting.value = f);
    const close = () => (accepting.value = null);
    const jobs = () => tasks.list().filter((t) => !t.undoes).map((t) => t.name);
    const files = computed(() => [
      { id: "html", title: "The run as one page", note: "HTML", href: `/api/v1/runs/${id}/report.html` },
      { id: "sarif", title: "Findings as SARIF", note: "2.1.0", href: `/api/v1/runs/${id}/sarif` },
    ]);
    useCommands(
      () => [
        ...TABS.map((name, n) => ({ id: `run.tab.${name}`, title: `Show: ${names.value[n].title}`, keys: String(n + 1), run: () => choose(name), when: () => tab.value !== name })),
        ...Object.entries({ ...WAYS, task: "Each task" }).map(([name, title]) => ({ id: `run.by.${name}`, title: `Group by: ${title.toLowerCase()}`, run: () => chooseWay(name), when: () => by.value !== name && tab.value !== "findings" && (name !== "task" || tasks.list().length <= MOST_DRAWN) })),
      ],
      "This run",
    );
    const ways = computed(() => [...Object.entries(WAYS), ...(tasks.size <= MOST_DRAWN ? [["task", "Each task"]] : [])]);
    return { near, foreseen: forecast.at, causes, early, unfolded, causeOf, toFinding, toFailed, counts, accepting, accept, close, patches, frame, again, run, tasks, findings, allFindings, graph, tab, choose, href, names, over, took, left, most, shownBroken, refetch, jobs, files, by, way, ways, open, groups, chooseWay, toggle, reveal, only, reading, asked, words };
  },
  template: `
    <CbFrame :meta="frame" here="/runs">
      <p class="crumb"><a href="/runs">Runs</a><span>/</span><span>{{ run.id }}</span></p>
      <div class="head">
        <CbState :word="run.state" big/>
        <h1>{{ run.id }} · {{ run.name }}</h1>
        <div class="acts">
          <a class="button" :href="'/runs/' + run.id + '/compare'">Compare</a>
          <CbExport what="the run" :files="files" table="tasks" :query="{run: run.id}" big/>
          <CbRunActs :run="run" :over="over" :failed="again" :names="jobs" :refetch="refetch"/>
        </div>
      </div>
      <div class="facts">
        <span class="facts-bar">
          <CbSegments :counts="run.counts" style="flex: 1"/>
          <span class="num">{{ words.count(run.done) }} of {{ words.count(run.total) }}</span>
        </span>
        <span>
          <em>took</em>
          <CbNum :value="took" :as="run.ended == null ? words.ticking : words.duration" why="not started"/>
        </span>
        <span v-if="!over && !foreseen?.end"><em>left</em><span><CbNum :value="left" :as="words.remaining" why="no forecast yet"/><span v-if="most" class="quiet num" title="When everything takes long (P80)"> to {{ words.remaining(most) }}</span></span></span>
        <span><em>started</em><CbAgo :at="run.started"/></span>
        <span><em>trigger</em>{{ run.trigger }}<template v-if="run.by">, {{ run.by }}</template></span>
        <span v-if="run.git"><em>commit</em><span :title="run.git.subject">{{ run.git.branch || 'no branch' }} <code>{{ (run.git.commit || 'none yet').slice(0, 8) }}</code><template v-if="run.git.changed">, {{ words.plural(run.git.changed, 'file') }} changed</template></span></span>
        <span><em>priority</em>{{ run.priority }}</span>
        <span class="facts-findings"><em>findings</em><CbCounts :of="counts"/></span>
        <span v-if="patches.length"><em>patches</em><a class="quiet num" :href="patches.length === 1 ? '/patches/' + patches[0].id : '/patches?run=' + run.id">{{ patches.length }}<template v-if="patches.some((p) => p.state === 'proposed')">, {{ patches.filter((p) => p.state === 'proposed').length }} to decide</template></a></span>
        <span v-if="near.cases.value.length"><em>{{ near.cases.value.length === 1 ? 'case' : 'cases' }}</em><span class="case-links"><CbCaseLink v-for="c in near.cases.value.slice(0, 4)" :key="c.id" :row="c"/><a v-if="near.cases.value.length > 4" class="quiet num" href="/cases">and {{ near.cases.value.length - 4 }} more</a></span></span>
      </div>
      <CbForecast v-if="!over || foreseen?.end || foreseen?.foreseen" :of="foreseen" :run="run"/>
      <p v-if="over && unfolded && run.summary" class="call run-call">{{ run.summary }}</p>
      <p v-if="tasks.leftOut.value" class="trouble ask">Of {{ words.count(run.total) }} tasks the first {{ words.count(tasks.size) }} are shown here; what runs and fails among the others is counted above, and <a class="quiet" :href="'/api/v1/export/tasks.csv?run=' + run.id">the export</a> has all.</p>
      <CbCauses v-if="(over && unfolded) || early" :causes="causes" :to-finding="toFinding"/>
      <CbBroken :live="!over || !unfolded" :end="over && !unfolded ? run.summary || run.state : ''" :unfold="() => (unfolded = true)" :rows="shownBroken" :cases-of="near.ofJob" :cause-of="causeOf" :to-finding="toFinding" :all="toFailed" href="?tab=tasks&state=failed"/>
      <CbTabs :names="names" :tab="tab" :choose="choose" :href="href"/>
      <section id="panel" role="tabpanel" :aria-labelledby="'tab-' + tab">
        <div v-if="reading" class="panel"><CbEmpty title="Reading the tasks">{{ words.count(run.total) }} of them; a moment.</CbEmpty></div>
        <div v-else-if="tab === 'graph'" class="panel">
          <header v-if="tasks.size > 12" class="tools graph-by">
            <span class="chips" role="group" aria-label="Group by"><button v-for="[name, title] in ways" :key="name" type="button" class="chip" :aria-pressed="by === name" @click="chooseWay(name)">{{ title }}<span v-if="graph && graph.choices && graph.choices[name]" class="num quiet">{{ words.count(graph.choices[name]) }}</span></button></span>
            <span v-if="graph && by !== 'task' && open.size" class="tools-end quiet">{{ words.plural(open.size, 'group') }} open</span>
          </header>
          <CbEmpty v-if="graph && graph.trouble" title="Too many groups to draw">{{ graph.trouble }}.</CbEmpty>
          <CbGraph v-else-if="graph && graph.nodes.length" :graph="graph" :tasks="tasks" :groups="groups" :toggle="toggle" :reveal="reveal" :only="only" :first="asked('task')"/>
          <CbEmpty v-else-if="tasks.size" title="Drawing">{{ words.plural(tasks.size, 'task') }}</CbEmpty>
          <CbEmpty v-else title="No task in this run">The pipeline had nothing to do.</CbEmpty>
        </div>
        <div v-else-if="tab === 'gantt'" class="panel">
          <CbGantt :store="tasks" :by="way" :open="open" :choose="chooseWay"/>
        </div>
        <CbTaskList v-else-if="tab === 'tasks'" :tasks="tasks" :cause-of="causeOf" :to-finding="toFinding" :refetch="refetch"/>
        <CbRunFindings v-else :findings="findings" :accept="accept" :case-of="near.ofFinding" :over="over" :loading="!allFindings"><CbExport table="findings" :query="{run: run.id}" what="the findings"/></CbRunFindings>
      </section>
      <CbAccept v-if="accepting" :f="accepting" :close="close"/>
    </CbFrame>
  `,
};
