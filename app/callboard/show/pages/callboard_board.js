// The board: what needs me, who is called, what waits and why, what happened since I last looked.
import { computed, reactive, ref, watchEffect } from "vue";
import { CbNextPanel } from "callboard/advice.js";
import { AlertStrip } from "callboard/alerts.js";
import { CbArrange, CbNeeds, CbRuns, cancelRun } from "callboard/board_parts.js";
import { CbCasePanel } from "callboard/case_panel.js";
import { CbNews, News, useAttention } from "callboard/catchup.js";
import { useCommands, useList } from "callboard/commands.js";
import { CrewCard } from "callboard/crew.js";
import { CbPlatform, anything } from "callboard/crew_board.js";
import { Watched } from "callboard/crew_watch.js";
import { Findings } from "callboard/findings.js";
import { CbFrame, pulse, useTitle } from "callboard/frame.js";
import { CbWork } from "callboard/holds.js";
import { useAdvice, useDeeds } from "callboard/insights.js";
import { Rows, act, follow, get, newKey } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import { CbRoadPanel } from "callboard/roadmap_panel.js";
import { PANELS, settings, useArranged } from "callboard/settings.js";
import { Waits } from "callboard/waits.js";
import * as words from "callboard/words.js";

const NEWEST = 8;
const MOST_LISTED = 600;
const WIDE = ["needs", "next", "news", "crew", "platform", "tasks", "runs"];
const PHONE = ["needs", "next", "crew", "news", "tasks", "platform", "runs"]; // a phone shows first what needs me, then the crew
const BESIDE = ["cases", "roadmap", "host", "findings"];

function gauges(h, history) {
  if (!h) return [];
  const past = (pick) => history.map((row) => pick(row) ?? null);
  const memory = h.memory_total_mb ? h.memory_used_mb / h.memory_total_mb : null;
  const disk = h.disk_total_gb ? 1 - h.disk_free_gb / h.disk_total_gb : null;
  return [
    { name: "CPU", value: h.cpu_percent == null ? words.DASH : `${Math.round(h.cpu_percent)} %`, part: h.cpu_percent / 100, history: past((r) => r.cpu_percent), max: 100, note: `load ${h.load?.[0]?.toFixed(2) ?? words.DASH} · ${words.plural(h.cpus, "core")}` },
    { name: "Memory", value: memory == null ? words.DASH : words.percent(memory), part: memory, history: past((r) => r.memory_used_mb), max: h.memory_total_mb, note: `${words.mebibytes(h.memory_used_mb)} of ${words.mebibytes(h.memory_total_mb)}` },
    { name: "Crew", value: h.taken && h.capacity ? `${words.cpus(h.taken.cpus)} cpu` : words.DASH, part: h.capacity?.cpus ? h.taken.cpus / h.capacity.cpus : null, history: past((r) => r.taken?.cpus), max: h.capacity?.cpus, note: h.capacity ? `of ${words.cpus(h.capacity.cpus)} · ${words.mebibytes(h.taken?.memory_mb)}` : "" },
    { name: "Disk", value: disk == null ? words.DASH : words.percent(disk), part: disk, history: past((r) => (r.disk_free_gb == null ? null : r.disk_total_gb - r.disk_free_gb)), max: h.disk_total_gb, note: h.disk_free_gb == null ? "" : `${h.disk_free_gb.toFixed(0)} GB free` },
  ];
}

export default {
  components: { AlertStrip, CbArrange, CbCasePanel, CbFrame, CbNeeds, CbNews, CbNextPanel, CbPlatform, CbRoadPanel, CbRuns, CbWork, CrewCard, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const first = JSON.parse(props.first);
    const frame = JSON.parse(props.meta);
    const tasks = new Rows();
    const runs = new Rows();
    const agents = new Rows([], "name");
    const findings = new Findings();
    const waits = new Waits(first.inbox);
    const news = new News(first.catchup);
    const watched = new Watched(first.crew);
    const state = reactive({ host: null, history: [], platform: null, roadmap: first.roadmap ?? null, cases: first.cases ?? null });
    const arranging = ref(false);
    const advice = useAdvice(first.insights ?? { next: [], taken: [], rules: [] });
    const deeds = useDeeds(advice.soon);

    function replace(board) {
      tasks.replace(board.tasks);
      runs.replace(board.runs);
      agents.replace(board.agents);
      findings.replace(board.findings);
      state.platform = board.platform ?? null;
      if (board.host) host(board.host);
      return board.seq;
    }
    // Of a large run not every task is listed, and what is over is left: an open page stays as small as a new one.
    function take(rows) {
      tasks.merge(rows.filter((t) => tasks.get(t.id) || t.state !== "waiting" || tasks.byId.size < MOST_LISTED));
      const newest = Math.max(0, ...runs.byId.keys());
      if (tasks.byId.size > MOST_LISTED) for (const t of tasks.list()) if (words.FINAL.has(t.state) && (t.run !== newest || !words.BAD.has(words.shown(t)))) tasks.byId.delete(t.id);
    }
    function host(row) {
      state.host = row;
      if (state.history.at(-1)?.at !== row.at) state.history.push(row);
      if (state.history.length > 90) state.history.shift();
    }
    replace(first);
    get("/machine").then((m) => {
      const known = new Set(state.history.map((h) => h.at));
      state.history = [...(m.history ?? []).slice(-90).filter((h) => !known.has(h.at)), ...state.history].slice(-90);
    }).catch(() => {});

    let measured = null;
    let mapped = null; // many ticks in a row are one reading
    const map = async () => ((mapped = null), (state.roadmap = await get("/roadmap").catch(() => state.roadmap)));
    let counted = null;
    const count = async () => ((counted = null), (state.cases = await get("/cases?state=open&limit=5").catch(() => state.cases)));
    follow({
      rooms: () => ["board"],
      refetch: async () => {
        waits.refetch();
        if (first.cases) count();
        watched.refetch().catch(() => {});
        if (first.insights) advice.refetch().catch(() => {});
        return replace(await get("/board"));
      },
      fold(m) {
        runs.merge(m.runs);
        take(m.tasks ?? []);
        agents.merge(m.agents);
        findings.merge(m.findings);
        if (m.host) host(m.host);
        if (typeof m.inbox === "number") waits.refetch();
        watched.hear(m);
        advice.hear(m);
        if (typeof m.cases === "number") counted ??= setTimeout(count, 500);
        if (typeof m.roadmap === "number") mapped ??= setTimeout(map, 500);
        if (m.sections?.some((s) => s.agent === "monitor")) measured ??= setTimeout(async () => ((measured = null), (state.platform = (await get("/board").catch(() => state)).platform ?? null)), 500);
      },
    });
    useAttention(news);

    const crew = computed(() => agents.list().sort(words.byCrew));
    const newestRuns = computed(() => runs.list().sort((a, b) => b.id - a.id).slice(0, NEWEST));
    const newestFindings = computed(() => findings.list().sort((a, b) => b.at - a.at).slice(0, NEWEST));
    const open = computed(() => tasks.list().filter((t) => !words.FINAL.has(t.state)));
    const broken = computed(() => (open.value.length ? [] : tasks.list().filter((t) => t.run === newestRuns.value[0]?.id && words.BAD.has(words.shown(t)))));
    const counts = computed(() => {
      let [running, unfinished] = [0, 0];
      for (const r of runs.byId.values()) {
        if (words.RUN_OVER.has(r.state)) continue;
        running += (r.counts?.running ?? 0) + (r.counts?.starting ?? 0);
        unfinished += r.total - r.done;
      }
      return { running, waiting: Math.max(0, unfinished - running) };
    });
    const atWork = computed(() => crew.value.filter((a) => a.state === "running").length);
    watchEffect(() => {
      pulse.running = counts.value.running;
      pulse.needs = waits.rows.length;
    });
    useTitle(() => "Callboard");
    const lastRun = computed(() => newestRuns.value.find((r) => words.RUN_OVER.has(r.state)));
    const cap = computed(() => gauges(state.host, state.history));

    const narrow = ref(matchMedia("(max-width: 640px)").matches);
    matchMedia("(max-width: 640px)").addEventListener("change", (event) => (narrow.value = event.matches));
    const wide = useArranged(WIDE);
    const phone = useArranged(PHONE);
    const besides = useArranged(BESIDE);
    const has = { roadmap: () => state.roadmap?.there && state.roadmap.layers.some((row) => row.changes), cases: () => Object.values(state.cases?.counts ?? {}).some(Boolean) };
    const beside = computed(() => besides.value.filter((name) => !has[name] || has[name]()));
    const there = { needs: () => waits.rows.length > 0, next: () => advice.map.value.next.length > 0, news: () => news.told, platform: () => anything(watched.state, state.platform), runs: () => newestRuns.value.length > 0 };
    const main = computed(() => (narrow.value ? phone.value : wide.value).filter((name) => !there[name] || there[name]()));
    const hidden = computed(() => PANELS.filter((p) => settings.panels.hidden.includes(p.name)).length);

    let key = newKey();
    async function start() {
      const done = await act("/runs", { pipeline: "default" }, "", { "Idempotency-Key": key });
      if (done) key = newKey();
    }
    const rescan = () => act("/agents/rescan", {}, "Looked for agents anew.");
    const going = computed(() => newestRuns.value.filter((r) => !words.RUN_OVER.has(r.state)));
    useList("#main [data-waits], #main [data-advice], #main [data-case], #main [data-agent], #main [data-task], #main [data-run]");
    useCommands(
      () => [
        { id: "board.start", title: "Start the default pipeline now", keys: "shift+s", run: start },
        { id: "rescan", title: "Look for agents anew", run: rescan },
        { id: "board.arrange", title: "Arrange the panels of the board", run: () => (arranging.value = true) },
        { id: "board.seen", title: "Mark what happened as seen", keys: "s", run: () => news.seen(), when: () => news.told },
        ...going.value.map((r) => ({ id: `board.cancel.${r.id}`, title: `Cancel run ${r.id} '${r.name}'`, run: () => cancelRun(r) })),
        ...waits.rows.slice(0, 20).flatMap((row) => row.acts.map((a) => ({ id: `waits.${row.id}.${a.label}`, title: `${row.title} ${a.label}`, group: "Needs you", run: () => waits.choose(row, a) }))),
        ...advice.map.value.next.slice(0, 3).filter((a) => a.act).map((a) => ({ id: `advice.take.${a.id}`, title: `${a.act.title}: ${a.title}`, group: "Do next", run: () => deeds.take(a) })),
      ],
      "Board",
    );
    return { alerts: first.alerts, advice: advice.map, deeds, frame, crew, tasks, state, counts, open, broken, newestRuns, newestFindings, lastRun, cap, waits, watched, news, main, beside, hidden, arranging, atWork, start, rescan, words };
  },
  template: `
    <CbFrame :meta="frame" here="/">
      <div class="call-line">
        <h1 class="call">
          <template v-if="counts.running || counts.waiting">
            <b class="num">{{ counts.running }}</b> {{ counts.running === 1 ? 'task runs' : 'tasks run' }}, <b class="num">{{ counts.waiting }}</b> {{ counts.waiting === 1 ? 'waits' : 'wait' }}.</template>
          <template v-else-if="lastRun">All quiet. Run <a :href="'/runs/' + lastRun.id">{{ lastRun.id }}</a> ended <CbAgo :at="lastRun.ended"/>: <span :class="{bad: lastRun.state === 'failed'}">{{ lastRun.summary || lastRun.state }}</span>.</template>
          <template v-else>The crew is here. Nothing has been called yet.</template>
          <a v-if="waits.rows.length" class="ask" href="/inbox">&nbsp;{{ waits.rows.length === 1 ? 'One thing needs you.' : waits.rows.length + ' things need you.' }}</a>
        </h1>
        <button type="button" class="link arrange-button" @click="arranging = true">Arrange{{ hidden ? ' (' + hidden + ' hidden)' : '' }}</button>
      </div>
      <AlertStrip :first="alerts"/>
      <div class="two" :class="{alone: !beside.length}">
        <div class="stack">
          <template v-for="name in main" :key="name">
            <CbNeeds v-if="name === 'needs'" :waits="waits"/>
            <CbNextPanel v-else-if="name === 'next'" :map="advice" :deeds="deeds"/>
            <CbNews v-else-if="name === 'news'" :news="news"/>
            <CbZone v-else-if="name === 'crew'" name="team" :note="words.plural(crew.length, 'agent') + (atWork ? ', ' + atWork + ' at work' : '')">
              <div class="crew" aria-label="The crew" role="group">
                <CrewCard v-for="a in crew" :key="a.name" :a="a" :tasks="tasks"/>
                <div class="panel card start">
                  <div>
                    <p class="title">Call the crew</p>
                    <p class="quiet"><a class="hold" href="/runs/new">See first</a> what would run, in which order, and why; or start all of it.</p>
                  </div>
                  <div class="tools">
                    <CbAct tone="primary" :run="start">Start now</CbAct>
                    <CbAct :run="rescan">Rescan</CbAct>
                  </div>
                </div>
              </div>
            </CbZone>
            <CbWork v-else-if="name === 'tasks'" :open="open" :all="counts.running + counts.waiting" :broken="broken" :began="newestRuns.length > 0"/>
            <CbPlatform v-else-if="name === 'platform'" :watched="watched" :measured="state.platform"/>
            <CbRuns v-else-if="name === 'runs'" :runs="newestRuns"/>
          </template>
        </div>
        <aside v-if="beside.length" class="stack" aria-label="Beside">
          <template v-for="name in beside" :key="name">
            <CbCasePanel v-if="name === 'cases'" :of="state.cases"/>
            <CbRoadPanel v-else-if="name === 'roadmap'" :map="state.roadmap"/>
            <section v-else-if="name === 'host'" class="panel" aria-labelledby="h-host">
              <header><h2 id="h-host">This machine</h2><a class="more" href="/machine">Details</a></header>
              <div class="gauges">
                <CbGauge v-for="g in cap" :key="g.name" v-bind="g" why="not measured on this machine"/>
              </div>
              <CbEmpty v-if="!cap.length" title="Not measured yet">The first figures come within two seconds.</CbEmpty>
            </section>
            <section v-else class="panel compact" aria-labelledby="h-find">
              <header><h2 id="h-find">Newest findings</h2></header>
              <ul v-if="newestFindings.length"><CbFinding v-for="f in newestFindings" :key="f.id" :f="f"/></ul>
              <CbEmpty v-else title="Nothing found">What the agents notice in your code appears here, worst first on each run's page.</CbEmpty>
            </section>
          </template>
        </aside>
      </div>
      <CbArrange v-model:open="arranging"/>
    </CbFrame>
  `,
};
