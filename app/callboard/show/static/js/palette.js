// The command palette: everything that can be done or found, by a few letters and without a mouse.
import { computed, nextTick, ref, watch } from "vue";
import { available, keycaps, perform } from "callboard/commands.js";
import { CbDialog } from "callboard/dialog.js";
import { act, get, newKey, toast } from "callboard/live.js";
import { CbState } from "callboard/parts.js";
import { stateOf } from "callboard/words.js";

const RECENT = "callboard.recent";
const MOST_RECENT = 6;
const MOST = 7; // of a group, once something is typed
const WAIT_MS = 110;
const FOUND = { case: "Cases", run: "Runs", task: "Tasks", agent: "Agents", pipeline: "Pipelines", action: "Actions", patch: "Patches", finding: "Findings" };
const LATER = ["Go to", "Everywhere"]; // what the page itself can do comes before
const VERBS = ["run", "do"]; // deeds to what was found stand first only for who asks for a deed
const SEVERITY = new Set(["critical", "high", "medium", "low", "info"]);

// How well letters fit a text, null for not at all: words that begin so count most, then runs of letters.
export function fit(query, text) {
  const q = query.toLowerCase().trim();
  const t = text.toLowerCase();
  if (!q) return 0;
  const at = t.indexOf(q);
  if (at >= 0) return 100 - at * 0.2 + (at === 0 || /\W/.test(t[at - 1]) ? 30 : 0);
  let score = 0;
  let from = 0;
  for (const word of q.split(/\s+/)) {
    const here = t.indexOf(word);
    if (here >= 0) {
      score += 12 + (here === 0 || /\W/.test(t[here - 1]) ? 8 : 0);
      continue;
    }
    for (const letter of word) {
      const next = t.indexOf(letter, from);
      if (next < 0) return null;
      score += next === from ? 2 : /\W/.test(t[next - 1] ?? " ") ? 3 : -0.3 * Math.min(6, next - from);
      from = next + 1;
    }
  }
  return score > 0 ? score : null;
}

function remembered() {
  try {
    const kept = JSON.parse(localStorage.getItem(RECENT) ?? "[]");
    return Array.isArray(kept) ? kept.filter((r) => typeof r?.title === "string" && typeof r?.id === "string").slice(0, MOST_RECENT) : [];
  } catch {
    return [];
  }
}
function remember(item) {
  if (!item.href?.startsWith("/") && !item.command) return;
  const kept = { id: item.id, title: item.title, href: item.command?.href ? undefined : item.href, note: item.note };
  try {
    localStorage.setItem(RECENT, JSON.stringify([kept, ...remembered().filter((r) => r.id !== item.id)].slice(0, MOST_RECENT)));
  } catch {} // without storage nothing is remembered
}

const ofCommand = (c) => ({ id: c.id, title: c.title, group: c.group, keys: c.keys, href: c.href, command: c });

// What can be done to what the search found.
function deeds(hit) {
  if (hit.kind === "pipeline") {
    const start = async () => {
      const answer = await act("/runs", { pipeline: hit.id }, "", { "Idempotency-Key": newKey() });
      if (answer) location.href = `/runs/${answer.run}`;
    };
    return [{ id: `start.${hit.id}`, title: `Start a run of ${hit.id}`, group: "Do", run: start }];
  }
  if (hit.kind !== "agent") return [];
  const paused = hit.state === "paused";
  const change = () => act(`/agents/${encodeURIComponent(hit.id)}/${paused ? "resume" : "pause"}`, {}, paused ? `${hit.title} works again.` : `${hit.title} is paused.`);
  return [{ id: `${paused ? "resume" : "pause"}.${hit.id}`, title: `${paused ? "Resume" : "Pause"} ${hit.title}`, group: "Do", run: change }];
}

export const CbPalette = {
  props: { open: Boolean },
  emits: ["update:open"],
  components: { CbDialog, CbState },
  setup(props, { emit }) {
    const query = ref("");
    const here = ref(0);
    const hits = ref([]);
    const known = ref([]); // agents and pipelines, for what can be done with them
    const busy = ref(false);
    const trouble = ref("");
    const list = ref(null);
    let asked = 0;
    let timer = 0;

    watch(
      () => props.open,
      async (open) => {
        if (!open) return;
        query.value = "";
        hits.value = [];
        here.value = 0;
        const found = await Promise.all(["agent", "pipeline"].map((kind) => get(`/search?q=${kind}&limit=50`).then((a) => a.hits.filter((h) => h.kind === kind), () => [])));
        known.value = found.flat();
      },
    );
    watch(query, (text) => {
      here.value = 0;
      clearTimeout(timer);
      const mine = ++asked;
      if (!text.trim()) return (hits.value = []), (busy.value = false);
      busy.value = true;
      timer = setTimeout(async () => {
        try {
          const answer = await get(`/search?limit=${MOST}&q=${encodeURIComponent(text.slice(0, 200))}`);
          if (mine === asked) (hits.value = answer.hits), (trouble.value = "");
        } catch (problem) {
          if (mine === asked) (hits.value = []), (trouble.value = problem.message);
        }
        if (mine === asked) busy.value = false;
      }, WAIT_MS);
    });

    const items = computed(() => {
      const text = query.value.trim();
      const first = text.toLowerCase().split(/\s+/)[0];
      const asked = (deed) => first.length > 1 && [...VERBS, deed.title.split(" ")[0].toLowerCase()].some((verb) => verb.startsWith(first));
      const all = [...available(), ...known.value.flatMap(deeds)].filter((c) => c.id !== "palette");
      if (!text) {
        const recent = remembered().map((r) => {
          const command = all.find((c) => c.id === r.id);
          return command ? { ...ofCommand(command), group: "Recent" } : r.href ? { ...r, group: "Recent" } : null;
        });
        const seen = new Set(recent.map((r) => r?.id));
        return [...recent.filter(Boolean), ...all.filter((c) => !c.hidden && !seen.has(c.id) && c.group !== "Do").map(ofCommand).sort((a, b) => LATER.indexOf(a.group) - LATER.indexOf(b.group))];
      }
      const scored = all.filter((c) => c.group !== "Do" || asked(c)).map((c) => ({ c, score: fit(text, c.title) ?? fit(text, `${c.group} ${c.title}`) })).filter((s) => s.score != null);
      scored.sort((a, b) => b.score - a.score);
      const counts = {};
      const mine = scored.map(({ c }) => ofCommand(c)).filter((i) => (counts[i.group] = (counts[i.group] ?? 0) + 1) <= MOST);
      const found = hits.value.map((h) => ({ id: `${h.kind}.${h.id}`, title: h.title, note: h.detail, state: h.state, group: FOUND[h.kind] ?? h.kind, href: h.href }));
      return /^c?[\d.]+$/i.test(text) || (scored[0]?.score ?? 0) < 8 ? [...found, ...mine] : [...mine, ...found];
    });
    const groups = computed(() => {
      const made = new Map();
      items.value.forEach((item) => made.set(item.group, [...(made.get(item.group) ?? []), item]));
      let n = 0;
      return [...made].map(([name, list]) => ({ name, list: list.map((item) => ({ ...item, n: n++ })) }));
    });
    const flat = computed(() => groups.value.flatMap((g) => g.list));
    const current = computed(() => flat.value[Math.min(here.value, flat.value.length - 1)]);

    function choose(item, fresh = false) {
      if (!item) return;
      remember(item);
      emit("update:open", false);
      if (fresh && item.href) return void window.open(item.href, "_blank", "noopener");
      nextTick(() => (item.command ? perform(item.command) : (location.href = item.href)));
    }
    function key(event) {
      const n = flat.value.length;
      const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
      if (step && n) {
        const wrap = Math.abs(step) === 1;
        here.value = wrap ? (Math.min(here.value, n - 1) + step + n) % n : Math.max(0, Math.min(n - 1, here.value + step));
      } else if (event.key === "Enter" && !event.isComposing) choose(current.value, event.ctrlKey || event.metaKey);
      else if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) emit("update:open", false);
      else return;
      event.preventDefault();
      event.stopPropagation();
      nextTick(() => list.value?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" }));
    }
    const isState = (word) => word && !SEVERITY.has(word) && stateOf(word).tone;
    return { query, here, groups, flat, current, busy, trouble, list, choose, key, keycaps, isState, SEVERITY };
  },
  template: `
    <CbDialog :open="open" title="Search and do" bare class="palette" @update:open="$emit('update:open', $event)">
      <div class="palette-field">
        <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M7 2.500a4.500 4.500 0 1 0 0 9a4.500 4.500 0 1 0 0-9zM10.500 10.500L14 14"/></svg>
        <input v-model="query" type="text" role="combobox" aria-expanded="true" aria-controls="palette-list" aria-autocomplete="list" aria-label="Search and do"
          :aria-activedescendant="current ? 'palette-' + current.n : undefined" placeholder="Go to, do, or find: 12.3, pause, quality.tests…" maxlength="200" autocomplete="off" spellcheck="false" autofocus @keydown="key"/>
        <span class="palette-busy" :class="{busy}" aria-hidden="true"></span>
        <kbd>Esc</kbd>
      </div>
      <div id="palette-list" ref="list" class="palette-list" role="listbox" aria-label="What fits" tabindex="-1">
        <div v-for="g in groups" :key="g.name" role="group" :aria-label="g.name">
          <div class="palette-group" aria-hidden="true">{{ g.name }}</div>
          <div v-for="i in g.list" :key="i.n + i.id" :id="'palette-' + i.n" role="option" class="palette-item" :aria-selected="current && current.n === i.n" @mousemove="here = i.n" @click="choose(i, $event.ctrlKey || $event.metaKey)">
            <CbState v-if="isState(i.state)" :word="i.state" bare/>
            <span v-else-if="i.state" class="sev" :class="'s-' + i.state"><b>{{ i.state[0].toUpperCase() }}</b></span>
            <span class="palette-title">{{ i.title }}</span>
            <span v-if="i.note" class="palette-note">{{ i.note }}</span>
            <span v-if="i.keys" class="palette-keys"><span v-for="(chord, n) in keycaps(i.keys)" :key="n"><kbd v-for="k in chord" :key="k">{{ k }}</kbd></span></span>
          </div>
        </div>
        <p v-if="!flat.length" class="palette-none">{{ trouble ? 'The search does not answer: ' + trouble : busy ? 'Looking…' : 'Nothing fits. Try a task such as 12.3, a case such as C7, a file, a rule, or an agent.' }}</p>
      </div>
      <p class="sr" role="status">{{ busy ? '' : flat.length + ' found' }}</p>
    </CbDialog>
  `,
};
