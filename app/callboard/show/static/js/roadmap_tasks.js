// The tasks of a change by their sections: search and filters in the address, selection, only what is in the window drawn.
import { computed, ref, shallowReactive, watch } from "vue";
import { address, asked } from "callboard/address.js";
import { useCommands, useList } from "callboard/commands.js";
import { CbMenu } from "callboard/menu.js";
import { PARTS } from "callboard/parts.js";
import { SAID, givable, held, nameOf, standing, tickable, wordsOf } from "callboard/roadmap_deeds.js";
import { CbHandle } from "callboard/roadmap_lift.js";
import { useWindow } from "callboard/window.js";
import * as words from "callboard/words.js";

const LOOSE = 160; // as many rows may be as high as their words
const ORDER = ["waiting", "acknowledged", "running", "failed", "unchanged", "succeeded"];

// What became of a task, or who could do it.
const CbOutcome = {
  components: PARTS,
  props: { t: Object, deeds: Object, assign: Function },
  setup(props) {
    const a = computed(() => (props.t.assignment?.state === "withdrawn" ? null : props.t.assignment));
    const e = computed(() => props.t.evidence ?? a.value?.evidence ?? null);
    const to = computed(() => a.value && nameOf(a.value.to, a.value.kind));
    const where = computed(() => (a.value?.task ? `/tasks/${a.value.task}` : a.value?.run != null ? `/runs/${a.value.run}` : ""));
    const proof = computed(() => (e.value?.task ? `/tasks/${e.value.task}` : e.value?.run != null ? `/runs/${e.value.run}` : ""));
    return { a, e, to, where, proof, tickable, words };
  },
  template: `
    <span class="outcome">
      <template v-if="e && (t.done || a?.state === 'done')"><component :is="proof ? 'a' : 'span'" class="outcome-main" :class="{hold: proof}" :href="proof || undefined" :title="e.words">{{ e.words }}</component><span class="outcome-sub"><template v-if="e.by">{{ e.by }} · </template><CbAgo v-if="e.at != null" :at="e.at"/><template v-if="e.commit"> · <code>{{ e.commit.slice(0, 9) }}</code></template><template v-if="!t.done"> · <span class="t-odd tinted" :title="a.tick_why">not ticked{{ a.tick_why ? ': ' + a.tick_why : '' }}</span></template></span></template>
      <template v-else-if="t.done"><span class="quiet" title="Nothing is known of how it was done">ticked in the file</span></template>
      <template v-else-if="a"><span class="outcome-main"><b>{{ to }}</b>{{ " " }}<code v-if="a.action" class="quiet">{{ a.action }}</code>{{ " " }}<component v-if="a.run != null" :is="where ? 'a' : 'span'" class="hold" :href="where || undefined">run {{ a.run }}</component></span><span class="outcome-sub"><component v-if="a.hold" :is="a.href ? 'a' : 'span'" class="hold" :href="a.href || undefined" :title="a.hold">{{ a.hold }}</component><template v-else>{{ a.state === 'running' ? 'at work' : a.state === 'failed' ? 'failed' : a.kind === 'person' ? 'waits for ' + to : 'will start' }}<template v-if="a.by"> · by {{ a.by }}</template> · <CbAgo :at="a.at"/></template></span></template>
      <template v-else-if="t.suggested?.to"><button type="button" class="link outcome-give" :data-give="t.ref" :title="t.suggested.why" @click="deeds.give([t], 'auto')">give to {{ t.suggested.kind === 'person' ? '@' + t.suggested.to.replace('@', '') : t.suggested.to }}</button><span class="outcome-sub" :title="t.suggested.why">{{ t.suggested.why }}</span></template>
      <button v-else type="button" class="link outcome-person" :title="t.suggested?.why" @click="assign([t])">give to a person…</button>
    </span>
  `,
};

const CbRoadTask = {
  components: { CbHandle, CbMenu, CbOutcome, ...PARTS },
  props: { t: Object, picked: Boolean, pick: Function, lift: Object, held: Function, items: Function, deeds: Object, assign: Function },
  setup: (props) => ({ word: computed(() => standing(props.t)), SAID, wordsOf }),
  template: `
    <li class="rtask" :class="{picked, done: t.done}" :data-ref="t.ref" :style="{'--indent': Math.min(4, t.indent)}">
      <CbHandle v-if="!t.done" :lift="lift" :item="() => held(t)" :label="'Give ' + (t.number || t.text) + ' to somebody'" :data-grip="t.ref"/><span v-else class="grip-none"></span>
      <input type="checkbox" :checked="picked" :disabled="t.done" :aria-label="'Select ' + (t.number || '') + ' ' + t.text" @click="pick(t.ref, $event)"/>
      <span class="rtask-state" :data-how="SAID[word]"><CbState :word="word" bare :title="SAID[word]" aria-hidden="true"/><span class="sr">{{ SAID[word] }}</span></span>
      <span class="rtask-text"><span v-if="t.number" class="id">{{ t.number }}</span><span class="rtask-words" :title="t.text">{{ wordsOf(t) }}</span><code v-if="t.mark && !'xX '.includes(t.mark)" class="rtask-mark" :title="'Its box holds ' + t.mark + '; only x counts as done'">[{{ t.mark }}]</code></span>
      <CbOutcome :t="t" :deeds="deeds" :assign="assign"/>
      <CbMenu :label="'What can be done with ' + (t.number || t.text)" dots :items="items(t)"/>
    </li>
  `,
};

export const CbRoadTasks = {
  components: { CbRoadTask, ...PARTS },
  props: { sections: Array, lift: Object, deeds: Object, assign: Function },
  setup(props) {
    const query = ref(asked("q"));
    const state = ref(ORDER.includes(asked("state")) ? asked("state") : "");
    const who = ref(asked("who"));
    watch([query, state, who], () => address({ q: query.value, state: state.value, who: who.value }));
    const every = computed(() => props.sections.flatMap((s) => s.tasks));
    const byRef = computed(() => new Map(every.value.map((t) => [t.ref, t])));
    const mine = (t) => (t.assignment && t.assignment.state !== "withdrawn" ? t.assignment : t.suggested);
    const nameFor = (t) => (mine(t)?.to ? nameOf(mine(t).to, mine(t).kind) : "");
    const facets = computed(() => {
      const [states, names] = [new Map(), new Map()];
      for (const t of every.value) {
        states.set(standing(t), (states.get(standing(t)) ?? 0) + 1);
        if (!t.done && nameFor(t)) names.set(nameFor(t), (names.get(nameFor(t)) ?? 0) + 1);
      }
      return { states: ORDER.filter((s) => states.has(s)).map((s) => [s, states.get(s)]), names: [...names].sort((a, b) => b[1] - a[1]) };
    });
    const fits = (t) => (!state.value || standing(t) === state.value) && (!who.value || nameFor(t) === who.value) && (!query.value.trim() || `${t.number} ${t.text} ${t.assignment?.action ?? ""} ${nameFor(t)}`.toLowerCase().includes(query.value.trim().toLowerCase()));
    const filtered = computed(() => !!(query.value.trim() || state.value || who.value));
    const rows = computed(() =>
      props.sections.flatMap((s, n) => {
        const found = s.tasks.filter(fits);
        return found.length || (!filtered.value && !s.tasks.length) ? [{ key: `s${n}`, section: s }, ...found.map((t) => ({ key: t.ref, t }))] : [];
      }),
    );
    const shownTasks = computed(() => rows.value.filter((r) => r.t).map((r) => r.t));
    const suited = computed(() => shownTasks.value.filter((t) => givable(t) && t.suggested?.to && (!t.assignment || t.assignment.state === "withdrawn")));
    const box = ref(null);
    const loose = () => rows.value.length <= LOOSE;
    const view = useWindow(box, rows, loose);
    useList("#main .rtask");

    const picked = shallowReactive(new Set());
    watch(byRef, (now) => [...picked].forEach((ref) => (!now.has(ref) || now.get(ref).done) && picked.delete(ref)));
    watch(() => props.deeds.state.done, () => picked.clear());
    let last = null;
    function pick(ref, event) {
      const open = shownTasks.value.filter((t) => !t.done).map((t) => t.ref);
      const on = !picked.has(ref);
      const [a, b] = [open.indexOf(last), open.indexOf(ref)];
      for (const each of event?.shiftKey && a >= 0 && b >= 0 ? open.slice(Math.min(a, b), Math.max(a, b) + 1) : [ref]) on ? picked.add(each) : picked.delete(each);
      last = ref;
    }
    const all = () => shownTasks.value.forEach((t) => t.done || picked.add(t.ref));
    const none = () => picked.clear();
    const chosen = computed(() => [...picked].map((ref) => byRef.value.get(ref)).filter(Boolean));
    const focused = () => byRef.value.get(document.activeElement?.closest?.("[data-ref]")?.dataset.ref);
    // What a key acts on: what is selected, else the row that has the focus.
    const these = () => (picked.size ? chosen.value : [focused()].filter(Boolean));
    const heldWith = (t) => (picked.has(t.ref) && picked.size > 1 ? chosen.value : [t]);
    const items = (t) => [
      ...(givable(t) && t.suggested?.to ? [{ id: "auto", title: `Give to ${nameOf(t.suggested.to, t.suggested.kind)}`, note: "suggested", run: () => props.deeds.give([t], "auto") }] : []),
      ...(givable(t) ? [{ id: "assign", title: "Give to…", note: "a", run: () => props.assign([t]) }] : []),
      ...(tickable(t) ? [{ id: "tick", title: "Tick its line", note: "t", run: () => props.deeds.tick([t]) }] : []),
      ...(t.done ? [] : [{ id: "done", title: "Done, with a note…", note: "d", run: () => props.deeds.finish([t]) }]),
      ...(held(t) ? [{ id: "withdraw", title: "Take it back…", note: "w", danger: true, run: () => props.deeds.withdraw([t]) }] : []),
      { id: "copy", title: "Copy its name", note: t.ref.length < 34 ? t.ref : "", run: () => navigator.clipboard?.writeText(t.ref) },
    ];
    const can = (test) => () => these().some(test);
    useCommands(
      () => [
        { id: "rtask.pick", title: "Select the task", keys: "x", run: () => focused() && !focused().done && pick(focused().ref), when: () => !!focused() },
        { id: "rtask.lift", title: "Pick the task up", keys: "space", hidden: true, run: () => props.lift.pick(heldWith(focused()), "keys"), when: () => document.activeElement?.matches?.(".rtask") && !focused().done },
        { id: "rtask.all", title: "Select all open tasks that are shown", keys: "shift+a", run: all },
        { id: "rtask.none", title: "Select none", keys: "shift+n", run: none, when: () => picked.size > 0 },
        { id: "rtask.assign", title: "Give the tasks to somebody", keys: "a", run: () => props.assign(these().filter(givable)), when: can(givable) },
        { id: "rtask.auto", title: "Give the tasks to whom it suits", keys: "shift+g", run: () => props.deeds.give(these().filter(givable), "auto"), when: can((t) => givable(t) && t.suggested?.to) },
        { id: "rtask.tick", title: "Tick the lines of what is done", keys: "t", run: () => props.deeds.tick(these()), when: can(tickable) },
        { id: "rtask.done", title: "Say that it is done, with a note", keys: "d", run: () => props.deeds.finish(these()), when: can((t) => !t.done) },
        { id: "rtask.withdraw", title: "Take the tasks back", keys: "w", run: () => props.deeds.withdraw(these()), when: can(held) },
        ...facets.value.states.map(([s]) => ({ id: `rtask.only.${s}`, title: state.value === s ? "Show tasks of every state" : `Show only tasks that are ${SAID[s]}`, run: () => (state.value = state.value === s ? "" : s) })),
      ],
      "Tasks",
    );
    const clear = () => (query.value = state.value = who.value = "");
    return { query, state, who, facets, rows, shownTasks, suited, filtered, every, box, loose, ...view, picked, pick, all, none, chosen, heldWith, items, clear, SAID, givable, held, tickable, words };
  },
  template: `
    <div class="panel rtasks">
      <header class="tools">
        <input type="search" data-search v-model="query" placeholder="Filter tasks  /" aria-label="Filter tasks"/>
        <select v-if="facets.names.length" v-model="who" aria-label="Whose, or whom it suits"><option value="">everybody’s</option><option v-for="[name, n] in facets.names" :key="name" :value="name">{{ name }} ({{ n }})</option></select>
        <span class="chips" role="group" aria-label="State"><button v-for="[s, n] in facets.states" :key="s" type="button" class="chip" :aria-pressed="state === s" @click="state = state === s ? '' : s"><CbState :word="s" bare :title="SAID[s]" aria-hidden="true"/>{{ SAID[s] }} <span class="num">{{ words.count(n) }}</span></button></span>
        <CbAct v-if="suited.length" small tone="primary" class="tools-end" :run="() => deeds.give(suited, 'auto')">Give {{ words.count(suited.length) }} as suggested</CbAct>
      </header>
      <div v-if="picked.size" class="picked-bar" role="status">
        <b class="num">{{ words.plural(picked.size, 'task') }} selected</b>
        <CbAct small tone="primary" :run="() => assign(chosen.filter(givable))" :disabled="!chosen.some(givable)" why="All of them are at work or done">Give to…</CbAct>
        <CbAct small :run="() => deeds.give(chosen.filter(givable), 'auto')" :disabled="!chosen.some((t) => givable(t) && t.suggested?.to)" why="No agent here offers any of it">As suggested</CbAct>
        <CbAct small :run="() => deeds.finish(chosen)">Done…</CbAct>
        <CbAct v-if="chosen.some(tickable)" small :run="() => deeds.tick(chosen)">Tick</CbAct>
        <CbAct v-if="chosen.some(held)" small tone="danger" :run="() => deeds.withdraw(chosen)">Take back…</CbAct>
        <button type="button" class="link" @click="all">all open that are shown</button><button type="button" class="link" @click="none">none</button>
      </div>
      <ol v-if="rows.length" ref="box" class="rtask-list" :class="{equal: !loose()}" aria-label="Tasks">
        <li v-if="above" class="rtask-room" aria-hidden="true" :style="{height: above + 'px'}"></li>
        <template v-for="r in shown" :key="r.key">
          <CbRoadTask v-if="r.t" :t="r.t" :picked="picked.has(r.t.ref)" :pick="pick" :lift="lift" :held="heldWith" :items="items" :deeds="deeds" :assign="assign"/>
          <li v-else class="rtask-section"><h2>{{ r.section.title || 'Without a heading' }}</h2><span class="num quiet">{{ r.section.done }} of {{ r.section.total }}</span></li>
        </template>
        <li v-if="below" class="rtask-room" aria-hidden="true" :style="{height: below + 'px'}"></li>
      </ol>
      <CbEmpty v-else-if="every.length" title="No task matches">Nothing fits this filter. <button type="button" class="link" @click="clear">Show all {{ words.count(every.length) }}</button></CbEmpty>
      <CbEmpty v-else title="No task yet">Write lines such as <code>- [ ] 1.1 Write the tests</code> into its <code>tasks.md</code>; they appear here at once.</CbEmpty>
      <p v-if="filtered && rows.length" class="log-foot"><span class="num">{{ words.count(shownTasks.length) }}</span> of {{ words.count(every.length) }} tasks</p>
    </div>
  `,
};
