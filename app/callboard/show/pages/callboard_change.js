// One change of the roadmap: why, its tasks with who does them, what it does to the requirements, what does not fit.
import { computed, ref, shallowRef } from "vue";
import { useCommands } from "callboard/commands.js";
import { CbFrame, useTitle } from "callboard/frame.js";
import { Rows } from "callboard/live.js";
import { PARTS, useTabs } from "callboard/parts.js";
import { LAYERS, placeChange, useRoadmap } from "callboard/roadmap.js";
import { CbAssign, CbStrip, everybody } from "callboard/roadmap_assign.js";
import { CbChangeFiles, CbChangeHead, CbChangeHistory, CbDeltas } from "callboard/roadmap_change.js";
import { CbRoadChecks } from "callboard/roadmap_checks.js";
import { CbDeedNote, givable, nameOf, useDeeds, wordsOf } from "callboard/roadmap_deeds.js";
import { CbLift, useLift } from "callboard/roadmap_lift.js";
import { CbPlacing, placings } from "callboard/roadmap_place.js";
import { CbRoadTasks } from "callboard/roadmap_tasks.js";
import * as words from "callboard/words.js";

export default {
  components: { CbAssign, CbChangeFiles, CbChangeHead, CbChangeHistory, CbDeedNote, CbDeltas, CbFrame, CbLift, CbPlacing, CbRoadChecks, CbRoadTasks, CbStrip, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const frame = JSON.parse(props.meta);
    const first = JSON.parse(props.first);
    const agents = new Rows(first.agents, "name");
    const id = first.change.id;
    const { map, soon } = useRoadmap(first, `/roadmap/${words.segment(id)}`, (m) => m.agents && agents.merge(m.agents.filter((a) => agents.get(a.name))));
    const c = computed(() => map.value.change);
    const tasks = computed(() => map.value.sections.flatMap((s) => s.tasks));
    const titles = new Map(first.others.map((o) => [o.id, o.title]));
    const who = computed(() => everybody(agents.list().filter((a) => a.actions?.length).sort(words.byCrew), [...first.persons, c.value.owner], tasks.value));
    const deeds = useDeeds(soon);
    const assigning = shallowRef([]);
    const assign = (list) => list.length && (assigning.value = [...list]);
    const placing = ref(null);
    const suits = (t, name) => t.suggested?.to && nameOf(t.suggested.to, t.suggested.kind) === name;
    function place(list, o) {
      const fit = list.filter((t) => suits(t, o.name));
      const note = !fit.length ? o.note : list.length === 1 ? fit[0].suggested.why : `${fit.length} suggested`;
      return { name: o.name, title: o.title, state: o.state, suits: fit.length, note, why: list.some(givable) ? "" : "all of it is at work or done" };
    }
    const lift = useLift({
      name: (list) => (list.length === 1 ? list[0].number || wordsOf(list[0]).slice(0, 60) : words.plural(list.length, "task")),
      places: (list) => who.value.map((o) => place(list, o)).sort((a, b) => b.suits - a.suits),
      drop: (list, name) => deeds.give(list.filter(givable), name),
    });
    const items = computed(() => placings(c.value, [], { soon, after: () => (placing.value = c.value) }).filter((item) => item.id !== "open"));
    const { tab, choose, href } = useTabs(["tasks", "requirements", "checks", "history", "files"], "tasks");
    const tabs = computed(() => [
      { name: "tasks", title: "Tasks", count: words.count(tasks.value.length) }, { name: "requirements", title: "Requirements", count: words.count(map.value.deltas.length) },
      { name: "checks", title: "Checks", count: words.count(map.value.checks.length) }, { name: "history", title: "History", count: words.count(map.value.history.length) }, { name: "files", title: "Files", count: words.count(map.value.files.length) },
    ]);
    useCommands(
      () => [
        { id: "change.up", title: "Back to the roadmap", keys: "u", href: "/roadmap" },
        ...tabs.value.map((t, i) => ({ id: `change.${t.name}`, title: `Show its ${t.title.toLowerCase()}`, keys: String(i + 1), run: () => choose(t.name) })),
        ...LAYERS.filter((layer) => layer !== c.value.layer).map((layer) => ({ id: `change.to.${layer}`, title: `Move this change to ${layer}`, run: () => placeChange(c.value, { layer }, `${c.value.title} is in ${layer} now`, soon) })),
        { id: "change.after", title: "Say what this change comes after", run: () => (placing.value = c.value) },
        { id: "change.auto", title: "Give out everything as suggested", run: () => deeds.give(tasks.value.filter((t) => givable(t) && t.suggested?.to && !t.assignment), "auto"), when: () => tasks.value.some((t) => givable(t) && t.suggested?.to && !t.assignment) },
      ],
      "This change",
    );
    useTitle(() => `${c.value.title} – Callboard`);
    return { frame, first, map, soon, c, tasks, titles, who, deeds, assigning, assign, placing, lift, items, tab, choose, href, tabs };
  },
  template: `
    <CbFrame :meta="frame" here="/roadmap">
      <CbChangeHead :c="c" :why="map.why" :items="items" :titles="titles"/>
      <CbTabs :names="tabs" :tab="tab" :choose="choose" :href="href"/>
      <div id="panel" role="tabpanel" :aria-labelledby="'tab-' + tab">
        <div v-if="tab === 'tasks'" class="two change-page" :class="{alone: !tasks.length}">
          <CbRoadTasks :sections="map.sections" :lift="lift" :deeds="deeds" :assign="assign"/>
          <aside v-if="tasks.length" class="stack road-side" aria-label="Beside"><CbStrip :who="who" :tasks="tasks" :lift="lift" :deeds="deeds"/></aside>
        </div>
        <CbDeltas v-else-if="tab === 'requirements'" :deltas="map.deltas"/>
        <CbRoadChecks v-else-if="tab === 'checks'" :checks="map.checks" one/>
        <CbChangeHistory v-else-if="tab === 'history'" :rows="map.history"/>
        <CbChangeFiles v-else :files="map.files"/>
      </div>
      <CbLift :lift="lift" title="Give" beside><template #mark="{ place }"><CbState :word="place.state || 'quiet'" bare :title="place.state || 'person'" aria-hidden="true"/></template></CbLift>
      <CbAssign :tasks="assigning" :who="who" :deeds="deeds" @closed="assigning = []"/>
      <CbDeedNote :deeds="deeds"/>
      <CbPlacing :change="placing" :changes="first.others" :soon="soon" @closed="placing = null"/>
    </CbFrame>
  `,
};
