// What Callboard does for the platform's sake, on its own side alone: rules that hold work back, a flag, a record.
import { computed, ref, watch } from "vue";
import { send, toast } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const MOST = 4;
const RULES = { quiet: "Quiet mode", yield: "Yield to users" };

// tasks: those that wait by these rules, as the board has them. holding: how many there are.
export const CbRules = {
  components: PARTS,
  props: { rules: Array, holding: Number, tasks: Array, heavy: String },
  setup(props) {
    const shown = computed(() => props.tasks.slice(0, MOST));
    const more = computed(() => Math.max(props.tasks.length, props.holding ?? 0) - shown.value.length);
    // What a rule says already is not said again of each task.
    const own = (t) => (props.rules.some((r) => r.active && r.why === t.hold?.reason) ? "" : (t.hold?.reason ?? ""));
    return { shown, more, own, RULES };
  },
  template: `
    <section class="panel rules" aria-labelledby="h-rules" id="rules">
      <header><h2 id="h-rules">Rules</h2><span class="more">they hold only our own work</span></header>
      <ul v-if="rules.length" class="rows">
        <li v-for="r in rules" :key="r.kind + r.words" class="rule-row" :data-rule="r.kind" :data-active="r.active ? 'yes' : 'no'">
          <p class="rule-head"><CbState :word="!r.on ? 'off' : r.active ? 'holds' : 'ready'" bare/><b>{{ RULES[r.kind] || r.kind }}</b>
            <span class="rule-word" :class="!r.on ? 'quiet' : r.active ? 't-ask tinted' : 't-good tinted'">{{ !r.on ? 'off' : r.active ? 'active' : 'on, nothing to hold' }}</span><span v-if="r.on && r.since != null" class="quiet rule-since"><CbAgo :at="r.since"/></span></p>
          <p class="rule-text">{{ r.words }}</p>
          <p v-if="r.why && r.why !== r.words" class="rule-why" :class="r.active ? 't-ask' : 'quiet'">{{ r.why }}</p>
        </li>
      </ul>
      <p v-if="heavy && rules.some((r) => r.on)" class="quiet rule-none">Heavy is a task {{ heavy }}.</p>
      <p v-if="!rules.some((r) => r.on)" class="quiet rule-none">They are switched on in <code>[coordination]</code> of callboard.toml: <code>quiet = true</code> lets heavy tasks wait while a crew works.</p>
      <div v-if="holding" class="rule-holding" data-holding>
        <p><b class="num">{{ holding }}</b> {{ holding === 1 ? 'task holds' : 'tasks hold' }} for this</p>
        <ul><li v-for="t in shown" :key="t.id"><a class="hold" :href="'/tasks/' + t.id">{{ t.name }} <span class="id">{{ t.id }}</span></a> <span class="quiet">{{ own(t) }}</span></li></ul>
        <a v-if="more > 0" class="hold" href="/agents#waiting">{{ shown.length ? 'and ' + more + ' more' : 'all that waits' }}</a>
      </div>
    </section>
  `,
};

export const CbDrain = {
  components: PARTS,
  props: { drain: Object },
  emits: ["ask", "clear"],
  setup: () => ({ words }),
  template: `
    <section class="panel drain" aria-labelledby="h-drain" id="drain" :data-drain="drain.wanted ? 'set' : 'clear'">
      <header><h2 id="h-drain">Drain flag</h2><span class="more"><span v-if="drain.wanted" class="t-ask tinted">set</span><span v-else class="quiet">not set</span></span></header>
      <div class="drain-body">
        <template v-if="drain.wanted">
          <p class="drain-reason">{{ drain.reason || 'No reason was given.' }}</p>
          <p class="quiet">set<template v-if="drain.by"> by {{ drain.by }}</template> <CbAgo :at="drain.at"/><template v-if="drain.until">, until {{ words.moment(drain.until) }}</template></p>
        </template>
        <p v-else class="quiet">The platform may ask whether it should take no new workflows. Callboard only says so: whether it heeds the flag is the platform's own affair.</p>
        <p class="drain-seen"><CbState :word="drain.seen != null ? 'good' : 'unsure'" bare/><span v-if="drain.seen != null">the platform asked <CbAgo :at="drain.seen"/></span><span v-else>the platform has not asked for it yet: it would <code>GET /api/v1/crew/drain</code></span></p>
        <div class="tools"><CbAct v-if="drain.wanted" small data-act="drain.clear" :run="() => $emit('clear')">Clear the flag</CbAct><CbAct v-else small data-act="drain.set" :run="() => $emit('ask')">Set the flag…</CbAct></div>
      </div>
    </section>
  `,
};

const VERDICTS = { pass: "good", fail: "bad", unknown: "unsure" };

export const CbHandoffs = {
  components: PARTS,
  props: { handoffs: Array, publicKey: String },
  emits: ["make"],
  setup: () => ({ words, VERDICTS, short: (text) => String(text ?? "").slice(0, 10) }),
  template: `
    <section class="panel handoffs" aria-labelledby="h-handoffs" id="handoffs">
      <header><h2 id="h-handoffs">Handoffs</h2><span class="quiet num">{{ handoffs.length }}</span><span class="more"><CbAct small :run="() => $emit('make')">Make a record…</CbAct></span></header>
      <ul v-if="handoffs.length" class="rows">
        <li v-for="h in handoffs" :key="h.id" :data-handoff="h.id">
          <p class="handoff-head"><b class="name">{{ h.version || 'no version' }}</b><span class="id mono" :title="h.commit">{{ short(h.commit) }}</span><span v-if="h.environment" class="tag">{{ h.environment }}</span><span class="quiet handoff-at"><CbAgo :at="h.at"/></span></p>
          <p v-if="h.address" class="handoff-address">{{ h.address }}</p>
          <ul v-if="h.checks.length" class="handoff-checks">
            <li v-for="c in h.checks" :key="c.job"><CbState :word="VERDICTS[c.verdict] || c.verdict || 'unsure'" bare/><a v-if="c.task" class="hold" :href="'/tasks/' + c.task">{{ c.job }}</a><span v-else>{{ c.job }}</span><span class="sr"> {{ c.verdict }}</span></li>
          </ul>
          <p class="quiet handoff-seen"><template v-if="h.by">by {{ h.by }} · </template><template v-if="h.seen != null">the platform read it <CbAgo :at="h.seen"/></template><template v-else>the platform has not read it yet</template></p>
          <details class="handoff-sign"><summary class="quiet">signature</summary><p class="mono">{{ h.signature || 'not signed' }}</p><p class="quiet">with key <span class="mono">{{ h.key }}</span></p><p><a class="hold" :href="'/api/v1/coordination/handoff?id=' + words.segment(h.id)" :download="h.id + '.json'">the record with its signature, as a file</a></p></details>
        </li>
      </ul>
      <CbEmpty v-else title="Nothing handed over yet">After the gates are green and a deploy is through, a record says what the platform got: version, commit, checks, address, signed.</CbEmpty>
      <details v-if="publicKey" class="handoff-key"><summary class="quiet">the public key that proves them</summary><CbCommand :text="publicKey"/></details>
    </section>
  `,
};

// Asks for the few words of an act, and keeps a refusal beside them. wish: {title, text, yes, path, done, fields, body} or null.
// fields: [{name, title, help, area, kind}]; body(values) makes what is sent.
export const CbWish = {
  components: PARTS,
  props: { wish: Object },
  emits: ["close", "done"],
  setup(props, { emit }) {
    const open = ref(false);
    const busy = ref(false);
    const fault = ref("");
    const values = ref({});
    watch(() => props.wish, (now) => ((open.value = now != null), (fault.value = ""), (values.value = Object.fromEntries((now?.fields ?? []).map((f) => [f.name, ""])))), { immediate: true });
    async function go() {
      if (busy.value) return;
      busy.value = true;
      fault.value = "";
      try {
        const told = Object.fromEntries(Object.entries(values.value).map(([k, v]) => [k, String(v).trim()]));
        await send(props.wish.path, props.wish.body(told));
        toast(props.wish.done, "good");
        open.value = false;
        emit("done");
      } catch (problem) {
        fault.value = problem.message;
      } finally {
        busy.value = false;
      }
    }
    const typed = (event) => event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target.tagName !== "BUTTON" && (event.preventDefault(), go());
    return { open, busy, fault, values, go, typed };
  },
  template: `
    <CbDialog v-model:open="open" :title="wish?.title || ''" @closed="$emit('close')">
      <div class="stack" @keydown="typed">
        <p class="reason">{{ wish?.text }}</p>
        <label v-for="(f, i) in wish?.fields || []" :key="f.name" class="form-field"><span class="form-name">{{ f.title }}</span>
          <textarea v-if="f.area" v-model="values[f.name]" rows="2" maxlength="1000" :data-first="i === 0 ? '' : undefined" :placeholder="f.help"></textarea>
          <input v-else :type="f.kind || 'text'" v-model="values[f.name]" maxlength="300" autocomplete="off" spellcheck="false" :data-first="i === 0 ? '' : undefined" :placeholder="f.help"/>
        </label>
        <p v-if="fault" class="trouble" role="alert">{{ fault }}</p>
      </div>
      <template #acts>
        <button type="button" class="button" @click="open = false">Cancel</button>
        <button type="button" class="button primary" :class="{busy}" :aria-busy="busy" data-yes @click="go">{{ wish?.yes }}</button>
      </template>
    </CbDialog>
  `,
};
