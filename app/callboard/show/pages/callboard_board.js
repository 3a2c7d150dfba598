// The board: who is called, when, for what, and what went wrong.
import { computed, reactive, watchEffect } from "vue";
import { CrewCard } from "callboard/crew.js";
import { Findings } from "callboard/findings.js";
import { CbFrame, pulse, useTitle } from "callboard/frame.js";
import { Rows, act, follow, get } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const MOST_TASKS = 60;
const RANK = { "needs decision": 0, running: 1, starting: 2, waiting: 3 };

const TaskLine = {
  components: PARTS,
  props: { t: Object },
  setup(props) {
    const spent = computed(() => words.elapsed(props.t));
    const eta = computed(() => (props.t.expected_end == null || words.FINAL.has(props.t.state) ? null : props.t.expected_end - words.clock.now));
    return { spent, eta, words, LIVE: words.LIVE };
  },
  template: `
    <tr :data-task="t.id">
      <td>
        <a class="name" :href="'/tasks/' + t.id">{{ t.name }}</a> <span class="id">{{ t.id }}</span> <span v-if="t.critical" class="critical-mark" title="The run can end no sooner than this chain of tasks">critical path</span>
      </td>
      <td><CbState :word="words.shown(t)"/></td>
      <td class="full">
        <template v-if="t.hold"><CbHold :hold="t.hold"/></template>
        <template v-else-if="LIVE.has(t.state)">
          <CbBar :value="words.progressOf(t)" :label="'progress of ' + t.name"/>
          <span class="note">{{ t.note }}</span>
        </template>
        <span v-else class="reason">{{ t.reason }}</span>
      </td>
      <td class="right off-phone">
        <CbNum :value="spent" :as="t.ended == null ? words.ticking : words.duration" why="not started"/>
      </td>
      <td class="right off-phone"><CbNum :value="eta" :as="words.remaining" why="no estimate"/></td>
    </tr>
  `,
};

export default {
  components: { CbFrame, CrewCard, TaskLine, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const first = JSON.parse(props.first);
    const frame = JSON.parse(props.meta);
    const tasks = new Rows();
    const runs = new Rows();
    const agents = new Rows([], "name");
    const findings = new Findings();
    const state = reactive({ host: null, questions: [], engine: null, history: [], answered: {} });

    function replace(board) {
      tasks.replace(board.tasks);
      runs.replace(board.runs);
      agents.replace(board.agents);
      findings.replace(board.findings);
      state.questions = board.questions ?? [];
      state.engine = board.engine;
      if (board.host) host(board.host);
      return board.seq;
    }
    function host(row) {
      state.host = row;
      const last = state.history[state.history.length - 1];
      if (last?.at !== row.at) state.history.push(row);
      if (state.history.length > 90) state.history.shift();
    }
    replace(first);
    get("/machine").then((m) => {
      const known = new Set(state.history.map((h) => h.at));
      state.history = [...(m.history ?? []).slice(-90).filter((h) => !known.has(h.at)), ...state.history].slice(-90);
    }).catch(() => {});

    let asking = null;
    function questionsSoon() {
      asking ??= setTimeout(async () => {
        asking = null;
        const found = await get("/questions").catch(() => null);
        if (found) state.questions = found.questions ?? found;
      }, 300);
    }
    const asks = (t) => t.state === "needs decision" || t.hold?.kind === "question" || t.hold?.kind === "decision";
    follow({
      rooms: () => ["board"],
      refetch: async () => replace(await get("/board")),
      fold(m) {
        for (const t of m.tasks ?? []) {
          const before = tasks.get(t.id);
          if (asks(t) || (before && asks(before))) questionsSoon();
        }
        tasks.merge(m.tasks);
        runs.merge(m.runs);
        agents.merge(m.agents);
        findings.merge(m.findings);
        if (m.host) host(m.host);
      },
    });

    const crew = computed(() => agents.list().sort(words.byCrew));
    const newestRuns = computed(() => runs.list().sort((a, b) => b.id - a.id).slice(0, 8));
    const newestFindings = computed(() => findings.list().sort((a, b) => b.at - a.at).slice(0, 8));
    const newest = computed(() => newestRuns.value[0]?.id);
    const open = computed(() =>
      tasks.list().filter((t) => !words.FINAL.has(t.state)).sort((a, b) => (RANK[a.state] ?? 9) - (RANK[b.state] ?? 9) || grip(a.hold) - grip(b.hold) || (b.critical === true) - (a.critical === true) || a.run - b.run || place(a) - place(b)),
    );
    const place = (t) => Number(t.id.split(".")[1]);
    // What is held by something other than its own order comes first: there somebody may help.
    const grip = (hold) => (!hold || hold.kind === "dependency" ? 2 : hold.culprit ? 0 : 1);
    const shownTasks = computed(() => open.value.slice(0, MOST_TASKS));
    const broken = computed(() => (open.value.length ? [] : tasks.list().filter((t) => t.run === newest.value && words.BAD.has(words.shown(t)))));
    const counts = computed(() => {
      let running = 0;
      let waiting = 0;
      for (const t of open.value) words.LIVE.has(t.state) ? running++ : waiting++;
      return { running, waiting };
    });
    watchEffect(() => {
      pulse.running = counts.value.running;
      pulse.needs = state.questions.length;
    });
    useTitle(() => "Callboard");
    const lastRun = computed(() => newestRuns.value.find((r) => words.RUN_OVER.has(r.state)));

    const cap = computed(() => {
      const h = state.host;
      if (!h) return [];
      const past = (pick) => state.history.map((row) => pick(row) ?? null);
      const memory = h.memory_total_mb ? h.memory_used_mb / h.memory_total_mb : null;
      const disk = h.disk_total_gb ? 1 - h.disk_free_gb / h.disk_total_gb : null;
      return [
        { name: "CPU", value: h.cpu_percent == null ? words.DASH : `${Math.round(h.cpu_percent)} %`, part: h.cpu_percent / 100, history: past((r) => r.cpu_percent), max: 100, note: `load ${h.load?.[0]?.toFixed(2) ?? words.DASH} · ${words.plural(h.cpus, "core")}` },
        { name: "Memory", value: memory == null ? words.DASH : words.percent(memory), part: memory, history: past((r) => r.memory_used_mb), max: h.memory_total_mb, note: `${words.mebibytes(h.memory_used_mb)} of ${words.mebibytes(h.memory_total_mb)}` },
        { name: "Crew", value: h.taken && h.capacity ? `${words.cpus(h.taken.cpus)} cpu` : words.DASH, part: h.capacity?.cpus ? h.taken.cpus / h.capacity.cpus : null, history: past((r) => r.taken?.cpus), max: h.capacity?.cpus, note: h.capacity ? `of ${words.cpus(h.capacity.cpus)} · ${words.mebibytes(h.taken?.memory_mb)}` : "" },
        { name: "Disk", value: disk == null ? words.DASH : words.percent(disk), part: disk, history: past((r) => (r.disk_free_gb == null ? null : r.disk_total_gb - r.disk_free_gb)), max: h.disk_total_gb, note: h.disk_free_gb == null ? "" : `${h.disk_free_gb.toFixed(0)} GB free` },
      ];
    });

    const answer = (q, choice) => async () => {
      const path = q.question === "decision" ? `/tasks/${q.task}/decide` : `/tasks/${q.task}/answer`;
      const done = await act(path, q.question === "decision" ? { choice } : { question: q.question, choice }, `Answered '${choice}'`);
      if (done) state.questions = state.questions.filter((o) => o !== q);
    };
    const rescan = () => act("/agents/rescan", {}, "Looking for agents again");
    return { frame, crew, tasks, state, counts, open, shownTasks, broken, newestRuns, newestFindings, lastRun, cap, answer, rescan, words };
  },
  template: `
    <CbFrame :meta="frame" here="/">
      <h1 class="call">
        <template v-if="counts.running || counts.waiting">
          <b class="num">{{ counts.running }}</b> {{ counts.running === 1 ? 'task runs' : 'tasks run' }}, <b class="num">{{ counts.waiting }}</b> {{ counts.waiting === 1 ? 'waits' : 'wait' }}.</template>
        <template v-else-if="lastRun">All quiet. Run <a :href="'/runs/' + lastRun.id">{{ lastRun.id }}</a> ended <CbAgo :at="lastRun.ended"/>: <span :class="{bad: lastRun.state === 'failed'}">{{ lastRun.summary || lastRun.state }}</span>.</template>
        <template v-else>The crew is here. Nothing has been called yet.</template>
        <span v-if="state.questions.length" class="ask">&nbsp;{{ state.questions.length === 1 ? 'One thing needs you.' : state.questions.length + ' things need you.' }}</span>
      </h1>
      <p v-if="state.engine && state.engine.state === 'halted'" class="trouble" style="margin-bottom:16px" role="alert">No new work starts: {{ state.engine.reason }}</p>
      <p v-if="frame.workspace && frame.workspace.trusted === false" class="trouble ask" style="margin-bottom:16px">This workspace is not trusted yet, so nothing runs in it. Start Callboard with <code>--trust</code> once you have looked at it.</p>
      <div class="two">
        <div class="stack">
          <section v-if="state.questions.length" class="panel needs-me" aria-labelledby="h-needs">
            <header><h2 id="h-needs">Needs you</h2></header>
            <div v-for="q in state.questions" :key="q.task + q.question" class="question" :data-question="q.task">
              <CbState word="needs decision" bare/>
              <p>{{ q.text }} <a class="id" :href="'/tasks/' + q.task">{{ q.task }}</a> <span class="quiet">· <CbAgo :at="q.since"/></span>
              </p>
              <span class="choices">
                <CbAct v-for="c in q.choices" :key="c" small :run="answer(q, c)">{{ c }}</CbAct>
              </span>
            </div>
          </section>
          <section class="crew" aria-label="The crew">
            <CrewCard v-for="a in crew" :key="a.name" :a="a" :tasks="tasks"/>
            <div class="panel card start">
              <div>
                <p class="title">Call the crew</p>
                <p class="quiet">See first what would run, in which order, and why.</p>
              </div>
              <div class="tools">
                <a class="button primary" href="/runs/new">Start a run</a>
                <CbAct :run="rescan">Rescan</CbAct>
              </div>
            </div>
          </section>
          <section class="panel" aria-labelledby="h-tasks">
            <header><h2 id="h-tasks">Running and waiting</h2><span class="quiet num">{{ open.length }}</span></header>
            <table v-if="shownTasks.length" class="table fold tasks-table">
              <thead>
                <tr>
                  <th>Task</th>
                  <th>State</th>
                  <th style="width:42%">Why, or how far</th>
                  <th class="right">Took</th>
                  <th class="right">Left</th>
                </tr>
              </thead>
              <tbody><TaskLine v-for="t in shownTasks" :key="t.id" :t="t"/></tbody>
            </table>
            <template v-else-if="broken.length">
              <table class="table fold tasks-table">
                <thead>
                  <tr>
                    <th>Broken in the last run</th>
                    <th>State</th>
                    <th style="width:42%">Why</th>
                    <th class="right">Took</th>
                    <th class="right">Left</th>
                  </tr>
                </thead>
                <tbody><TaskLine v-for="t in broken" :key="t.id" :t="t"/></tbody>
              </table>
            </template>
            <CbEmpty v-else-if="newestRuns.length" title="Nothing runs, nothing waits">Start a run, or let a schedule or a commit do it.</CbEmpty>
            <CbEmpty v-else title="No run yet">Callboard looked at the workspace and worked out what the crew can do here. <a href="/runs/new"><b>See the plan</b></a>, or type <code>callboard run</code>.</CbEmpty>
            <div v-if="open.length > shownTasks.length" class="log-foot">{{ open.length - shownTasks.length }} more wait; each run's page shows all of its tasks.</div>
          </section>
          <section v-if="newestRuns.length" class="panel" aria-labelledby="h-runs">
            <header><h2 id="h-runs">Newest runs</h2><a class="more" href="/runs">All runs</a></header>
            <table class="table fold">
              <thead>
                <tr><th>Run</th><th>State</th><th>Result</th><th>Findings</th><th class="right">When</th></tr>
              </thead>
              <tbody>
                <tr v-for="r in newestRuns" :key="r.id" :data-run="r.id">
                  <td>
                    <a class="name" :href="'/runs/' + r.id">{{ r.id }} · {{ r.name }}</a> <span class="quiet">{{ r.trigger }}</span>
                  </td>
                  <td><CbState :word="r.state"/></td>
                  <td class="full reason">
                    <template v-if="words.RUN_OVER.has(r.state)">{{ r.summary }}</template>
                    <span v-else class="num">{{ r.done }} of {{ r.total }} done</span>
                  </td>
                  <td class="off-phone"><CbCounts :of="r.findings"/></td>
                  <td class="right off-phone"><CbAgo :at="r.ended || r.started || r.submitted"/></td>
                </tr>
              </tbody>
            </table>
          </section>
        </div>
        <aside class="stack">
          <section class="panel" aria-labelledby="h-host">
            <header><h2 id="h-host">This machine</h2><a class="more" href="/machine">Details</a></header>
            <div class="gauges">
              <CbGauge v-for="g in cap" :key="g.name" v-bind="g" why="not measured on this machine"/>
            </div>
            <CbEmpty v-if="!cap.length" title="Not measured yet">The first figures come within two seconds.</CbEmpty>
          </section>
          <section class="panel compact" aria-labelledby="h-find">
            <header><h2 id="h-find">Newest findings</h2></header>
            <ul v-if="newestFindings.length"><CbFinding v-for="f in newestFindings" :key="f.id" :f="f"/></ul>
            <CbEmpty v-else title="Nothing found">What the agents notice in your code appears here, worst first on each run's page.</CbEmpty>
          </section>
        </aside>
      </div>
    </CbFrame>
  `,
};
