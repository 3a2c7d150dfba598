// Every part in every state, with the components that the pages use; only in development mode.
import { ref } from "vue";
import { CbFrame, useTitle } from "callboard/frame.js";
import { ask } from "callboard/dialog.js";
import { follow, toast } from "callboard/live.js";
import { useList } from "callboard/commands.js";
import { PARTS } from "callboard/parts.js";
import { setSetting, settings } from "callboard/settings.js";
import * as words from "callboard/words.js";

const STATES = ["waiting", "starting", "running", "needs decision", "succeeded", "unchanged", "failed", "error", "timed out", "lost", "cancelled", "skipped", "paused", "idle", "absent", "unknown", "halted"];
const COLOURS = ["paper", "panel", "sunk", "line", "line-strong", "ink", "ink-2", "ink-3", "velvet", "platform", "run", "good", "bad", "ask", "odd", "wait", "off"];
const TYPE = [["xxl", "A page"], ["xl", "A figure"], ["l", "A dialog"], ["m", "Everything else"], ["s", "What stands beside"], ["xs", "A mark"]];
const TONES = ["run", "good", "bad", "ask", "odd", "wait", "off", "ink", "velvet", "platform"];
const now = Date.now() / 1000;
const FINDING = { id: "f1", run: 1, task: "1.2", agent: "quality", rule: "test-failed", severity: "high", path: "tests/test_cart.py", line: 31, column: 0, message: "assert 41.97 == 41.98", help: "Round once, at the end.", fingerprint: "9f", witnesses: [{ tool: "pytest", version: "9.2.0" }], at: now - 90 };
const HOLD = { kind: "lock", reason: "waits for lock 'db:dev', held by infra.deploy (12.5)", since: now - 42, culprit: "12.5" };
const WAVE = Array.from({ length: 40 }, (_, n) => (n > 12 && n < 17 ? null : 40 + 30 * Math.sin(n / 4)));
const TABS = [{ name: "tasks", title: "Tasks", count: 12 }, { name: "findings", title: "Findings", count: 3 }, { name: "events", title: "Events" }];

export default {
  components: { CbFrame, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    follow({ rooms: () => ["board"], refetch: async () => null, fold: () => {} });
    useTitle(() => "Style guide – Callboard");
    useList("#style-list tbody tr");
    const [plain, wide, danger, tab, switched] = [ref(false), ref(false), ref(false), ref("tasks"), ref(true)];
    const asked = ref("");
    const slow = () => new Promise((done) => setTimeout(done, 1500));
    const question = async () => (asked.value = (await ask({ title: "Cancel run 12?", text: "What runs is stopped with its whole process tree.", yes: "Cancel the run", no: "Let it run", danger: true })) ? "yes" : "no");
    return { frame: JSON.parse(props.meta), STATES, COLOURS, TYPE, TONES, FINDING, HOLD, WAVE, TABS, plain, wide, danger, tab, switched, asked, slow, question, toast, settings, setSetting, words, now };
  },
  template: `
    <CbFrame :meta="frame" here="/styleguide">
      <div class="head"><h1>Style guide</h1><div class="acts"><div class="segmented" role="radiogroup" aria-label="Density"><label v-for="v in ['comfortable', 'compact']" :key="v" :class="{on: settings.density === v}"><input type="radio" class="sr" name="density" :checked="settings.density === v" @change="setSetting('density', v)">{{ v }}</label></div></div></div>
      <div class="guide">
        <section class="panel"><header><h2>Palette</h2></header><ul class="swatches"><li v-for="c in COLOURS" :key="c"><i :style="{background: 'var(--' + c + ')'}"></i>{{ c }}</li></ul></section>
        <section class="panel"><header><h2>Type</h2></header><ul class="rows"><li v-for="[t, w] in TYPE" :key="t"><span :style="{fontSize: 'var(--t-' + t + ')'}">{{ w }}</span> <code class="quiet">{{ t }}</code></li></ul></section>
        <section class="panel"><header><h2>States</h2></header><ul class="grid-of"><li v-for="s in STATES" :key="s"><CbState :word="s"/></li></ul></section>
        <section class="panel"><header><h2>Severity, findings in numbers</h2></header><ul class="grid-of"><li v-for="s in words.SEVERITIES" :key="s"><CbSeverity :word="s"/></li><li><CbCounts :of="{critical: 1, high: 12, low: 3}"/></li><li><CbCounts :of="{}"/></li></ul></section>
        <section class="panel"><header><h2>Buttons</h2></header><div class="samples"><button type="button" class="button">Plain</button><button type="button" class="button primary">Primary</button><button type="button" class="button danger">Danger</button><button type="button" class="button solid danger">Solid danger</button><button type="button" class="button" disabled>Disabled</button><button type="button" class="button busy" aria-busy="true">Busy</button><CbAct :run="slow">Takes 1.5 s</CbAct><CbAct :run="slow" small>Small</CbAct><CbAct :run="slow" disabled why="the run is over">Cannot</CbAct><button type="button" class="link">Link</button><button type="button" class="chip" aria-pressed="false">Chip</button><button type="button" class="chip" aria-pressed="true">Chip</button></div></section>
        <section class="panel"><header><h2>Fields</h2></header><div class="samples"><input type="search" placeholder="Search  /" aria-label="Search"><input type="text" value="A text" aria-label="Text"><input type="text" value="Wrong" aria-invalid="true" aria-label="Wrong text"><input type="text" value="Disabled" disabled aria-label="Disabled text"><select aria-label="Choice"><option>medium</option><option>high</option></select><input type="date" aria-label="Day"><input type="number" value="3" aria-label="Number"><label><input type="checkbox" checked> on</label> <label><input type="checkbox"> off</label> <label class="switch"><input type="checkbox" role="switch" v-model="switched"><span>{{ switched ? 'on' : 'off' }}</span></label><span class="stepper"><button type="button" aria-label="Less">−</button><output>2</output><button type="button" aria-label="More">+</button></span><textarea rows="2" aria-label="Reason">Because</textarea></div></section>
        <section class="panel"><header><h2>Tabs, tags, bars</h2></header><div class="samples"><CbTabs :names="TABS" :tab="tab" :choose="(name) => (tab = name)" :href="(name) => '?tab=' + name"/><span class="tags"><span class="tag">cpus 1</span><span class="tag">lock db:dev</span></span><CbBar :value="0.4" style="width:160px"/><CbBar :value="null" style="width:160px"/><CbSegments :counts="{succeeded: 5, running: 2, failed: 1, waiting: 4}" style="width:200px"/></div><div id="panel" role="tabpanel" class="samples quiet">{{ tab }}</div></section>
        <section class="panel"><header><h2>Gauges and sparks</h2></header><div class="guide-gauges"><CbGauge name="CPU" value="37 %" :part="0.37" note="load 0.5 · 2 cores" :history="WAVE" :max="100"/><CbGauge name="Memory" value="86 %" :part="0.86" note="of 24 GiB" :history="WAVE" :max="100"/><CbGauge name="Disk" value="97 %" :part="0.97" note="2 GB free" :history="WAVE" :max="100"/><CbGauge name="Network" value="–" why="not measured here" note="not measured"/></div><div class="samples"><CbSpark v-for="t in TONES" :key="t" :values="WAVE" :tone="t" :label="t" style="width:110px"/></div></section>
        <section class="panel"><header><h2>Table</h2><span class="more">j, k, Enter</span></header><table id="style-list" class="table fold"><thead><tr><th>Task</th><th>State</th><th>Why</th><th class="right">Took</th></tr></thead><tbody><tr v-for="(s, n) in ['running', 'waiting', 'failed']" :key="s"><td><a href="/" class="name">quality.tests</a> <span class="id">12.{{ n }}</span></td><td><CbState :word="s"/></td><td class="full"><CbHold v-if="s === 'waiting'" :hold="HOLD"/><span v-else class="reason">141 passed, 2 failed</span></td><td class="right"><CbNum :value="n ? null : 12.3" :as="words.duration" why="not started"/></td></tr></tbody></table></section>
        <section class="panel"><header><h2>Finding, place, command</h2></header><ul class="rows"><CbFinding :f="FINDING"/></ul><div class="samples"><CbCommand text="callboard run --affected"/><CbAgo :at="now - 90"/><CbAgo/></div></section>
        <section class="panel"><header><h2>Log line colours</h2></header><div class="samples log-sample"><code style="color:var(--ink)">plain</code><code style="color:var(--bad)">error</code><code style="color:var(--ask)">warning</code><code style="color:var(--good)">passed</code><code style="color:var(--run)">note</code><code style="color:var(--odd)">trace</code><code style="color:var(--ink-3)">quiet</code></div></section>
        <section class="panel"><header><h2>Empty</h2></header><CbEmpty title="No run yet">A run calls the agents for one pipeline. Type <code>callboard run</code>.</CbEmpty></section>
        <section class="panel"><header><h2>Loading</h2></header><CbSkeleton/></section>
        <section class="panel"><header><h2>Failed to read</h2></header><CbError text="Callboard does not answer. Is it still running?" :retry="slow"/><p class="trouble">plugin 'x' is broken: No module named 'x'</p><p class="trouble ask">It is paused by ann.</p></section>
        <section class="panel"><header><h2>Toasts and dialogs</h2></header><div class="samples"><button type="button" class="button" @click="toast('Run 12 was started.', 'good', '/runs/12')">Good toast</button><button type="button" class="button" @click="toast('Run 12 is over; nothing to cancel.')">Bad toast</button><button type="button" class="button" @click="plain = true">Dialog</button><button type="button" class="button" @click="wide = true">Wide dialog</button><button type="button" class="button" @click="question">Question {{ asked }}</button></div></section>
        <CbZone name="team" note="7 agents"><section class="panel samples">What the team's crew does.</section></CbZone>
        <CbZone name="platform" note="p95 120 ms"><section class="panel samples">What the platform serves.</section></CbZone>
      </div>
      <CbDialog v-model:open="plain" title="A dialog"><p>Focus came here and goes back.</p><template #acts><button type="button" class="button primary" data-first @click="plain = false">Close</button></template></CbDialog>
      <CbDialog v-model:open="wide" title="A wide dialog" wide><p>With room.</p></CbDialog>
    </CbFrame>
  `,
};
