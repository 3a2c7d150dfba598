// The one dialog behind all acts on cases.
import { computed, ref, watch } from "vue";
import { CbCaseState } from "callboard/cases.js";
import { KINDS, LONGEST_DAYS, day } from "callboard/case_deeds.js";
import { fit } from "callboard/palette.js";
import { PARTS } from "callboard/parts.js";
import { get } from "callboard/live.js";
import { person } from "callboard/settings.js";
import * as words from "callboard/words.js";

const bare = (name) => String(name).replace(/^@/, "");

// Everybody who may be given a case: agents as they stand, then people whose names are known here.
export function everybody(agents, cases) {
  const people = [...new Set([person.name, ...cases.filter((c) => c.assignee?.kind === "person").map((c) => bare(c.assignee.name))].filter(Boolean))];
  return [
    ...agents.map((a) => ({ name: a.name, title: a.title || a.name, state: a.state, kind: "agent", note: a.trouble || a.state })),
    ...people.map((name) => ({ name: `@${name}`, title: name, kind: "person", note: name === person.name ? "you" : "person" })),
  ];
}

const CbWhom = {
  components: PARTS,
  props: { asked: Object, who: Array, go: Function },
  setup(props) {
    const query = ref("");
    const at = ref(0);
    const auto = { name: "auto", title: "Whoever fits", kind: "auto", note: "by what the checks and agents offer" };
    const options = computed(() => {
      const q = query.value.trim().replace(/^@/, "");
      const all = [auto, ...props.who];
      const found = q ? all.map((o) => ({ o, score: fit(q, `${o.title} ${o.name}`) })).filter((x) => x.score != null).sort((a, b) => b.score - a.score).map((x) => x.o) : all;
      return q && !all.some((o) => o.name === `@${q}` || o.name === q) ? [...found, { name: `@${q}`, title: q, kind: "person", note: "a person of this name" }] : found;
    });
    const chosen = computed(() => options.value[Math.min(at.value, options.value.length - 1)] ?? null);
    watch(query, () => (at.value = 0));
    watch(chosen, (o) => (props.asked.to = o?.name ?? ""), { immediate: true });
    function key(event) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) event.preventDefault(), (at.value = (at.value + step + options.value.length) % options.value.length);
      else if (event.key === "Enter") event.preventDefault(), props.go();
    }
    return { query, at, options, chosen, key };
  },
  template: `
    <input type="text" role="combobox" aria-expanded="true" aria-controls="whom-list" :aria-activedescendant="chosen ? 'whom-' + options.indexOf(chosen) : undefined" v-model="query" placeholder="An agent, or a name" aria-label="Who" data-first autocomplete="off" spellcheck="false" maxlength="100" @keydown="key"/>
    <ul id="whom-list" role="listbox" aria-label="Who can be given it" class="assign-list">
      <li v-for="(o, i) in options" :key="o.name" :id="'whom-' + i" role="option" :aria-selected="o === chosen" :data-who="o.name" class="assign-one" @click="at = i" @dblclick="go">
        <CbState v-if="o.kind === 'agent'" :word="o.state" bare/><svg v-else-if="o.kind === 'person'" class="face" viewBox="0 0 16 16" aria-hidden="true"><path d="M8 8a2.700 2.700 0 1 0 0-5.400a2.700 2.700 0 0 0 0 5.400zM2.800 13.500c.7-2.600 2.700-3.800 5.200-3.800s4.500 1.200 5.200 3.800"/></svg><svg v-else class="face" viewBox="0 0 16 16" aria-hidden="true"><path d="M3 8.500l3.300 3.300L13 4.800"/></svg>
        <span class="assign-name">{{ o.title }}</span><span class="quiet assign-note">{{ o.note }}</span>
      </li>
    </ul>
  `,
};

// The case that stays: one of those selected, or any other by its words.
const CbInto = {
  components: { CbCaseState, ...PARTS },
  props: { asked: Object },
  setup(props) {
    const query = ref("");
    const found = ref([]);
    const busy = ref(false);
    let mine = 0;
    async function look() {
      const n = ++mine;
      busy.value = true;
      const answer = await get(`/cases?limit=12&text=${encodeURIComponent(query.value.trim().slice(0, 200))}`).catch(() => ({ cases: [] }));
      if (n !== mine) return;
      busy.value = false;
      found.value = answer.cases.filter((c) => c.id !== props.asked.rows[0].id);
    }
    const single = computed(() => props.asked.rows.length === 1);
    let timer = 0;
    watch(query, () => (clearTimeout(timer), (timer = setTimeout(look, 180))));
    if (single.value) look();
    const rows = computed(() => (single.value ? found.value : props.asked.rows));
    return { query, rows, single, busy };
  },
  template: `
    <input v-if="single" type="search" v-model="query" placeholder="Words, a file, C7" aria-label="Find the other case" data-first maxlength="200"/>
    <fieldset class="placing-list case-into"><legend class="sr">The case that stays</legend>
      <label v-for="(c, i) in rows" :key="c.id"><input type="radio" name="into" :value="c.id" v-model="asked.into" :data-first="!single && !i ? '' : undefined"/><span><span class="id">{{ c.name }}</span> <b>{{ c.title }}</b> <CbCaseState :word="c.state"/></span></label>
      <p v-if="!rows.length" class="quiet case-into-none">{{ busy ? 'Looking…' : 'No other case fits.' }}</p>
    </fieldset>
  `,
};

const CbKeys = {
  components: PARTS,
  props: { asked: Object },
  template: `
    <fieldset class="placing-list case-into"><legend class="sr">Symptoms that become a case of their own</legend>
      <label v-for="(s, i) in asked.symptoms" :key="s.key"><input type="checkbox" :data-first="i ? undefined : ''" :value="s.key" v-model="asked.keys"/><span><b>{{ s.title }}</b> <span class="quiet">{{ s.check }}<template v-if="s.path"> · {{ s.path }}{{ s.line ? ':' + s.line : '' }}</template></span></span></label>
      <p v-if="!asked.symptoms" class="quiet case-into-none">Reading…</p>
    </fieldset>
  `,
};

// What an incident does, before anybody begins one.
const CbWillDo = {
  props: { asked: Object },
  setup: (props) => ({ row: computed(() => props.asked.rows[0]), agents: computed(() => props.asked.rows[0].agents ?? []) }),
  template: `
    <ol class="incident-will">
      <li v-if="agents.length"><b>{{ agents.join(', ') }} {{ agents.length > 1 ? 'are' : 'is' }} paused.</b> Nothing new is given to {{ agents.length > 1 ? 'them' : 'it' }}; what runs {{ asked.stop ? 'is ended now' : 'goes on to its end' }}.</li>
      <li v-else><b>No agent saw it,</b> so none is paused.</li>
      <li><template v-if="asked.crew"><b>The crew’s token is revoked.</b> What tells in the crew’s name is refused until it has a new one.</template><template v-else><b>No token is revoked.</b> Callboard gives agents none; that of the crew can be revoked below.</template></li>
      <li><b>The evidence is frozen.</b> What the agents were told and did, findings, logs and all of {{ row.name }} go into one archive with a checksum, which nothing cleans up.</li>
      <li><b>It is written down</b> with your name and reason. No file of yours is changed, and it ends only by a person’s word.</li>
    </ol>
    <div class="incident-more">
      <label><input type="checkbox" name="stop" v-model="asked.stop" :disabled="!agents.length"/> end what {{ agents.length > 1 ? 'they are' : 'it is' }} doing now</label>
      <label><input type="checkbox" name="crew" v-model="asked.crew"/> revoke the crew’s token</label>
    </div>
  `,
};

export const CbCaseDialog = {
  components: { CbInto, CbKeys, CbWhom, CbWillDo, ...PARTS },
  props: { deeds: Object, who: Array },
  setup(props) {
    const asked = props.deeds.asked;
    const kind = computed(() => KINDS[asked.kind] ?? null);
    const open = computed(() => kind.value != null && asked.kind !== "");
    const wants = (name) => kind.value?.wants.some((w) => w.replace("!", "") === name);
    const must = computed(() => kind.value?.wants.includes("reason!"));
    // People whose case it is now: taken from them only when that is said.
    const held = computed(() => [...new Set(asked.rows.filter((c) => c.assignee?.kind === "person" && bare(c.assignee.name) !== person.name).map((c) => `@${bare(c.assignee.name)}`))]);
    watch(() => [asked.reason, asked.to, asked.until, asked.into, asked.keys.length], () => (asked.wrong = ""));
    return { asked, held, kind, open, wants, must, first: day(0), last: day(LONGEST_DAYS), words };
  },
  template: `
    <CbDialog :open="open" :title="kind ? kind.title(asked) : ''" :danger="kind?.danger" @update:open="deeds.close()">
      <form v-if="kind" id="case-form" class="case-form" @submit.prevent="deeds.perform">
        <p v-if="asked.rows.length === 1" class="case-form-what"><span class="id">{{ asked.rows[0].name }}</span> {{ asked.rows[0].title }}</p>
        <p v-if="kind.text" class="dialog-text">{{ kind.text(asked) }}</p>
        <CbWillDo v-if="asked.kind === 'incident'" :asked="asked"/>
        <CbWhom v-if="wants('to')" :asked="asked" :who="who" :go="deeds.perform"/>
        <label v-if="wants('to') && held.length" class="case-instead"><input type="checkbox" name="instead" v-model="asked.instead"/> take {{ asked.rows.length > 1 ? 'them' : 'it' }} from {{ held.join(', ') }}, who {{ held.length > 1 ? 'have them' : 'has it' }}</label>
        <CbInto v-if="wants('into')" :asked="asked"/>
        <CbKeys v-if="wants('keys')" :asked="asked"/>
        <label v-if="wants('reason')" class="case-field"><span>Why <span v-if="!must" class="quiet">(may stay empty)</span></span><textarea v-if="must" v-model="asked.reason" name="reason" rows="3" maxlength="1000" :data-first="must ? '' : undefined" :aria-invalid="asked.wrong && !asked.reason.trim() ? true : undefined"></textarea><input v-else type="text" v-model="asked.reason" name="reason" maxlength="500"/></label>
        <label v-if="wants('until')" class="case-field"><span>Until <span class="quiet">(at most a year)</span></span><input type="date" v-model="asked.until" name="until" required :min="first" :max="last"/></label>
        <p v-if="asked.wrong" class="case-wrong" role="alert">{{ asked.wrong }}</p>
        <p v-if="asked.trouble" class="trouble" role="alert"><b>Refused.</b> {{ asked.trouble }}</p>
      </form>
      <template #acts><button type="button" class="button" @click="deeds.close()">Leave it</button><button type="submit" form="case-form" class="button" :class="[kind?.danger ? 'danger solid' : 'primary', {busy: asked.busy}]" :aria-busy="asked.busy" data-yes>{{ kind ? kind.yes(asked) : '' }}</button></template>
    </CbDialog>
  `,
};
