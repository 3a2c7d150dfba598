// What all pages of cases share: their states, priority, cause; and a page's line to them.
import { computed, onScopeDispose, shallowRef } from "vue";
import { follow, get } from "callboard/live.js";
import { CbState } from "callboard/parts.js";

export const STATES = ["new", "triaged", "assigned", "reproducing", "fix-proposed", "verifying", "cannot-reproduce", "accepted", "closed"];
export const CAUSES = ["single", "file", "dependency", "setting", "commit", "setup", "host", "upstream", "family", "person"];
const QUIET_MS = 400; // many changes in a row are one reading
const REST = 4; // and a reading that took long is followed by a rest of so many times as long

export const said = (state) => String(state ?? "").replaceAll("-", " ");
export const isOpen = (row) => row.state !== "closed";
export const tools = (row) => [...new Set((row.witnesses ?? []).map((w) => w.tool))];
export const placeOf = (row) => (row.path ? `${row.path}${row.line ? `:${row.line}` : ""}` : "");
export const whoOf = (row) => (row.assignee ? (row.assignee.kind === "person" ? `@${String(row.assignee.name).replace(/^@/, "")}` : row.assignee.name) : "");

export const CbCaseState = {
  components: { CbState },
  props: { word: String, bare: Boolean, big: Boolean },
  setup: () => ({ said }),
  template: `<CbState :word="said(word)" :bare="bare" :big="big"/>`,
};

// How much it matters, 0 to 100; each factor is in its title.
export const CbPriority = {
  props: { row: Object, big: Boolean },
  setup(props) {
    const told = computed(() => (props.row.factors ?? []).map((f) => f.words || `${f.name} ${f.value}`).join("; "));
    const value = computed(() => Math.round(props.row.priority ?? 0));
    return { told, value };
  },
  template: `<span class="prio" :class="{big}" :title="told || undefined"><span class="prio-bar" aria-hidden="true"><i :style="{width: Math.min(100, Math.max(3, value)) + '%'}"></i></span><span class="num"><span class="sr">priority </span>{{ value }}</span></span>`,
};

// Why its symptoms are one case.
export const CbCause = {
  props: { cause: Object, n: Number },
  setup: () => ({ CAUSES }),
  template: `<span class="cause-line"><span v-if="cause && cause.kind !== 'single'" class="tag cause-kind">{{ cause.kind }}</span><span class="cause-words" :title="cause?.words">{{ cause?.words || (n > 1 ? 'seen as one' : 'one symptom') }}</span></span>`,
};

// Who has it; nobody is said as such.
export const CbWho = {
  props: { row: Object },
  setup: (props) => ({ name: computed(() => whoOf(props.row)) }),
  template: `<span v-if="name" class="case-who" :title="row.assignee.why || undefined"><svg v-if="row.assignee.kind === 'person'" class="face" viewBox="0 0 16 16" aria-hidden="true"><path d="M8 8a2.700 2.700 0 1 0 0-5.400a2.700 2.700 0 0 0 0 5.400zM2.800 13.500c.7-2.600 2.700-3.800 5.200-3.800s4.500 1.200 5.200 3.800"/></svg><bdi>{{ name }}</bdi></span><span v-else class="none case-who" title="nobody has it yet">nobody</span>`,
};

// Where else a case is named: small, with its state.
export const CbCaseLink = {
  components: { CbCaseState },
  props: { row: Object, title: Boolean },
  setup: () => ({ said }),
  template: `<a class="case-link" :href="row.href" :title="row.title + ': ' + said(row.state)"><CbCaseState :word="row.state" bare/> {{ row.name }}<span v-if="title" class="case-link-title">{{ row.title }}</span></a>`,
};

// Reads again when the live key says that cases changed: once for many changes, never two at a time.
export function useLine(first, read, { rooms = () => ["board"], when = (m) => typeof m.cases === "number", fold = () => {} } = {}) {
  const data = shallowRef(first);
  let timer = 0;
  let busy = false;
  let asked = 0;
  let took = 0;
  async function refetch() {
    const mine = ++asked;
    const began = performance.now();
    const answer = await read();
    took = performance.now() - began;
    if (mine === asked && answer) data.value = answer;
    return null;
  }
  async function again() {
    timer = 0;
    if (busy) return void soon();
    busy = true;
    try {
      await refetch();
    } catch {
      // a link that is down is said by the frame; the next message asks again
    } finally {
      busy = false;
    }
  }
  const soon = () => void (timer ||= setTimeout(again, Math.max(QUIET_MS, REST * took)));
  onScopeDispose(() => clearTimeout(timer));
  follow({
    rooms,
    refetch,
    fold(m) {
      if (when(m)) soon();
      fold(m);
    },
  });
  return { data, refetch, soon };
}

// The cases behind a run, for the small links at its findings and jobs. first: as they came with the page.
export function useCasesOf(run, first) {
  const near = shallowRef(first ?? { cases: [], findings: {}, jobs: {} });
  const byId = computed(() => new Map(near.value.cases.map((c) => [c.id, c])));
  let timer = 0;
  async function look() {
    timer = 0;
    near.value = await get(`/runs/${run}/cases`).catch(() => near.value);
  }
  const soon = () => void (timer ||= setTimeout(look, QUIET_MS));
  onScopeDispose(() => clearTimeout(timer));
  return {
    cases: computed(() => near.value.cases),
    ofFinding: (f) => byId.value.get(near.value.findings[f.fingerprint]),
    ofJob: (name) => (near.value.jobs[name] ?? []).map((id) => byId.value.get(id)).filter(Boolean),
    hear: (m) => typeof m.cases === "number" && soon(),
  };
}
