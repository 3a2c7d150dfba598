// Who shall do it: the choice by keyboard, with what is suggested on top; and the strip that tasks are dragged onto.
import { computed, nextTick, ref, watch } from "vue";
import { fit } from "callboard/palette.js";
import { PARTS } from "callboard/parts.js";
import { givable, held, nameOf, wordsOf } from "callboard/roadmap_deeds.js";
import { person } from "callboard/settings.js";
import * as words from "callboard/words.js";

// How many of these tasks are suggested to whom.
export function suggestedTo(tasks) {
  const found = new Map();
  for (const t of tasks) if (t.suggested?.to) found.set(nameOf(t.suggested.to, t.suggested.kind), [...(found.get(nameOf(t.suggested.to, t.suggested.kind)) ?? []), t]);
  return found;
}
// Everybody who may be given a task: agents as they stand, then people; names that are known from owners and assignments.
export function everybody(agents, persons, tasks) {
  const named = [person.name, ...persons, ...tasks.filter((t) => t.assignment?.kind === "person").map((t) => t.assignment.to)];
  const people = [...new Set(named.filter(Boolean).map((name) => name.replace(/^@/, "")))];
  return [
    ...agents.map((a) => ({ name: a.name, title: a.title || a.name, state: a.state, kind: "agent", actions: a.actions ?? [], note: a.trouble ? a.trouble : a.load?.queue ? `${words.plural(a.load.queue, "task")} in its queue` : a.state })),
    ...people.map((name) => ({ name: `@${name}`, title: name, kind: "person", actions: [], note: name === person.name ? "you" : "person" })),
  ];
}

export const CbAssign = {
  components: PARTS,
  props: { tasks: Array, who: Array, deeds: Object },
  emits: ["closed"],
  setup(props, { emit }) {
    const open = ref(false);
    const query = ref("");
    const at = ref(0);
    const action = ref("");
    const reason = ref("");
    const list = ref(null);
    watch(() => props.tasks, (tasks) => {
      if (!tasks.length) return;
      query.value = action.value = reason.value = props.deeds.state.why = "";
      at.value = 0;
      open.value = true;
    });
    const auto = computed(() => {
      const found = suggestedTo(props.tasks);
      if (!found.size) return null;
      const left = props.tasks.length - [...found.values()].reduce((n, list) => n + list.length, 0);
      const to = [...found].map(([name, list]) => (props.tasks.length === 1 ? name : `${list.length} to ${name}`)).join(", ");
      return { name: "auto", title: "As suggested", kind: "auto", actions: [], note: `${to}${props.tasks.length === 1 ? `: ${props.tasks[0].suggested.why}` : ""}${left ? `; ${left} fit no agent` : ""}` };
    });
    const options = computed(() => {
      const q = query.value.trim();
      // What no agent offers is a person's: people stand first then.
      const all = auto.value ? [auto.value, ...props.who] : [...props.who].sort((a, b) => (b.kind === "person") - (a.kind === "person"));
      const fits = all.map((o) => ({ o, score: fit(q.replace(/^@/, ""), `${o.title} ${o.name}`) })).filter((x) => x.score != null);
      const found = q ? fits.sort((a, b) => b.score - a.score).map((x) => x.o) : all;
      const name = q.replace(/^@/, "");
      const other = name && !all.some((o) => o.name === `@${name}`) ? [{ name: `@${name}`, title: name, kind: "person", actions: [], note: "a person of this name" }] : [];
      return [...found, ...other];
    });
    watch(query, () => (at.value = 0));
    watch(at, () => nextTick(() => list.value?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" })));
    const chosen = computed(() => options.value[Math.min(at.value, options.value.length - 1)] ?? null);
    watch(() => chosen.value?.name, () => (action.value = ""));
    const title = computed(() => (props.tasks.length === 1 ? props.tasks[0].ref : words.plural(props.tasks.length, "task")));
    const with_ = computed(() => {
      const names = [...new Set(props.tasks.filter(held).map((t) => nameOf(t.assignment.to, t.assignment.kind)))];
      return names.length ? `Now with ${names.join(", ")}: it goes over.` : "";
    });
    async function give() {
      if (!chosen.value) return;
      const more = { ...(action.value ? { action: action.value } : {}), ...(reason.value.trim() ? { reason: reason.value.trim() } : {}) };
      if (await props.deeds.give(props.tasks, chosen.value.name, more)) open.value = false;
    }
    function key(event) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) event.preventDefault(), (at.value = (at.value + step + options.value.length) % options.value.length);
      else if (event.key === "Enter") event.preventDefault(), give();
    }
    return { open, query, at, action, reason, list, options, chosen, title, with_, give, key, emit, wordsOf };
  },
  template: `
    <CbDialog v-model:open="open" :title="'Give ' + title + ' to…'" @closed="emit('closed')">
      <div class="assign">
        <p v-if="tasks.length === 1" class="assign-task">{{ wordsOf(tasks[0]) }}</p>
        <p v-if="deeds.state.why" class="trouble" role="alert">{{ deeds.state.why }}</p>
        <input type="text" role="combobox" aria-expanded="true" aria-controls="assign-list" :aria-activedescendant="chosen ? 'assign-' + options.indexOf(chosen) : undefined" v-model="query" placeholder="An agent, or a name" aria-label="Who" data-first autocomplete="off" spellcheck="false" @keydown="key"/>
        <ul id="assign-list" ref="list" role="listbox" aria-label="Who can be given it" class="assign-list">
          <li v-for="(o, i) in options" :key="o.name" :id="'assign-' + i" role="option" :aria-selected="o === chosen" :data-who="o.name" class="assign-one" @click="at = i" @dblclick="give">
            <CbState v-if="o.kind === 'agent'" :word="o.state" bare/><svg v-else-if="o.kind === 'person'" class="face" viewBox="0 0 16 16" aria-hidden="true"><path d="M8 8a2.700 2.700 0 1 0 0-5.400a2.700 2.700 0 0 0 0 5.400zM2.800 13.500c.7-2.600 2.700-3.800 5.200-3.800s4.500 1.200 5.200 3.800"/></svg><svg v-else class="face" viewBox="0 0 16 16" aria-hidden="true"><path d="M3 8.500l3.300 3.300L13 4.800"/></svg>
            <span class="assign-name">{{ o.title }}</span><span class="quiet assign-note">{{ o.note }}</span>
          </li>
        </ul>
        <p v-if="!options.length" class="quiet">Nobody is called so.</p>
        <label v-if="chosen && chosen.actions.length" class="placing-why">Action <select v-model="action"><option value="">as the words of the task say</option><option v-for="a in chosen.actions" :key="a.name" :value="a.name">{{ a.title || a.name }} ({{ a.name }})</option></select></label>
        <label class="placing-why"><span>Why <span class="quiet">(may stay empty)</span></span><input type="text" v-model="reason" maxlength="500" @keydown.enter="give"/></label>
        <p v-if="with_" class="quiet assign-over">{{ with_ }}</p>
      </div>
      <template #acts><button type="button" class="button" @click="open = false">Cancel</button><CbAct tone="primary" :run="give" :disabled="!chosen" data-give>Give {{ chosen ? 'to ' + (chosen.kind === 'auto' ? 'whom it suits' : chosen.title) : '' }}</CbAct></template>
    </CbDialog>
  `,
};

export const CbStrip = {
  components: PARTS,
  props: { who: Array, tasks: Array, lift: Object, deeds: Object },
  setup(props) {
    const open = computed(() => props.tasks.filter((t) => !t.done));
    const suits = computed(() => suggestedTo(open.value.filter((t) => !t.assignment || t.assignment.state === "withdrawn").filter(givable)));
    const rows = computed(() => {
      const has = new Map();
      for (const t of open.value) if (t.assignment && t.assignment.state !== "withdrawn") has.set(nameOf(t.assignment.to, t.assignment.kind), [...(has.get(nameOf(t.assignment.to, t.assignment.kind)) ?? []), t]);
      return props.who.map((o) => {
        const mine = has.get(o.name) ?? [];
        const running = mine.filter((t) => t.assignment.state === "running").length;
        return { o, mine, suits: suits.value.get(o.name) ?? [], words: mine.length ? `${words.plural(mine.length, "task")} here${running ? `, ${running} at work` : ""}` : "" };
      });
    });
    return { rows, words };
  },
  template: `
    <section class="panel strip" aria-labelledby="h-strip">
      <header><h2 id="h-strip">Who could do it</h2></header>
      <p class="strip-how quiet">Drag tasks onto a name, or press <kbd>a</kbd></p>
      <ul>
        <li v-for="r in rows" :key="r.o.name" class="strip-row" :data-place="lift.held.how === 'drag' ? r.o.name : undefined" :data-strip="r.o.name" :class="{aim: lift.held.how === 'drag' && lift.held.over === r.o.name}">
          <CbState v-if="r.o.kind === 'agent'" :word="r.o.state" bare/><svg v-else class="face" viewBox="0 0 16 16" aria-hidden="true"><path d="M8 8a2.700 2.700 0 1 0 0-5.400a2.700 2.700 0 0 0 0 5.400zM2.800 13.500c.7-2.600 2.700-3.800 5.200-3.800s4.500 1.200 5.200 3.800"/></svg>
          <span class="strip-name"><a v-if="r.o.kind === 'agent'" class="name" :href="words.agentHref(r.o.name)">{{ r.o.title }}</a><span v-else class="name">{{ r.o.title }}</span><span class="quiet">{{ r.words || r.o.note }}</span></span>
          <CbAct v-if="r.suits.length" small :run="() => deeds.give(r.suits, r.o.name)" :aria-label="'Give the ' + r.suits.length + ' suggested tasks to ' + r.o.title">give {{ words.count(r.suits.length) }}</CbAct>
        </li>
      </ul>
    </section>
  `,
};
