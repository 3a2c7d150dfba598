// One task: what it is, why it waits or failed, its log to the line.
import { computed, nextTick, onMounted, reactive, ref, watch, watchEffect } from "vue";
import { address, asked } from "callboard/address.js";
import { CbArtefacts } from "callboard/artefact.js";
import { CbCaseLink, useCasesOf } from "callboard/cases.js";
import { CbChart, useCursor } from "callboard/chart.js";
import { useCommands, useList } from "callboard/commands.js";
import { ask, CbDialog } from "callboard/dialog.js";
import { CbDiff, CbDiffLines } from "callboard/diff.js";
import { CbExport } from "callboard/export.js";
import { CbAccept } from "callboard/findings.js";
import { CbFrame, pulse, useTitle } from "callboard/frame.js";
import { CbHands } from "callboard/hands.js";
import { act, follow, get, Rows } from "callboard/live.js";
import { CbLog } from "callboard/log.js";
import { Logbook } from "callboard/logbook.js";
import { PARTS } from "callboard/parts.js";
import { CbSpent } from "callboard/spent.js";
import * as words from "callboard/words.js";

const TABS = ["log", "findings", "changes", "decisions", "attempts", "resources"];
const SAMPLES_S = 5;
const MOST_SAMPLES = 1200;

export default {
  components: { CbAccept, CbArtefacts, CbCaseLink, CbChart, CbDialog, CbDiff, CbDiffLines, CbExport, CbFrame, CbHands, CbLog, CbSpent, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const first = JSON.parse(props.first);
    const frame = JSON.parse(props.meta);
    const task = reactive(first.task);
    const id = task.id;
    const rest = reactive({ attempts: first.attempts ?? [], samples: first.samples ?? [], questions: first.questions ?? [], changes: first.changes ?? null, causes: first.causes ?? [], chosen: null, asked: null, to: "", diff: first.diff ?? null, diffTrouble: "", diffBusy: false, apart: null, against: null });
    const events = new Rows(first.events, "seq");
    const findings = new Rows(first.findings);
    const book = new Logbook(id);
    const latest = computed(() => rest.attempts.reduce((n, a) => Math.max(n, a.attempt), 0) || null);
    const wished = Number(asked("attempt"));
    const newest = first.log?.attempt ?? latest.value;
    rest.chosen = rest.attempts.some((a) => a.attempt === wished) ? wished : newest;
    if (rest.chosen != null && rest.chosen !== newest) book.open(rest.chosen);
    else if (first.log) book.open(newest, first.log);

    let attemptSeen = task.attempt;
    async function refetch() {
      const now = await get(`/tasks/${id}`);
      Object.assign(task, now.task);
      Object.assign(rest, { attempts: now.attempts ?? [], samples: now.samples ?? [], questions: now.questions ?? [], changes: now.changes ?? null, causes: now.causes ?? [] });
      events.merge(now.events);
      findings.replace(now.findings);
      if (latest.value && (rest.chosen == null || (task.attempt !== attemptSeen && task.attempt === latest.value))) choose(latest.value);
      else if (rest.chosen != null && !book.state.indexing) poke();
      attemptSeen = task.attempt;
      return now.seq;
    }
    async function poke() {
      const end = await book.read(-1, 1).catch(() => null);
      if (end && end.size > book.state.size) (book.state.size = end.size), book.index();
    }
    let soon = null;
    const again = () => (soon ??= setTimeout(() => ((soon = null), refetch().catch(() => {})), 250));
    function choose(attempt) {
      rest.chosen = attempt;
      rest.apart = null;
      book.open(attempt);
    }
    function chooseAttempt(attempt) {
      choose(attempt);
      address({ attempt: attempt === latest.value ? null : attempt, against: null }, { hash: "" });
    }
    const near = useCasesOf(task.run, first.near);
    const cases = computed(() => [...new Map([...near.ofJob(task.name), ...findings.list().map(near.ofFinding)].filter(Boolean).map((c) => [c.id, c])).values()]);
    follow({
      rooms: () => [`task:${id}`, `log:${id}`, `run:${task.run}`],
      refetch,
      fold(m) {
        near.hear(m);
        for (const t of m.tasks ?? []) {
          if (t.id !== id) continue;
          if (t.state !== task.state || t.attempt !== task.attempt) again();
          Object.assign(task, t);
          if (words.LIVE.has(t.state) && m.at) {
            rest.samples.push({ at: m.at, cpus: t.cpus_now, memory_mb: t.memory_now_mb });
            if (rest.samples.length > MOST_SAMPLES) rest.samples.splice(0, MOST_SAMPLES / 3);
          }
        }
        events.merge((m.events ?? []).filter((e) => e.task === id));
        findings.merge((m.findings ?? []).filter((f) => f.task === id));
      },
      onLog: (m) => m.task === id && (rest.chosen == null ? again() : book.hear(m)),
    });

    const state = computed(() => words.shown(task));
    const over = computed(() => words.FINAL.has(task.state));
    const tab = ref(TABS.includes(asked("tab")) ? asked("tab") : "log");
    const tabHref = (name) => `?tab=${name}`;
    function chooseTab(name) {
      if (tab.value === name) return;
      tab.value = name;
      address({ tab: name === "log" ? null : name }, { push: true, hash: "" });
    }
    const inSight = () => nextTick(() => document.getElementById(`tab-${tab.value}`)?.scrollIntoView({ block: "nearest", inline: "nearest" }));
    onMounted(() => tab.value !== "log" && inSight());
    watch(tab, inSight);
    window.addEventListener("popstate", () => (tab.value = TABS.includes(asked("tab")) ? asked("tab") : "log"));
    const names = computed(() => [
      { name: "log", title: "Log" },
      { name: "findings", title: "Findings", count: findings.byId.size },
      { name: "changes", title: "Changes", count: rest.diff?.since ? rest.diff.files.length + rest.diff.more : undefined },
      { name: "decisions", title: "Decisions", count: events.byId.size },
      { name: "attempts", title: "Attempts", count: rest.attempts.length },
      { name: "resources", title: "Resources" },
    ]);
    async function loadDiff() {
      if (rest.diff || rest.diffBusy) return;
      rest.diffBusy = true;
      try {
        rest.diff = await get(`/tasks/${id}/diff`);
        rest.diffTrouble = "";
      } catch (problem) {
        rest.diffTrouble = problem.message;
      } finally {
        rest.diffBusy = false;
      }
    }
    const wrong = computed(() => words.BAD.has(state.value) || state.value === "unknown");
    watch(() => tab.value === "changes" || wrong.value, (wanted) => wanted && loadDiff(), { immediate: true });
    async function compare(other) {
      rest.against = other;
      address({ against: other });
      rest.apart = null;
      try {
        rest.apart = await get(`/tasks/${id}/log/diff?before=${Math.min(other, rest.chosen)}&after=${Math.max(other, rest.chosen)}`);
      } catch (problem) {
        rest.apart = { lines: [], left: 0, words: problem.message };
      }
    }
    function compareNot() {
      rest.against = rest.apart = null;
      address({ against: null });
    }
    if (rest.attempts.some((a) => a.attempt === Number(asked("against"))) && Number(asked("against")) !== rest.chosen) compare(Number(asked("against")));
    watchEffect(() => (pulse.running = words.LIVE.has(task.state) ? 1 : 0));
    useTitle(() => `${words.LIVE.has(task.state) ? "" : state.value + " · "}${task.name} ${id} – Callboard`);
    const sentences = computed(() => events.list().sort((a, b) => a.seq - b.seq));
    const found = computed(() => findings.list().sort((a, b) => words.SEVERITIES.indexOf(a.severity) - words.SEVERITIES.indexOf(b.severity)));
    const spent = computed(() => words.elapsed(task));
    const left = computed(() => (over.value || task.expected_end == null ? null : task.expected_end - words.clock.now));
    const href = (f) => (typeof f.url === "string" && f.url.startsWith("/") && !f.url.startsWith("//") ? f.url : `/api/v1/tasks/${id}/artifacts/${f.attempt}/${words.segment(f.name)}`);
    const artifacts = computed(() => rest.attempts.flatMap((a) => (a.artifacts ?? []).map((f) => ({ ...f, attempt: a.attempt, href: href({ ...f, attempt: a.attempt }) }))));
    const then = async (done) => done && (await refetch().catch(() => {}));
    const stop = reactive({ open: false, reason: "" });
    const cancelAsk = () => Object.assign(stop, { open: true, reason: "" });
    async function cancel() {
      const done = await act(`/tasks/${id}/cancel`, { reason: stop.reason.trim() }, `${task.name} is being cancelled`);
      stop.open = false;
      await then(done ?? {});
    }
    async function retry() {
      if (task.idempotent === false && !(await ask({ title: `Run ${task.name} again?`, text: "It is not marked as idempotent: what it did before may be done twice.", yes: "Run it again", danger: true }))) return;
      await then((await act(`/tasks/${id}/retry`, {}, `${task.name} is called again`)) ?? {});
    }
    const others = computed(() => (task.state === "waiting" ? (task.others ?? []).filter((name) => name !== task.agent) : []));
    const giving = reactive({ open: false });
    const moveAsk = () => Object.assign(giving, { open: true }) && (rest.to = others.value.length === 1 ? others.value[0] : "");
    async function move() {
      const agent = rest.to;
      giving.open = false;
      await then((await act(`/tasks/${id}/move`, { agent }, `${task.name} is with ${agent}`)) ?? {});
    }
    watch(over, (now) => now && Object.assign(stop, { open: false }));
    watch(() => others.value.length, (n) => !n && (giving.open = false));
    const newOnly = ref(false);
    const openOnly = ref(false);
    const news = computed(() => findings.list().filter((f) => f.is_new).length);
    const accepted = computed(() => findings.list().filter((f) => f.accepted).length);
    const listed = computed(() => found.value.filter((f) => !(newOnly.value && !f.is_new) && !(openOnly.value && f.accepted)));
    const accept = (f) => (rest.asked = f);
    const close = () => (rest.asked = null);
    const answer = (q, choice) => async () => {
      const done = q.question === "decision" ? await act(`/tasks/${id}/decide`, { choice }, `Decided: ${choice}`) : await act(`/tasks/${id}/answer`, { question: q.question, choice }, `Answered '${choice}'`);
      await then(done ?? {});
    };
    // -- what it used over time --
    const cursor = useCursor();
    const samples = computed(() => rest.samples.filter((s) => s.at != null));
    const span = computed(() => {
      const begun = rest.attempts.map((a) => a.started).filter(Boolean);
      const from = Math.min(...begun, samples.value[0]?.at ?? Infinity);
      const to = over.value ? Math.max(task.ended ?? 0, samples.value.at(-1)?.at ?? 0) : words.clock.now;
      return { from, to: Math.max(to, from + 2) };
    });
    const line = (name, tone, key, points = samples.value.filter((s) => s[key] != null).map((s) => [s.at, s[key]])) => ({ name, tone, points });
    const limit = (value) => ({ name: "planned", tone: "ask", area: false, points: [[span.value.from, value], [span.value.to, value]] });
    const charts = computed(() => [
      { title: "CPU", as: words.cpus, series: [line("cores used", "run", "cpus"), ...(task.needs?.cpus ? [limit(task.needs.cpus)] : [])], note: `${words.duration(task.cpu_s)} of CPU in all` },
      { title: "Memory", as: words.mebibytes, series: [line("resident", "odd", "memory_mb"), ...(task.needs?.memory_mb ? [limit(task.needs.memory_mb)] : [])], note: task.peak_mb ? `${words.mebibytes(task.peak_mb)} at the peak` : "" },
      ...(samples.value.some((s) => s.read_mb != null) ? [{ title: "Read and written, so far", as: words.mebibytes, series: [line("read", "good", "read_mb"), line("written", "velvet", "written_mb")], note: "by the attempt that was measured" }] : []),
    ]);
    const phases = computed(() => rest.attempts.filter((a) => a.started != null).map((a) => {
      const part = (at) => ((Math.min(Math.max(at, span.value.from), span.value.to) - span.value.from) / (span.value.to - span.value.from)) * 100;
      return { ...a, left: part(a.started), width: Math.max(0.4, part(a.ended ?? words.clock.now) - part(a.started)), tone: words.stateOf(a.state).tone };
    }));
    setInterval(() => tab.value === "resources" && !document.hidden && words.LIVE.has(task.state) && get(`/tasks/${id}`).then((now) => (rest.samples = now.samples)).catch(() => {}), SAMPLES_S * 1000);
    const needs = computed(() => {
      const n = task.needs ?? {};
      return [...(n.locks ?? []).map((l) => `lock ${l.name}${l.shared ? ", shared" : ""}`), ...Object.entries(n.extra ?? {}).map(([k, v]) => `${k} ${v}`)];
    });
    const planned = computed(() => {
      const n = task.needs ?? {};
      const used = (value, as) => (task.started == null || !value ? null : as(value));
      return [
        { name: "CPU", declared: n.declared?.cpus ?? n.cpus, plan: n.cpus, used: task.cpu_s && spent.value ? task.cpu_s / spent.value : null, as: words.cpus, what: "cores, on average" },
        { name: "memory", declared: n.declared?.memory_mb ?? n.memory_mb, plan: n.memory_mb, used: task.peak_mb || null, as: words.mebibytes, what: "at the peak" },
      ].map((row) => ({ ...row, told: used(row.used, row.as) }));
    });
    useList("#panel li.finding, #panel .sentences > li, #panel .attempt, #panel .differ-file, aside li.finding, aside .artefact");
    useCommands(
      () => [
        ...names.value.map((t, n) => ({ id: `task.tab.${t.name}`, title: `Show: ${t.title}`, keys: String(n + 1), run: () => chooseTab(t.name) })),
        { id: "task.cancel", title: "Cancel this task", keys: "x", when: () => !over.value && !task.stopping, run: cancelAsk },
        { id: "task.retry", title: "Try this task again", keys: "r", when: () => words.AGAIN.has(task.state) || task.state === "skipped", run: retry },
        { id: "task.move", title: "Give this task to another agent", keys: "v", when: () => others.value.length > 0, run: moveAsk },
        ...rest.questions.flatMap((q) => q.choices.map((c, n) => ({ id: `task.answer.${q.question}.${c}`, title: `Answer '${c}'`, keys: `a ${n + 1}`, run: answer(q, c) }))),
        ...rest.attempts.filter((a) => a.attempt !== rest.chosen && tab.value === "log").map((a) => ({ id: `task.attempt.${a.attempt}`, title: `Show the log of attempt ${a.attempt}`, run: () => chooseAttempt(a.attempt) })),
        ...rest.attempts.filter((a) => a.attempt !== rest.chosen).map((a) => ({ id: `task.compare.${a.attempt}`, title: `Compare this log with that of attempt ${a.attempt}`, run: () => (chooseTab("log"), compare(a.attempt)) })),
        { id: "task.run", title: "To the run of this task", keys: "u", href: `/runs/${task.run}` },
      ],
      "This task",
    );
    return { near, cases, again, stop, cancelAsk, giving, moveAsk, chooseAttempt, compare, compareNot, loadDiff, cursor, span, charts, phases, planned, wrong, move, others, newOnly, openOnly, news, accepted, listed, accept, close, frame, task, rest, events, findings, book, state, over, tab, choose: chooseTab, tabHref, names, sentences, found, spent, left, artifacts, cancel, retry, answer, samples, needs, words };
  },
  template: `
    <CbFrame :meta="frame" here="/runs">
      <p class="crumb">
        <a href="/runs">Runs</a>
        <span>/</span>
        <a :href="'/runs/' + task.run">{{ task.run }}</a>
        <span>/</span>
        <span>{{ task.id }}</span>
      </p>
      <div class="head">
        <CbState :word="state" big/><CbHand :of="task"/>
        <h1>{{ task.name }}</h1>
        <div class="acts">
          <CbHands :task="task" :me="frame.person?.name" :done="again"/>
          <button v-if="others.length" type="button" class="button" aria-haspopup="dialog" @click="moveAsk">Move…</button>
          <CbAct v-if="!task.taken && (words.AGAIN.has(task.state) || task.state === 'skipped')" :run="retry">Retry</CbAct>
          <button v-if="!over" type="button" class="button danger" aria-haspopup="dialog" :disabled="!!task.stopping" :title="task.stopping ? 'It is being stopped: ' + task.stopping : undefined" @click="cancelAsk">Cancel task…</button>
        </div>
      </div>
      <div class="facts">
        <span v-if="task.title">{{ task.title }}</span>
        <span><em>agent</em><a :href="words.agentHref(task.agent)">{{ task.agent }}</a></span>
        <span>
          <em>took</em>
          <CbNum :value="spent" :as="task.ended == null ? words.ticking : words.duration" why="not started"/>
        </span>
        <span v-if="!over"><em>left</em><CbNum :value="left" :as="words.remaining" why="no forecast"/></span>
        <span><em>started</em><CbAgo :at="task.started"/></span>
        <span><em>attempt</em><span class="num">{{ task.attempt }} of {{ task.attempts_allowed }}</span></span>
        <span>
          <em>CPU</em>
          <CbNum :value="task.started == null ? null : task.cpu_s" :as="words.duration" why="not started"/>
        </span>
        <span><em>peak</em><CbNum :value="task.peak_mb || null" :as="words.mebibytes"/></span>
        <span v-if="task.critical" class="critical-mark">critical path</span>
        <span v-if="cases.length"><em>{{ cases.length === 1 ? 'case' : 'cases' }}</em><span class="case-links"><CbCaseLink v-for="c in cases.slice(0, 4)" :key="c.id" :row="c"/><a v-if="cases.length > 4" class="quiet num" href="/cases">and {{ cases.length - 4 }} more</a></span></span>
      </div>
      <div v-if="rest.questions.length" class="panel needs-me" style="margin-bottom: 16px">
        <div v-for="q in rest.questions" :key="q.question" class="question">
          <CbState word="needs decision"/>
          <p>{{ q.text }}</p>
          <span class="choices">
            <CbAct v-for="c in q.choices" :key="c" small :run="answer(q, c)">{{ c }}</CbAct>
          </span>
        </div>
      </div>
      <p v-if="task.taken" class="trouble ask" style="margin-bottom: 16px">{{ task.taken.by === frame.person?.name ? 'You have' : task.taken.by + ' has' }} it by hand, <CbAgo :at="task.taken.since"/>{{ task.taken.reason ? ': ' + task.taken.reason : '' }}</p>
      <p v-else-if="task.hold" class="trouble ask" style="margin-bottom: 16px">Why it waits: <CbHold :hold="task.hold"/>
      </p>
      <div v-else-if="!over && task.started != null" style="margin-bottom: 16px">
        <CbBar :value="words.progressOf(task)"/>
        <p class="quiet" style="min-height: 19px">{{ task.note }}</p>
      </div>
      <p v-else-if="task.reason" class="trouble" :style="{borderColor: 'var(--' + words.stateOf(state).tone + ')', background: 'var(--panel)', marginBottom: '16px'}">{{ task.reason }}</p>
      <p v-if="task.by_hand" class="trouble ask" style="margin-bottom: 16px">{{ task.by_hand.done ? 'Done' : 'Tried' }} by hand by {{ task.by_hand.by }}, <CbAgo :at="task.by_hand.at"/>: {{ task.by_hand.note }}</p>
      <p v-for="c in rest.causes" :key="c.fingerprint" class="cause-note">
        <CbSeverity :word="c.severity"/>
        <span>Also behind {{ words.plural(c.tasks.length - 1, 'other task') }}: <a :href="'/runs/' + task.run + '?tab=findings#' + c.finding">{{ c.message }}</a></span>
      </p>
      <div class="two task-two">
        <div style="min-width: 0">
          <CbTabs :names="names" :tab="tab" :choose="choose" :href="tabHref"/>
          <section id="panel" role="tabpanel" :aria-labelledby="'tab-' + tab">
            <template v-if="tab === 'log'">
              <div v-if="rest.attempts.length > 1" class="chips attempt-chips">
                <button v-for="a in rest.attempts" :key="a.id" type="button" class="chip" :aria-pressed="a.attempt === rest.chosen" @click="chooseAttempt(a.attempt)">attempt {{ a.attempt }} <CbState :word="a.state" bare/></button>
                <label class="attempt-compare"><span>compare with</span>
                  <select :value="rest.against ?? ''" aria-label="Compare with the log of" @change="$event.target.value ? compare(Number($event.target.value)) : compareNot()">
                    <option value="">nothing</option>
                    <option v-for="a in rest.attempts.filter((x) => x.attempt !== rest.chosen)" :key="a.id" :value="a.attempt">attempt {{ a.attempt }}</option>
                  </select>
                </label>
              </div>
              <div v-if="rest.against" class="panel apart">
                <header><h2>Attempt {{ Math.min(rest.against, rest.chosen) }} against {{ Math.max(rest.against, rest.chosen) }}</h2><button type="button" class="link more" @click="compareNot">back to the log</button></header>
                <p v-if="!rest.apart" class="differ-left">Comparing…</p>
                <p v-else-if="rest.apart.words" class="differ-left" role="status">{{ rest.apart.words }}</p>
                <CbDiffLines v-else :lines="rest.apart.lines"/>
                <p v-if="rest.apart?.left" class="differ-left">and {{ words.plural(rest.apart.left, 'more line') }}; the logs can be downloaded</p>
              </div>
              <CbLog v-else-if="rest.chosen != null" :key="rest.chosen" :book="book" :task="task"/>
              <div v-else class="panel">
                <CbEmpty v-if="over" title="It never ran">So there is no log. {{ task.reason ? 'Why: ' + task.reason + '.' : '' }}</CbEmpty>
                <CbEmpty v-else title="No attempt yet">The log begins with the first attempt. {{ task.hold ? 'Until then: ' + task.hold.reason + '.' : '' }}</CbEmpty>
              </div>
            </template>
            <div v-else-if="tab === 'findings'" class="panel">
              <header v-if="news || accepted || newOnly || openOnly" class="tools chips">
                <button v-if="news || newOnly" type="button" class="chip" :aria-pressed="newOnly" @click="newOnly = !newOnly">new only <span class="num">{{ news }}</span></button>
                <button v-if="accepted || openOnly" type="button" class="chip" :aria-pressed="openOnly" @click="openOnly = !openOnly">hide accepted <span class="num">{{ accepted }}</span></button>
              </header>
              <ul v-if="listed.length">
                <CbFinding v-for="f in listed.slice(0, 500)" :key="f.id" :f="f" :task="false" :accept="accept" :case-of="near.ofFinding"/>
              </ul>
              <CbEmpty v-else-if="found.length" title="No finding matches">Nothing fits this filter.</CbEmpty>
              <CbEmpty v-else title="Nothing found">{{ over ? 'This task noticed nothing.' : 'Findings appear as they are noticed.' }}</CbEmpty>
            </div>
            <div v-else-if="tab === 'changes'" class="panel">
              <header><h2>Since its last pass</h2><span v-if="rest.diff?.since" class="more"><a :href="'/runs/' + rest.diff.since.run">Run {{ rest.diff.since.run }}</a> · <code>{{ rest.diff.since.commit.slice(0, 7) }}</code> → <code>{{ rest.diff.commit.slice(0, 7) }}</code></span></header>
              <template v-if="rest.diff">
                <p class="differ-words">{{ rest.diff.words }}.</p>
                <ul v-if="rest.changes?.commits?.length" class="commits">
                  <li v-for="c in rest.changes.commits" :key="c.commit"><code>{{ c.commit.slice(0, 7) }}</code><span>{{ c.subject }}</span><span class="quiet">{{ c.author }}, <CbAgo :at="c.at"/></span></li>
                </ul>
                <CbDiff v-if="rest.diff.files.length" :diff="rest.diff"/>
                <CbEmpty v-else-if="!rest.diff.since" title="Nothing to compare with">Once this job has passed here, what changed since stands in this place.</CbEmpty>
              </template>
              <CbEmpty v-else :title="rest.diffTrouble ? 'Git does not say' : 'Asking git'">{{ rest.diffTrouble || 'One moment.' }}</CbEmpty>
            </div>
            <div v-else-if="tab === 'decisions'" class="panel">
              <ol v-if="sentences.length" class="sentences">
                <li v-for="e in sentences" :key="e.seq">
                  <time class="num" :title="words.absolute(e.at)">{{ words.clockTime(e.at) }}</time>
                  <p>{{ e.sentence }}</p>
                </li>
              </ol>
              <CbEmpty v-else title="Nothing decided yet">Each assignment, wait, retry and end is explained here in one sentence.</CbEmpty>
            </div>
            <div v-else-if="tab === 'attempts'" class="panel">
              <header v-if="rest.attempts.length" class="tools"><h2>{{ words.plural(rest.attempts.length, 'attempt') }} of {{ task.attempts_allowed }}</h2><span class="more"><CbExport table="attempts" :query="{run: task.run}" what="attempts of the run"/></span></header>
              <ul v-if="rest.attempts.length" class="rows">
                <li v-for="a in rest.attempts" :key="a.id" class="attempt">
                  <div class="head" style="margin: 0 0 4px">
                    <CbState :word="a.state"/>
                    <span class="name">attempt {{ a.attempt }}</span>
                    <span class="quiet">{{ a.how }}</span>
                    <span class="quiet" style="margin-left: auto"><CbAgo :at="a.started || a.decided"/></span>
                  </div>
                  <p v-if="a.reason" class="reason">{{ a.reason }}</p>
                  <p v-if="a.why" class="quiet attempt-why">Started because: {{ a.why }}</p>
                  <div class="facts" style="margin: 4px 0 0">
                    <span><em>exit code</em><CbNum :value="a.code" :as="String" why="it ended by itself, with a result instead of a code"/></span>
                    <span><em>process</em><CbNum :value="a.pid" :as="String" why="no process yet"/></span>
                    <span><em>wall</em><CbNum :value="a.usage && a.usage.wall_s" :as="words.duration"/></span>
                    <span><em>CPU</em><CbNum :value="a.usage && a.usage.cpu_s" :as="words.duration"/></span>
                    <span><em>peak</em><CbNum :value="a.usage && a.usage.peak_mb" :as="words.mebibytes"/></span>
                    <span><em>read</em><CbNum :value="a.usage && a.usage.read_mb" :as="words.mebibytes"/></span>
                    <span><em>written</em><CbNum :value="a.usage && a.usage.written_mb" :as="words.mebibytes"/></span>
                  </div>
                  <p class="attempt-acts">
                    <a data-main :href="'?attempt=' + a.attempt" @click.prevent="choose('log'), chooseAttempt(a.attempt)">log, {{ words.bytes(a.log_bytes) }}</a>
                    <a v-if="a.log_bytes" :href="'/api/v1/tasks/' + task.id + '/log/text?attempt=' + a.attempt" download>download</a>
                    <span v-if="(a.artifacts || []).length" class="quiet">kept {{ a.artifacts.map((f) => f.name).join(', ') }}</span>
                  </p>
                </li>
              </ul>
              <CbEmpty v-else title="No attempt yet">An attempt is one process. There is none so far.</CbEmpty>
            </div>
            <div v-else class="stack">
              <template v-if="samples.length > 1">
                <div v-if="phases.length > 1" class="phases" aria-label="Attempts over the same time">
                  <span v-for="p in phases" :key="p.id" class="phase" :class="'t-' + p.tone" :style="{left: p.left + '%', width: p.width + '%'}" :title="'attempt ' + p.attempt + ' ' + p.state">{{ p.attempt }}</span>
                </div>
                <CbChart v-for="c in charts" :key="c.title" :title="c.title" :series="c.series" :span="span" :as="c.as" :cursor="cursor" :note="c.note"/>
              </template>
              <div v-else class="panel"><CbEmpty title="Not measured over time">{{ task.started == null ? 'It has not started.' : 'It was too short to be measured more than once; what it used in all is above.' }}</CbEmpty></div>
            </div>
          </section>
        </div>
        <aside class="stack">
          <section v-if="tab !== 'findings'" class="panel">
            <header>
              <h2>Findings</h2>
              <a v-if="found.length" class="more" href="?tab=findings" @click.prevent="choose('findings')">All {{ found.length }}</a>
            </header>
            <ul v-if="found.length" class="compact">
              <CbFinding v-for="f in found.slice(0, 5)" :key="f.id" :f="f" :task="false" :case-of="near.ofFinding"/>
            </ul>
            <p v-else class="quiet" style="padding: 12px 14px">{{ over ? 'None.' : 'None so far.' }}</p>
          </section>
          <section v-if="(rest.diff || rest.changes) && tab !== 'changes'" class="panel">
            <header><h2>Since its last pass</h2><a v-if="rest.diff?.files.length" class="more" href="?tab=changes" @click.prevent="choose('changes')">All changes</a></header>
            <p class="differ-words">{{ rest.diff?.words ?? rest.changes.words }}.</p>
            <ul v-if="rest.changes?.commits?.length" class="commits small">
              <li v-for="c in rest.changes.commits.slice(0, 3)" :key="c.commit"><code>{{ c.commit.slice(0, 7) }}</code><span>{{ c.subject }}</span></li>
            </ul>
            <CbDiff v-if="rest.diff?.files.length" :diff="rest.diff" small/>
          </section>
          <section class="panel">
            <header><h2>Where the time went</h2></header>
            <CbSpent :task="task" :attempts="rest.attempts"/>
          </section>
          <section v-if="artifacts.length" class="panel">
            <header><h2>Artefacts</h2></header>
            <CbArtefacts :files="artifacts"/>
          </section>
          <section class="panel">
            <header><h2>What it takes</h2></header>
            <div style="padding: 12px 14px" class="stack">
              <table class="uses"><thead><tr><th><span class="sr">What</span></th><th>declared</th><th>planned</th><th>used</th></tr></thead><tbody>
                <tr v-for="p in planned" :key="p.name"><th scope="row">{{ p.name }}</th><td class="num">{{ p.as(p.declared) }}</td><td class="num">{{ p.as(p.plan) }}</td><td class="num" :title="p.what"><b v-if="p.told">{{ p.told }}</b><span v-else class="none" title="not measured yet">–</span></td></tr>
              </tbody></table>
              <p v-if="needs.length" class="tags"><span v-for="n in needs" :key="n" class="tag">{{ n }}</span></p>
              <p v-if="task.needs?.learned" class="quiet">{{ task.needs.learned }}</p>
              <p v-if="task.because" class="reason">{{ task.because }}</p>
              <p v-if="task.affected" class="reason">{{ task.affected }}<template v-if="task.stands_for">. <a :href="'/tasks/' + task.stands_for.split('#')[0]">Task {{ task.stands_for.split('#')[0] }}</a> holds its log and findings</template></p>
              <p v-if="(task.depends || []).length" class="quiet">Needs the success of <template v-for="(d, i) in task.depends" :key="d">{{ i ? ', ' : '' }}<a :href="'/tasks/' + d">{{ d }}</a>
                </template>
              </p>
              <p v-if="(task.after || []).length" class="quiet">Comes after <template v-for="(d, i) in task.after" :key="d">{{ i ? ', ' : '' }}<a :href="'/tasks/' + d">{{ d }}</a>
                </template>
              </p>
            </div>
          </section>
        </aside>
      </div>
      <CbDialog v-model:open="stop.open" :title="'Cancel ' + task.name + '?'" danger>
        <form id="cancel-form" class="stack" @submit.prevent="cancel">
          <p class="dialog-text">{{ words.LIVE.has(task.state) ? 'Its whole process tree is ended.' : 'It will not be started.' }} What needs it is skipped.</p>
          <label>Why, for the others <input type="text" v-model="stop.reason" maxlength="500" autofocus placeholder="optional"/></label>
        </form>
        <template #acts><button type="button" class="button" @click="stop.open = false">Leave it</button><button type="submit" form="cancel-form" class="button danger solid">Cancel task</button></template>
      </CbDialog>
      <CbDialog v-model:open="giving.open" :title="'Give ' + task.name + ' to another agent'">
        <form id="move-form" class="stack" @submit.prevent="move">
          <p class="dialog-text">{{ task.agent }} has it now. These offer the same.</p>
          <label>Agent <select v-model="rest.to" autofocus required><option value="" disabled>choose</option><option v-for="name in others" :key="name" :value="name">{{ name }}</option></select></label>
        </form>
        <template #acts><button type="button" class="button" @click="giving.open = false">Leave it</button><button type="submit" form="move-form" class="button primary" :disabled="!rest.to">Move</button></template>
      </CbDialog>
      <CbAccept v-if="rest.asked" :f="rest.asked" :close="close"/>
    </CbFrame>
  `,
};
