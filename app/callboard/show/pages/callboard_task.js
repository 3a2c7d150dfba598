// One task: what it is, why it waits or failed, its log to the line.
import { computed, reactive, ref, watchEffect } from "vue";
import { CbAccept } from "callboard/findings.js";
import { CbFrame, pulse, useTitle } from "callboard/frame.js";
import { act, follow, get, Rows } from "callboard/live.js";
import { CbLog } from "callboard/log.js";
import { Logbook } from "callboard/logbook.js";
import { PARTS, useTabs } from "callboard/parts.js";
import * as words from "callboard/words.js";

export default {
  components: { CbAccept, CbFrame, CbLog, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const first = JSON.parse(props.first);
    const frame = JSON.parse(props.meta);
    const task = reactive(first.task);
    const id = task.id;
    const rest = reactive({ attempts: first.attempts ?? [], samples: first.samples ?? [], questions: first.questions ?? [], changes: first.changes ?? null, causes: first.causes ?? [], chosen: null, asked: null, to: "" });
    const events = new Rows(first.events, "seq");
    const findings = new Rows(first.findings);
    const book = new Logbook(id);
    const latest = computed(() => rest.attempts.reduce((n, a) => Math.max(n, a.attempt), 0) || null);
    const wished = Number(new URLSearchParams(location.search).get("attempt"));
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
      book.open(attempt);
    }
    follow({
      rooms: () => [`task:${id}`, `log:${id}`, `run:${task.run}`],
      refetch,
      fold(m) {
        for (const t of m.tasks ?? []) {
          if (t.id !== id) continue;
          if (t.state !== task.state || t.attempt !== task.attempt) again();
          Object.assign(task, t);
          if (words.LIVE.has(t.state) && m.at) {
            rest.samples.push({ at: m.at, cpus: t.cpus_now, memory_mb: t.memory_now_mb });
            if (rest.samples.length > 600) rest.samples.splice(0, 200);
          }
        }
        events.merge((m.events ?? []).filter((e) => e.task === id));
        findings.merge((m.findings ?? []).filter((f) => f.task === id));
      },
      onLog: (m) => m.task === id && (rest.chosen == null ? again() : book.hear(m)),
    });

    const state = computed(() => words.shown(task));
    const over = computed(() => words.FINAL.has(task.state));
    const tabs = useTabs(["log", "findings", "decisions", "attempts", "resources"], "log");
    const names = computed(() => [
      { name: "log", title: "Log" },
      { name: "findings", title: "Findings", count: findings.byId.size },
      { name: "decisions", title: "Decisions", count: events.byId.size },
      { name: "attempts", title: "Attempts", count: rest.attempts.length },
      { name: "resources", title: "Resources" },
    ]);
    watchEffect(() => (pulse.running = words.LIVE.has(task.state) ? 1 : 0));
    useTitle(() => `${words.LIVE.has(task.state) ? "" : state.value + " · "}${task.name} ${id} – Callboard`);
    const sentences = computed(() => events.list().sort((a, b) => a.seq - b.seq));
    const found = computed(() => findings.list().sort((a, b) => words.SEVERITIES.indexOf(a.severity) - words.SEVERITIES.indexOf(b.severity)));
    const spent = computed(() => words.elapsed(task));
    const left = computed(() => (over.value || task.expected_end == null ? null : task.expected_end - words.clock.now));
    const artifacts = computed(() => rest.attempts.flatMap((a) => (a.artifacts ?? []).map((f) => ({ ...f, attempt: a.attempt }))));
    const href = (f) => (typeof f.url === "string" && f.url.startsWith("/") && !f.url.startsWith("//") ? f.url : `/api/v1/tasks/${id}/artifacts/${f.attempt}/${words.segment(f.name)}`);
    const held = computed(() => (task.holds ?? []).reduce((n, h) => n + h.seconds, 0));
    const then = async (done) => done && (await refetch().catch(() => {}));
    const cancel = async () => then(await act(`/tasks/${id}/cancel`, { reason: "cancelled on its page" }, `${task.name} is being cancelled`));
    const retry = async () => then(await act(`/tasks/${id}/retry`, {}, `${task.name} is called again`));
    async function move() {
      const agent = rest.to;
      rest.to = "";
      await then(await act(`/tasks/${id}/move`, { agent }, `${task.name} is with ${agent}`));
    }
    const others = computed(() => (task.state === "waiting" ? (task.others ?? []).filter((name) => name !== task.agent) : []));
    const newOnly = ref(false);
    const openOnly = ref(false);
    const news = computed(() => findings.list().filter((f) => f.is_new).length);
    const accepted = computed(() => findings.list().filter((f) => f.accepted).length);
    const listed = computed(() => found.value.filter((f) => !(newOnly.value && !f.is_new) && !(openOnly.value && f.accepted)));
    const accept = (f) => (rest.asked = f);
    const close = () => (rest.asked = null);
    const answer = (q, choice) => async () => {
      const done = q.question === "decision" ? await act(`/tasks/${id}/decide`, { choice }, `Decided: ${choice}`) : await act(`/tasks/${id}/answer`, { question: q.question, choice }, `Answered '${choice}'`);
      await then(done);
    };
    const samples = computed(() => rest.samples.slice(-240));
    const most = (key) => samples.value.reduce((top, s) => (s[key] == null ? top : Math.max(top ?? 0, s[key])), null);
    const needs = computed(() => {
      const n = task.needs ?? {};
      return [`${words.cpus(n.cpus)} cpu`, words.mebibytes(n.memory_mb), ...(n.locks ?? []).map((l) => `lock ${l.name}${l.shared ? ", shared" : ""}`), ...Object.entries(n.extra ?? {}).map(([k, v]) => `${k} ${v}`)];
    });
    return { move, others, newOnly, openOnly, news, accepted, listed, accept, close, frame, task, rest, events, findings, book, state, over, ...tabs, tabHref: tabs.href, names, sentences, found, spent, left, artifacts, href, held, cancel, retry, answer, samples, most, needs, chooseAttempt: choose, words };
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
        <CbState :word="state" big/>
        <h1>{{ task.name }}</h1>
        <div class="acts">
          <label v-if="others.length" class="move"><span class="sr">Give it to another agent</span>
            <select v-model="rest.to"><option value="" disabled>Move to…</option><option v-for="name in others" :key="name" :value="name">{{ name }}</option></select>
          </label>
          <CbAct v-if="others.length" :run="move" :disabled="!rest.to" why="Choose the agent first">Move</CbAct>
          <CbAct v-if="words.AGAIN.has(task.state) || task.state === 'skipped'" :run="retry">Retry</CbAct>
          <CbAct v-if="!over" tone="danger" :run="cancel" :disabled="!!task.stopping" :why="'It is being stopped: ' + task.stopping">Cancel task</CbAct>
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
      <p v-if="task.hold" class="trouble ask" style="margin-bottom: 16px">Why it waits: <CbHold :hold="task.hold"/>
      </p>
      <div v-else-if="!over && task.started != null" style="margin-bottom: 16px">
        <CbBar :value="words.progressOf(task)"/>
        <p class="quiet" style="min-height: 19px">{{ task.note }}</p>
      </div>
      <p v-else-if="task.reason" class="trouble" :style="{borderColor: 'var(--' + words.stateOf(state).tone + ')', background: 'var(--panel)', marginBottom: '16px'}">{{ task.reason }}</p>
      <p v-for="c in rest.causes" :key="c.fingerprint" class="cause-note">
        <CbSeverity :word="c.severity"/>
        <span>Also behind {{ words.plural(c.tasks.length - 1, 'other task') }}: <a :href="'/runs/' + task.run + '?tab=findings#' + c.finding">{{ c.message }}</a></span>
      </p>
      <div class="two">
        <div style="min-width: 0">
          <CbTabs :names="names" :tab="tab" :choose="choose" :href="tabHref"/>
          <section id="panel" role="tabpanel" :aria-labelledby="'tab-' + tab">
            <template v-if="tab === 'log'">
              <p v-if="rest.attempts.length > 1" class="chips" style="margin-bottom: 10px">
                <button v-for="a in rest.attempts" :key="a.id" type="button" class="chip" :aria-pressed="a.attempt === rest.chosen" @click="chooseAttempt(a.attempt)">attempt {{ a.attempt }} <CbState :word="a.state" bare/>
                </button>
              </p>
              <CbLog v-if="rest.chosen != null" :key="rest.chosen" :book="book" :task="task"/>
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
                <CbFinding v-for="f in listed.slice(0, 500)" :key="f.id" :f="f" :task="false" :accept="accept"/>
              </ul>
              <CbEmpty v-else-if="found.length" title="No finding matches">Nothing fits this filter.</CbEmpty>
              <CbEmpty v-else title="Nothing found">{{ over ? 'This task noticed nothing.' : 'Findings appear as they are noticed.' }}</CbEmpty>
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
              <ul v-if="rest.attempts.length" class="rows">
                <li v-for="a in rest.attempts" :key="a.id">
                  <div class="head" style="margin: 0 0 4px">
                    <CbState :word="a.state"/>
                    <span class="name">attempt {{ a.attempt }}</span>
                    <span class="quiet">{{ a.how }}</span>
                    <span class="quiet" style="margin-left: auto"><CbAgo :at="a.started || a.decided"/></span>
                  </div>
                  <p class="reason">{{ a.reason }}</p>
                  <div class="facts" style="margin: 4px 0 0">
                    <span><em>process</em><CbNum :value="a.pid" :as="String" why="no process yet"/></span>
                    <span><em>wall</em><CbNum :value="a.usage && a.usage.wall_s" :as="words.duration"/></span>
                    <span><em>CPU</em><CbNum :value="a.usage && a.usage.cpu_s" :as="words.duration"/></span>
                    <span><em>peak</em><CbNum :value="a.usage && a.usage.peak_mb" :as="words.mebibytes"/></span>
                    <span><em>read</em><CbNum :value="a.usage && a.usage.read_mb" :as="words.mebibytes"/></span>
                    <span><em>written</em><CbNum :value="a.usage && a.usage.written_mb" :as="words.mebibytes"/></span>
                    <span><em>log</em>{{ words.bytes(a.log_bytes) }}</span>
                  </div>
                </li>
              </ul>
              <CbEmpty v-else title="No attempt yet">An attempt is one process. There is none so far.</CbEmpty>
            </div>
            <div v-else class="panel">
              <template v-if="samples.length > 1">
                <div class="gauge">
                  <div class="gauge-head">
                    <span class="gauge-name">CPUs, whole process tree</span>
                    <span class="gauge-value num">{{ over ? 'up to ' + words.cpus(most('cpus')) : words.cpus(task.cpus_now) }}</span>
                  </div>
                  <CbSpark tall tone="run" :values="samples.map((s) => s.cpus)" label="CPUs over time"/>
                </div>
                <div class="gauge">
                  <div class="gauge-head">
                    <span class="gauge-name">Memory, whole process tree</span>
                    <span class="gauge-value num">{{ over ? 'up to ' + words.mebibytes(most('memory_mb')) : words.mebibytes(task.memory_now_mb) }}</span>
                  </div>
                  <CbSpark tall tone="odd" :values="samples.map((s) => s.memory_mb)" label="memory over time"/>
                  <span class="gauge-note num">{{ words.clockTime(samples[0].at) }} to {{ words.clockTime(samples[samples.length - 1].at) }}</span>
                </div>
              </template>
              <CbEmpty v-else title="Not measured">{{ task.started == null ? 'It has not started.' : 'It was too short to be measured more than once.' }}</CbEmpty>
            </div>
          </section>
        </div>
        <aside class="stack">
          <section class="panel">
            <header>
              <h2>Findings</h2>
              <a v-if="found.length" class="more" href="?tab=findings" @click.prevent="choose('findings')">All {{ found.length }}</a>
            </header>
            <ul v-if="found.length" class="compact">
              <CbFinding v-for="f in found.slice(0, 5)" :key="f.id" :f="f" :task="false"/>
            </ul>
            <p v-else class="quiet" style="padding: 12px 14px">{{ over ? 'None.' : 'None so far.' }}</p>
          </section>
          <section class="panel">
            <header><h2>Where the time went</h2></header>
            <dl class="pairs">
              <template v-for="(h, i) in task.holds || []" :key="i">
                <dt style="overflow-wrap: anywhere">{{ h.reason }}</dt>
                <dd>{{ words.duration(h.seconds) }}</dd>
              </template>
              <dt>at work</dt>
              <dd><CbNum :value="spent" :as="words.duration" why="not started"/></dd>
            </dl>
          </section>
          <section v-if="artifacts.length" class="panel">
            <header><h2>Artefacts</h2></header>
            <ul class="rows">
              <li v-for="f in artifacts" :key="f.attempt + f.name">
                <a v-if="f.patch" class="name" :href="'/patches/' + f.id">patch {{ f.id }}: {{ f.name }}</a>
                <a v-else class="name" :href="href(f)" download>{{ f.name }}</a> <span class="quiet num">{{ words.bytes(f.size) }}</span>
                <span v-if="f.format" class="quiet"> · {{ f.format }}</span>
              </li>
            </ul>
          </section>
          <section v-if="rest.changes" class="panel">
            <header><h2>Since its last pass</h2></header>
            <div style="padding: 12px 14px" class="stack">
              <p class="reason">{{ rest.changes.words }}<template v-if="rest.changes.since">. <a :href="'/runs/' + rest.changes.since.run">Run {{ rest.changes.since.run }}</a></template></p>
              <ul v-if="rest.changes.commits.length" class="compact">
                <li v-for="c in rest.changes.commits" :key="c.commit"><code>{{ c.commit.slice(0, 7) }}</code> {{ c.subject }} <span class="quiet">{{ c.author }}, <CbAgo :at="c.at"/></span></li>
              </ul>
              <p v-if="rest.changes.files.length" class="quiet" style="overflow-wrap: anywhere">{{ rest.changes.files.slice(0, 10).join(', ') }}<template v-if="rest.changes.files.length > 10"> and {{ rest.changes.files.length - 10 }} more</template></p>
            </div>
          </section>
          <section class="panel">
            <header><h2>What it takes</h2></header>
            <div style="padding: 12px 14px" class="stack">
              <p class="tags"><span v-for="n in needs" :key="n" class="tag">{{ n }}</span></p>
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
      <CbAccept v-if="rest.asked" :f="rest.asked" :close="close"/>
    </CbFrame>
  `,
};
