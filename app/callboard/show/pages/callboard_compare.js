// A run against another one: tasks by kind of change, findings by rule, what lies between, both side by side.
import { computed, nextTick, ref, shallowRef } from "vue";
import { useCommands, useList } from "callboard/commands.js";
import { CbExport } from "callboard/export.js";
import { CbFrame, useTitle } from "callboard/frame.js";
import { follow, get, toast } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const TONE = { "newly broken": "bad", "still broken": "bad", "no longer known": "odd", cured: "good", slower: "ask", faster: "good", new: "run", gone: "off", "too little known": "wait" };
const TITLE = { "newly broken": "Newly broken", "still broken": "Still broken", "no longer known": "No longer known", cured: "Cured", slower: "Slower", faster: "Faster", new: "New tasks", gone: "Tasks that are gone", "too little known": "Times that cannot be judged yet" };
const FOUND = { new: ["bad", "New findings"], gone: ["good", "Findings that are gone"], "not looked for": ["odd", "Not looked for again"], still: ["off", "Still there"] };
const FIRST = 40;
const FIRST_STILL = 5; // what is as bad as it was is no news
const TIMED = new Set(["slower", "faster", "too little known"]);

const CompareTask = {
  components: PARTS,
  props: { row: Object, change: String },
  setup(props) {
    const place = computed(() => props.row.now ?? props.row.then);
    const tab = computed(() => (["newly broken", "still broken"].includes(props.change) ? "?tab=log#first-failure" : ""));
    const why = computed(() => (["newly broken", "still broken", "no longer known"].includes(props.change) ? (props.row.now?.reason ?? "") : ""));
    const share = computed(() => (props.row.by_s == null || !props.row.then?.seconds ? null : props.row.by_s / props.row.then.seconds));
    const timed = computed(() => TIMED.has(props.change) && props.row.by_s != null && Math.abs(props.row.by_s) >= 0.05);
    return { place, tab, why, share, timed, words };
  },
  template: `
    <li class="compare-row" :data-change="change">
      <span class="compare-name"><a class="name" data-main :href="'/tasks/' + place.id + tab">{{ row.name }}</a> <span class="id">{{ place.id }}</span></span>
      <span class="compare-states">
        <template v-if="row.then"><a :href="'/tasks/' + row.then.id" :aria-label="'before: ' + row.then.state"><CbState :word="row.then.state" bare/></a></template>
        <span v-else class="none" title="it was not there">–</span>
        <span class="compare-arrow" aria-hidden="true">→</span><span class="sr"> now </span>
        <CbState v-if="row.now" :word="row.now.state"/><span v-else class="none" title="it is not there">–</span>
      </span>
      <span class="compare-words"><span class="reason">{{ why || row.words }}</span><span v-if="why" class="quiet">{{ row.words }}</span></span>
      <span v-if="timed" class="compare-by num">{{ row.by_s > 0 ? '+' : '−' }}{{ words.duration(Math.abs(row.by_s)) }}<span v-if="share != null && Math.abs(share) >= 0.01" class="quiet">{{ share > 0 ? '+' : '−' }}{{ Math.round(Math.abs(share) * 100) }} %</span></span>
    </li>
  `,
};

const CompareRule = {
  components: PARTS,
  props: { rule: Object },
  setup: (props) => ({ open: ref(props.rule.count <= 3), href: (f) => `/runs/${f.run}?tab=findings#${f.id}` }),
  template: `
    <li class="compare-rule">
      <button type="button" class="compare-rule-head" :aria-expanded="open" @click="open = !open">
        <CbSeverity :word="rule.severity"/><span class="mono compare-rule-name">{{ rule.rule }}</span><span class="quiet num">{{ rule.count }}</span>
        <svg viewBox="0 0 10 6" class="export-arrow" :class="{up: open}" aria-hidden="true"><path d="M1 1l4 4l4-4"/></svg>
      </button>
      <ul v-if="open" class="compare-places">
        <li v-for="f in rule.of" :key="f.id" class="compare-place" :class="{accepted: f.accepted}">
          <a data-main :href="href(f)">{{ f.message }}</a>
          <span class="finding-meta"><CbPlace :f="f"/><span v-if="f.accepted" class="finding-accepted">accepted</span><span class="quiet">{{ f.agents.join(', ') }}</span></span>
        </li>
        <li v-if="rule.of.length < rule.count" class="quiet compare-place">and {{ words.count(rule.count - rule.of.length) }} more</li>
      </ul>
    </li>
  `,
};

export default {
  components: { CbExport, CbFrame, CompareTask, CompareRule, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const row = shallowRef(JSON.parse(props.first));
    const frame = JSON.parse(props.meta);
    const id = row.value.run.id;
    const busy = ref(false);
    const picker = ref(null);
    const other = computed(() => row.value.with);
    const path = (n) => `/runs/${id}/compare${n ? `?with=${n}` : ""}`;
    async function read(n) {
      row.value = await get(path(n));
    }
    async function choose(n, push = true) {
      if (!n || n === other.value?.id || busy.value) return;
      busy.value = true;
      try {
        await read(n);
        if (push) history.pushState(null, "", path(n));
      } catch (problem) {
        toast(problem.message);
      } finally {
        busy.value = false;
        if (picker.value) picker.value.value = String(other.value?.id ?? "");
      }
    }
    window.addEventListener("popstate", () => choose(Number(new URLSearchParams(location.search).get("with")) || row.value.previous, false));
    let soon = null;
    follow({
      rooms: () => ["board"],
      refetch: async () => (await read(other.value?.id), row.value.seq),
      fold(m) {
        const ours = (m.runs ?? []).some((r) => r.id === id || r.id === other.value?.id);
        if (ours) soon ??= setTimeout(() => ((soon = null), read(other.value?.id).catch(() => {})), 1500);
      },
    });
    const others = computed(() => {
      const list = row.value.others;
      return other.value && !list.some((r) => r.id === other.value.id) ? [...list, other.value] : list;
    });
    const at = computed(() => others.value.findIndex((r) => r.id === other.value?.id));
    const step = (by) => choose(others.value[at.value + by]?.id);
    const groups = computed(() => row.value.tasks.filter((g) => g.count));
    const found = computed(() => row.value.findings.filter((g) => g.count));
    const all = ref(new Set());
    const shown = (g) => (all.value.has(g.change) ? g.of : g.of.slice(0, g.change === "still broken" ? FIRST_STILL : FIRST));
    const more = (g) => (all.value = new Set([...all.value, g.change]));
    const swap = () => other.value && (location.href = `/runs/${other.value.id}/compare?with=${id}`);
    async function pick() {
      await nextTick();
      picker.value?.focus();
      picker.value?.showPicker?.();
    }
    useTitle(() => `Run ${id} against ${other.value?.id ?? "none"} – Callboard`);
    useList("#main .compare-row, #main .compare-place");
    useCommands(
      () => [
        { id: "compare.pick", title: "Compare with another run", keys: "w", run: pick, when: () => others.value.length > 0 },
        { id: "compare.older", title: "Compare with the run before", keys: "[", run: () => step(1), when: () => at.value + 1 < others.value.length },
        { id: "compare.newer", title: "Compare with the run after", keys: "]", run: () => step(-1), when: () => at.value > 0 },
        { id: "compare.previous", title: "Compare with the previous run", run: () => choose(row.value.previous), when: () => !!row.value.previous },
        { id: "compare.green", title: "Compare with the last green run", run: () => choose(row.value.green), when: () => !!row.value.green },
        { id: "compare.swap", title: "Swap the two runs", run: swap, when: () => !!other.value },
        { id: "compare.run", title: `Open run ${id}`, href: `/runs/${id}` },
      ],
      "Comparison",
    );
    const option = (r) => `${r.id} · ${r.state} · ${words.absolute(r.submitted)}${r.git?.commit ? ` · ${r.git.branch} ${r.git.commit.slice(0, 7)}` : ""}${r.id === row.value.green ? " · last green" : ""}`;
    const files = computed(() => (other.value ? [{ id: "whole", title: "All of it as JSON", href: `/api/v1/runs/${id}/compare?with=${other.value.id}` }] : []));
    const amount = (value, unit) => (value == null ? words.DASH : unit === "s" ? words.duration(value) : unit === "MiB" ? words.mebibytes(value) : words.count(value));
    function change(t) {
      if (t.then == null || t.now == null) return "";
      if (!t.unit) return t.now === t.then ? "" : `${t.now > t.then ? "+" : "−"}${words.count(Math.abs(t.now - t.then))}`;
      if (!t.then) return "";
      const share = (t.now - t.then) / t.then;
      return Math.abs(share) < 0.005 ? "" : `${share > 0 ? "+" : "−"}${Math.round(Math.abs(share) * 100)} %`;
    }
    return { row, frame, id, other, others, busy, picker, choose, groups, found, shown, more, swap, option, files, amount, change, words, TONE, TITLE, FOUND };
  },
  template: `
    <CbFrame :meta="frame" here="/runs">
      <p class="crumb"><a href="/runs">Runs</a><span>/</span><a :href="'/runs/' + id">{{ id }}</a><span>/</span><span>compare</span></p>
      <div class="head">
        <h1>Run {{ id }} against {{ other ? other.id : 'nothing yet' }}</h1>
        <div class="acts" v-if="other">
          <button type="button" class="button" @click="swap">Swap</button>
          <CbExport big table="compare" what="the comparison" rows="Tasks" :query="{run: id, with: other.id}" :files="files"/>
        </div>
      </div>
      <div v-if="!others.length" class="panel">
        <CbEmpty title="Nothing to compare with yet">{{ row.words }}. Run it again, and this page says what changed: <code>callboard run</code></CbEmpty>
      </div>
      <template v-else>
        <div class="tools compare-pick">
          <label class="compare-label" for="compare-with">against</label>
          <select id="compare-with" ref="picker" :value="other ? String(other.id) : ''" :disabled="busy" @change="choose(Number($event.target.value))">
            <option v-if="!other" value="" disabled>choose a run</option>
            <option v-for="r in others" :key="r.id" :value="String(r.id)">{{ option(r) }}</option>
          </select>
          <span class="chips">
            <button v-if="row.previous" type="button" class="chip" :aria-pressed="other?.id === row.previous" @click="choose(row.previous)">previous <span class="num">{{ row.previous }}</span></button>
            <button v-if="row.green" type="button" class="chip" :aria-pressed="other?.id === row.green" @click="choose(row.green)">last green <span class="num">{{ row.green }}</span></button>
            <span v-else class="quiet compare-note">no earlier run was green</span>
          </span>
        </div>
        <template v-if="other">
          <p class="compare-sum">{{ row.words }}</p>
          <p v-if="row.note" class="trouble ask compare-gap">{{ row.note }}</p>
          <div class="two">
            <div class="stack">
              <section v-for="g in groups" :key="g.change" class="panel" :class="'t-' + TONE[g.change]">
                <header class="compare-head"><h2>{{ TITLE[g.change] }}</h2><span class="quiet num">{{ words.count(g.count) }}</span></header>
                <ul><CompareTask v-for="t in shown(g)" :key="t.name" :row="t" :change="g.change"/></ul>
                <p v-if="shown(g).length < g.count" class="log-foot"><template v-if="shown(g).length < g.of.length"><button type="button" class="link" @click="more(g)">show {{ words.count(g.of.length - shown(g).length) }} more</button></template><template v-else>and {{ words.count(g.more) }} more: export the comparison to see all</template></p>
              </section>
              <section v-if="!groups.length" class="panel"><CbEmpty title="No task changed">{{ words.plural(row.rest.same, 'task') }} ended as in run {{ other.id }}, none slower or faster than usual.</CbEmpty></section>
              <section v-for="g in found" :key="g.change" class="panel" :class="'t-' + FOUND[g.change][0]" :data-found="g.change">
                <header class="compare-head"><h2>{{ FOUND[g.change][1] }}</h2><span class="quiet num">{{ words.count(g.count) }}</span><span v-if="g.change === 'not looked for'" class="quiet">their tasks did not run this time</span></header>
                <ul><CompareRule v-for="r in g.rules" :key="r.rule" :rule="r"/></ul>
              </section>
            </div>
            <div class="stack">
              <section class="panel">
                <header><h2>Side by side</h2></header>
                <table class="table compare-totals">
                  <thead><tr><th><span class="sr">what</span></th><th class="right"><CbState :word="other.state" bare/>&ensp;<a :href="'/runs/' + other.id">run {{ other.id }}</a></th><th class="right"><CbState :word="row.run.state" bare/>&ensp;<a :href="'/runs/' + id">run {{ id }}</a></th><th class="right"><span class="sr">change</span></th></tr></thead>
                  <tbody>
                    <tr v-for="t in row.totals" :key="t.what"><td>{{ t.what }}</td><td class="right num">{{ amount(t.then, t.unit) }}</td><td class="right num">{{ amount(t.now, t.unit) }}</td><td class="right num quiet">{{ change(t) }}</td></tr>
                  </tbody>
                </table>
                <p v-if="row.rest.unjudged" class="log-foot">{{ words.plural(row.rest.unjudged, 'task') }} ran fewer than 5 times before: too little to tell slower from noise.</p>
              </section>
              <section class="panel">
                <header><h2>Commits between</h2></header>
                <p class="compare-between" :class="{last: !row.commits.length}">{{ row.commits_words }}</p>
                <ul v-if="row.commits.length" class="rows">
                  <li v-for="c in row.commits" :key="c.commit"><code>{{ c.commit.slice(0, 7) }}</code> {{ c.subject }} <span class="quiet">{{ c.author }}, <CbAgo :at="c.at"/></span></li>
                </ul>
                <details v-if="row.files.length" class="compare-files"><summary>{{ words.plural(row.files.length, 'file') }} changed</summary><ul><li v-for="f in row.files" :key="f" class="mono">{{ f }}</li></ul></details>
              </section>
              <section class="panel">
                <header><h2>Settings that changed</h2><span v-if="row.settings.length" class="quiet num">{{ row.settings.length }}</span></header>
                <ul v-if="row.settings.length" class="rows">
                  <li v-for="s in row.settings" :key="s.job + s.what"><b>{{ s.job }}</b> <span class="quiet">{{ s.what }}</span><br><span class="compare-then">{{ s.then || 'nothing' }}</span> <span aria-hidden="true">→</span><span class="sr"> now </span> <span class="compare-now">{{ s.now || 'nothing' }}</span></li>
                </ul>
                <p v-else class="compare-between last">The jobs that both have are asked for in the same way.</p>
              </section>
            </div>
          </div>
        </template>
        <section v-else class="panel"><CbEmpty title="No earlier run">{{ row.words }}. Choose a later one above.</CbEmpty></section>
      </template>
    </CbFrame>
  `,
};
