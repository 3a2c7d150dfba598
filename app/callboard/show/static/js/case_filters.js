// What the page of cases shows, kept in its address: board or list, states, severity, agent, cause, who, words.
import { computed, reactive, watch } from "vue";
import { address, asked } from "callboard/address.js";
import { CAUSES, STATES, said } from "callboard/cases.js";
import { PARTS } from "callboard/parts.js";
import { person } from "callboard/settings.js";
import * as words from "callboard/words.js";

const FIELDS = ["q", "state", "severity", "agent", "kind", "assignee"];
const among = (value, known) => (known.includes(value) ? value : "");

export function useCaseFilters() {
  const usual = matchMedia("(max-width: 900px)").matches ? "list" : "board"; // columns want room
  const wants = reactive({
    view: ["board", "list"].includes(asked("view")) ? asked("view") : usual, q: asked("q"), state: among(asked("state"), STATES), severity: among(asked("severity"), words.SEVERITIES),
    agent: asked("agent"), kind: among(asked("kind"), CAUSES), assignee: asked("assignee"),
  }); // prettier-ignore
  watch(wants, () => address({ ...wants, view: wants.view === usual ? null : wants.view }));
  const on = computed(() => FIELDS.some((name) => wants[name].trim?.()));
  const clear = () => FIELDS.forEach((name) => (wants[name] = ""));
  const choose = (name, value) => (wants[name] = wants[name] === value ? "" : value);
  // As the API wants it.
  const query = (more = {}) => {
    // A board has what goes on; a list too, unless a state or words ask for more.
    const state = wants.view === "board" ? "open" : wants.state || (wants.q.trim() ? "" : "open");
    const told = { state, severity: wants.severity, agent: wants.agent, kind: wants.kind, assignee: wants.assignee, text: wants.q.trim(), ...more };
    return new URLSearchParams(Object.entries(told).filter(([, value]) => value !== "" && value != null).map(([name, value]) => [name, String(value).toWellFormed?.() ?? String(value)]));
  };
  return { wants, on, clear, choose, query };
}

export const CbCaseFilters = {
  components: PARTS,
  props: { filters: Object, counts: Object, agents: Array, people: Array },
  setup(props) {
    const states = computed(() => STATES.map((s) => ({ s, n: props.counts?.[s] ?? 0 })).filter(({ s, n }) => n || props.filters.wants.state === s));
    return { states, person, CAUSES, said, words };
  },
  template: `
    <div class="tools case-tools">
      <input type="search" data-search v-model="filters.wants.q" maxlength="200" placeholder="Words, a file, C7  /" aria-label="Search cases"/>
      <select v-model="filters.wants.severity" aria-label="Severity"><option value="">every severity</option><option v-for="s in words.SEVERITIES" :key="s" :value="s">{{ s }}</option></select>
      <select v-model="filters.wants.agent" aria-label="Agent"><option value="">every agent</option><option v-for="a in agents" :key="a" :value="a">{{ a }}</option></select>
      <select v-model="filters.wants.kind" aria-label="Cause"><option value="">every cause</option><option v-for="k in CAUSES" :key="k" :value="k">{{ k === 'single' ? 'one symptom' : k }}</option></select>
      <select v-model="filters.wants.assignee" aria-label="Given to"><option value="">given to anybody</option><option v-for="p in people" :key="p.value" :value="p.value">{{ p.title }}</option></select>
      <button v-if="filters.on.value" type="button" class="link" @click="filters.clear">clear</button>
      <span v-if="filters.wants.view === 'list'" class="chips case-states" role="group" aria-label="State">
        <button v-for="{ s, n } in states" :key="s" type="button" class="chip" :aria-pressed="filters.wants.state === s" :data-only="s" @click="filters.choose('state', s)"><CbState :word="said(s)" bare aria-hidden="true"/>{{ said(s) }} <span class="num">{{ words.count(n) }}</span></button>
      </span>
    </div>
  `,
};
