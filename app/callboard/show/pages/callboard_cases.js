// The cases: what is wrong and why it is one thing, through its life; as a board or a list.
import { computed, nextTick, reactive, ref, watch } from "vue";
import { CbCaseBoard } from "callboard/case_board.js";
import { KINDS, useDeeds } from "callboard/case_deeds.js";
import { CbCaseDialog, everybody } from "callboard/case_dialog.js";
import { CbCaseFilters, useCaseFilters } from "callboard/case_filters.js";
import { CbIncidents } from "callboard/case_incident.js";
import { CbCaseList } from "callboard/case_list.js";
import { STATES, said, useLine, whoOf } from "callboard/cases.js";
import { useCommands, useList } from "callboard/commands.js";
import { CbExport } from "callboard/export.js";
import { CbFrame, useTitle } from "callboard/frame.js";
import { get, toast } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const FIRST = 300; // all that most teams have; the others are asked for when somebody wants them
const MOST = 2000;
const TYPING_MS = 180;

export default {
  components: { CbCaseBoard, CbCaseDialog, CbCaseFilters, CbCaseList, CbExport, CbFrame, CbIncidents, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const frame = JSON.parse(props.meta);
    const first = JSON.parse(props.first);
    const filters = useCaseFilters();
    const { wants } = filters;
    const trouble = ref("");
    const most = ref(FIRST);

    // -- reading: the answer fits the filters; a board has every state --
    async function read() {
      const [told, incidents] = await Promise.all([get(`/cases?${filters.query({ limit: most.value })}`), first.incidents ? get("/incidents") : null]);
      trouble.value = "";
      return { ...told, incidents: incidents?.incidents };
    }
    const { data, refetch, soon } = useLine(first, read);
    let timer = 0;
    const look = () => refetch().catch((problem) => (trouble.value = problem.message));
    watch(wants, () => (clearTimeout(timer), (timer = setTimeout(look, TYPING_MS))));
    const more = async () => ((most.value = MOST), look());
    const rows = computed(() => data.value.cases);
    const counts = computed(() => data.value.counts);
    const everything = computed(() => Object.values(counts.value).reduce((a, b) => a + b, 0));
    const agents = computed(() => [...new Set([...first.agents.map((a) => a.name), ...rows.value.flatMap((c) => c.agents ?? []), wants.agent].filter(Boolean))].sort());
    const who = computed(() => everybody(first.agents, rows.value));
    const people = computed(() => {
      const found = [{ value: "nobody", title: "nobody" }, ...who.value.map((o) => ({ value: o.name, title: o.kind === "person" ? `@${o.title}` : o.title }))];
      return wants.assignee && !found.some((o) => o.value === wants.assignee) ? [...found, { value: wants.assignee, title: wants.assignee }] : found;
    });
    const query = computed(() => Object.fromEntries([...filters.query()].filter(([name]) => name !== "state" || wants.state)));

    // -- selecting --
    const picked = reactive(new Set());
    let last = null;
    function pick(id, event) {
      const order = rows.value.map((c) => c.id);
      const on = !picked.has(id);
      const range = event?.shiftKey && last != null && order.includes(last) ? order.slice(Math.min(order.indexOf(last), order.indexOf(id)), Math.max(order.indexOf(last), order.indexOf(id)) + 1) : [id];
      for (const each of range) on ? picked.add(each) : picked.delete(each);
      last = id;
    }
    const chosen = computed(() => rows.value.filter((c) => picked.has(c.id)));
    watch(rows, (now) => {
      const there = new Set(now.map((c) => c.id));
      for (const id of [...picked]) if (!there.has(id)) picked.delete(id);
    });

    // -- acts --
    const deeds = useDeeds(async () => {
      picked.clear();
      await look();
    });
    const focused = () => rows.value.find((c) => String(c.id) === document.activeElement?.closest?.("[data-case]")?.dataset.case);
    const these = () => (chosen.value.length ? chosen.value : [focused()].filter(Boolean));
    const can = (fits = () => true) => () => these().length > 0 && these().every(fits);
    const open = (kind) => () => deeds.open(kind, these());
    function merge() {
      const all = these();
      return all.length ? deeds.open("merge", all) : toast("Select the cases that are one with x first.", "good");
    }
    const isClosed = (c) => c.state === "closed" || c.state === "accepted" || c.state === "cannot-reproduce";

    const list = (state) => Object.assign(wants, { view: "list", state });

    // -- the board by keys: left and right go to the next column --
    function beside(by) {
      const columns = [...document.querySelectorAll("#main .case-col")].filter((col) => col.querySelector("[data-case]"));
      const here = document.activeElement?.closest?.(".case-col");
      const at = columns.indexOf(here);
      const to = columns[at < 0 ? 0 : Math.max(0, Math.min(columns.length - 1, at + by))];
      if (!to) return;
      const place = here ? [...here.querySelectorAll("[data-case]")].indexOf(document.activeElement.closest("[data-case]")) : 0;
      const cards = to.querySelectorAll("[data-case]");
      const next = cards[Math.min(Math.max(0, place), cards.length - 1)];
      document.querySelectorAll("[data-row-focus]").forEach((el) => el.removeAttribute("data-row-focus"));
      next.tabIndex = -1;
      next.setAttribute("data-row-focus", "");
      next.focus();
      next.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    useList("#main [data-case]");
    useCommands(
      () => [
        { id: "case.view", title: wants.view === "list" ? "Show as a board" : "Show as a list", keys: "v", run: () => (wants.view = wants.view === "list" ? "board" : "list") },
        { id: "case.select", title: "Select the case, or not", keys: "x", run: () => focused() && pick(focused().id), when: () => !!focused() },
        { id: "case.assign", title: "Give the case to somebody", keys: "a", run: open("assign"), when: can() },
        { id: "case.split", title: "Split the case", keys: "s", run: () => deeds.open("split", [these()[0]]), when: () => these().length === 1 && these()[0].symptoms > 1 },
        { id: "case.merge", title: "Make the selected cases one", keys: "m", run: merge, when: () => rows.value.length > 1 },
        { id: "case.triage", title: "Mark as looked at", keys: "t", run: () => deeds.now("triage", these(), {}, "Triaged"), when: can((c) => c.state === "new") },
        { id: "case.accept", title: "Live with it for a while", keys: "e", run: open("accept"), when: can((c) => !isClosed(c)) },
        { id: "case.investigate", title: "Investigate the case", keys: "i", run: () => deeds.investigate(these()[0], "auto"), when: () => these().length === 1 },
        { id: "case.close", title: "Close by your word", run: open("close"), when: can((c) => c.state !== "closed") },
        { id: "case.reopen", title: "Reopen the case", keys: "o", run: open("reopen"), when: can(isClosed) },
        { id: "case.left", title: "The column before", keys: "arrowleft", run: () => beside(-1), when: () => wants.view === "board" && !!focused() },
        { id: "case.right", title: "The next column", keys: "arrowright", run: () => beside(1), when: () => wants.view === "board" && !!focused() },
        { id: "case.none", title: "Select none", keys: "escape", run: () => picked.clear(), when: () => picked.size > 0, hidden: true },
        { id: "case.clear", title: "Take all filters off", run: filters.clear, when: () => filters.on.value },
        ...STATES.map((s) => ({ id: `case.only.${s}`, title: `List cases that are ${said(s)}`, run: () => list(s) })),
        ...words.SEVERITIES.map((s) => ({ id: `case.severity.${s}`, title: `Only cases that are ${s}`, run: () => filters.choose("severity", s) })),
      ],
      "Cases",
    );
    useTitle(() => "Cases – Callboard");
    const summary = computed(() => (everything.value ? `${words.count(data.value.open)} open of ${words.count(everything.value)}` : "none yet"));
    return { most, more, frame, filters, wants, data, rows, counts, everything, agents, who, people, query, picked, pick, chosen, deeds, merge, list, isClosed, trouble, look, soon, summary, said, words };
  },
  template: `
    <CbFrame :meta="frame" here="/cases">
      <div class="head">
        <h1>Cases</h1>
        <span class="quiet">{{ summary }}</span>
        <div class="acts tools">
          <span class="segmented" role="group" aria-label="Show as"><label v-for="v in ['board', 'list']" :key="v" :class="{on: wants.view === v}"><input type="radio" class="sr" name="view" :value="v" v-model="wants.view"/>{{ v === 'board' ? 'Board' : 'List' }}</label></span>
          <CbExport table="cases" :query="query"/>
        </div>
      </div>
      <CbIncidents :rows="data.incidents || []" :after="look"/>
      <template v-if="everything || filters.on.value">
        <CbCaseFilters :filters="filters" :counts="counts" :agents="agents" :people="people"/>
        <p v-if="trouble" class="trouble" role="alert">{{ trouble }} <button type="button" class="link" @click="look">try again</button></p>
        <div v-if="picked.size" class="panel picked-bar case-picked" role="status">
          <b class="num">{{ words.plural(picked.size, 'case') }} selected</b>
          <CbAct small tone="primary" :run="merge" :disabled="picked.size < 2" why="Select at least two">Make one…</CbAct>
          <CbAct small :run="() => deeds.open('assign', chosen)">Give to…</CbAct>
          <CbAct small :run="() => deeds.open('accept', chosen)" :disabled="chosen.some(isClosed)" why="One of them is settled already">Accept…</CbAct>
          <CbAct small :run="() => deeds.open('close', chosen)" :disabled="chosen.some((c) => c.state === 'closed')" why="One of them is closed already">Close…</CbAct>
          <button type="button" class="link" @click="picked.clear()">none</button>
        </div>
        <CbCaseBoard v-if="wants.view === 'board' && (rows.length || !filters.on.value)" :rows="rows" :counts="counts" :picked="picked" :pick="pick" :filtering="filters.on.value" :show="list"/>
        <section v-else-if="rows.length" class="panel"><CbCaseList :rows="rows" :picked="picked" :pick="pick"/></section>
        <section v-else class="panel"><CbEmpty title="No case fits">Nothing here fits these words and filters. <button type="button" class="link" @click="filters.clear">Show all {{ words.count(everything) }}</button></CbEmpty></section>
        <p v-if="data.left_out" class="quiet case-left">{{ words.count(data.left_out) }} more matter less. <CbAct v-if="most < 2000" small :run="more">Show them too</CbAct><template v-else>Narrow the list, or take the export.</template></p>
      </template>
      <section v-else class="panel case-begin">
        <CbEmpty title="No case yet">What your checks, crews and the machine complain of becomes a case here, by itself: symptoms with one cause are one case, and it is followed until every check that saw it has looked again.</CbEmpty>
        <ol class="case-steps">
          <li><b>Run something</b><span><a class="hold" href="/runs/new">Start a run</a>, or send a report with <code>callboard ingest</code>.</span></li>
          <li><b>See one thing once</b><span>Six tools that stumble over one broken file are one case with six witnesses.</span></li>
          <li><b>Find out</b><span>Reproduce, narrow, bisect: ordinary runs that never touch your files.</span></li>
          <li><b>Mend and prove</b><span>A case closes when its checks pass on other code, and comes back if it returns.</span></li>
        </ol>
      </section>
      <CbCaseDialog :deeds="deeds" :who="who"/>
    </CbFrame>
  `,
};
