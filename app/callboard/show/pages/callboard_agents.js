// Who is there, how loaded each is, what waits for whom, and all that can be done.
import { computed, ref, watchEffect } from "vue";
import { CbActions } from "callboard/actions.js";
import { useCommands, useList } from "callboard/commands.js";
import { CbDo, CbReason } from "callboard/doing.js";
import { CbExport, tableHref } from "callboard/export.js";
import { CbFrame, pulse, useTitle } from "callboard/frame.js";
import { Rows, act, follow, get } from "callboard/live.js";
import { CbLoad, relieve } from "callboard/load.js";
import { CbMover, useMover } from "callboard/mover.js";
import { PARTS } from "callboard/parts.js";
import { CbWaiting } from "callboard/queue.js";
import * as words from "callboard/words.js";

const MOST = 60;

export default {
  components: { CbExport, CbActions, CbDo, CbFrame, CbLoad, CbMover, CbReason, CbWaiting, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const first = JSON.parse(props.first);
    const frame = JSON.parse(props.meta);
    const agents = new Rows(first.agents, "name");
    const tasks = new Rows(first.tasks);
    const wanted = new URLSearchParams(location.search).get("do"); // ?do=quality.tests opens its form
    const doing = ref(first.agents.flatMap((a) => a.actions ?? []).find((x) => x.name === wanted) ?? null);
    const wish = ref(null);
    const refetch = async () => {
      const [found, board] = await Promise.all([get("/agents"), get("/board")]);
      agents.replace(found.agents ?? found);
      tasks.replace(board.tasks.filter((t) => t.state === "waiting" || t.state === "needs decision"));
      return board.seq ?? null;
    };
    follow({
      rooms: () => ["board"],
      refetch,
      fold(m) {
        agents.merge(m.agents);
        tasks.merge(m.tasks);
        for (const t of m.tasks ?? []) if (words.FINAL.has(t.state)) tasks.byId.delete(t.id);
      },
    });
    watchEffect(() => (pulse.running = agents.list().reduce((n, a) => n + (a.running?.length ?? 0), 0)));
    useTitle(() => "Agents – Callboard");
    useList("#main .waiting-row, #main .action");
    const list = computed(() => agents.list().sort(words.byCrew));
    const waiting = computed(() => tasks.list().filter((t) => t.state === "waiting" || t.state === "needs decision").sort((a, b) => (a.ready == null) - (b.ready == null) || (a.ready ?? 0) - (b.ready ?? 0) || a.run - b.run));
    const actions = computed(() => list.value.flatMap((a) => a.actions ?? []));
    const over = computed(() => list.value.filter((a) => a.load?.overloaded));
    const mover = useMover(() => list.value);
    const then = () => refetch().catch(() => {});
    async function rescan() {
      if (await act("/agents/rescan", {}, "Looked for agents again")) await then();
    }
    const path = (a) => `/agents/${words.segment(a.name)}`;
    const name = (a) => a.title || a.name;
    async function pause(a) {
      if (!a.paused) return void (wish.value = { path: `${path(a)}/pause`, title: `Pause ${name(a)}`, text: "It starts nothing new; what runs goes on. What others offer too moves to them.", yes: "Pause it", done: `${name(a)} starts nothing new` });
      if (await act(`${path(a)}/resume`, {}, `${name(a)} goes on`)) await then();
    }
    const here = (a) => a.state !== "absent" && !(a.trouble && !(a.actions ?? []).length);
    useCommands(() => [
      ...list.value.flatMap((a) => [
        { id: `agent.${a.name}`, title: name(a), group: "Agents", href: words.agentHref(a.name) },
        { id: `pause.${a.name}`, title: a.paused ? `Resume ${name(a)}` : `Pause ${name(a)}…`, group: "Agents", run: () => pause(a), when: () => here(a) },
        { id: `relieve.${a.name}`, title: `Relieve ${name(a)}: ${a.load?.relief}`, group: "Agents", run: async () => (await relieve(a)) && then(), when: () => !!a.load?.act },
      ]),
      ...actions.value.map((x) => ({ id: `do.${x.name}`, title: `Do ${x.name}: ${x.title || ""}…`, group: "Actions", run: () => (doing.value = x) })),
      ...waiting.value.slice(0, MOST).map((t) => ({ id: `move.${t.id}`, title: `Move ${t.name} ${t.id} to…`, group: "Waiting tasks", run: () => mover.pick(t, "keys") })),
    ]);
    const unready = (a) => (a.tools ?? []).filter((t) => t.ready !== true);
    const ready = (a) => (a.tools ?? []).length - unready(a).length;
    const untrusted = frame.workspace?.trusted === false;
    const files = [{ id: "actions", title: "Actions as CSV", note: "what they can do", href: tableHref("actions", "csv") }];
    return { files, frame, list, waiting, actions, over, mover, doing, wish, then, rescan, pause, here, name, unready, ready, folders: first.folders, untrusted, MOST, words };
  },
  template: `
    <CbFrame :meta="frame" here="/agents">
      <div class="head"><h1>Agents</h1>
        <span v-if="over.length" class="t-ask load-mark"><svg viewBox="0 0 16 16" class="shape" aria-hidden="true"><path d="M8 2.500L14 13H2zM8 6.500v3M8 11.300v.1"/></svg>{{ words.plural(over.length, 'agent is', 'agents are') }} overloaded</span>
        <div class="acts"><CbExport big table="agents" what="the agents" :files="files"/><CbAct :run="rescan">Look for agents anew</CbAct></div></div>
      <div v-if="list.length" class="agents-grid">
        <article v-for="a in list" :key="a.name" class="panel agent-card" :class="{aim: mover.held.task && mover.held.over === a.name, over: a.load?.overloaded}" :data-agent="a.name" :data-drop="a.name">
          <header>
            <h2><a :href="words.agentHref(a.name)">{{ name(a) }}</a></h2>
            <span class="id">{{ a.name }} {{ a.version }}</span>
            <span class="more"><CbState :word="a.state"/></span>
          </header>
          <div class="agent-body">
            <p class="reason">{{ a.summary }}</p>
            <p v-if="a.trouble" class="trouble">{{ a.trouble }}</p>
            <p v-if="a.draining" class="trouble ask">{{ a.draining.by }} drains it <CbAgo :at="a.draining.since"/>: {{ words.plural(a.draining.left, 'task') }} left<template v-if="a.draining.reason">. {{ a.draining.reason }}</template></p>
            <p v-else-if="a.paused" class="trouble ask">Paused by {{ a.paused.by }} <CbAgo :at="a.paused.since"/><template v-if="a.paused.reason">: {{ a.paused.reason }}</template></p>
            <CbLoad :agent="a" @done="then"/>
            <ul v-if="unready(a).length" class="preflight">
              <li v-for="t in unready(a)" :key="t.name">
                <CbState :word="t.ready === false ? 'error' : 'unknown'" bare/>
                <span>{{ t.words || t.name }}</span>
              </li>
            </ul>
            <div class="tools agent-foot">
              <span class="quiet num">{{ words.plural((a.actions || []).length, 'action') }}<template v-if="(a.tools || []).length">, {{ ready(a) }} of {{ words.plural(a.tools.length, 'tool') }} ready</template></span>
              <CbAct v-if="here(a)" small :run="() => pause(a)">{{ a.paused ? 'Resume' : 'Pause…' }}</CbAct>
            </div>
          </div>
        </article>
      </div>
      <section v-else class="panel">
        <CbEmpty title="No agent found">The seven bundled agents come with Callboard; any installed package that offers one appears after a rescan. <code>callboard plugin list</code> says what was looked at.</CbEmpty>
      </section>
      <div class="agents-below">
        <section v-if="list.length" class="panel" id="waiting">
          <header><h2>Waiting</h2><span class="quiet num">{{ waiting.length }}</span><span v-if="waiting.length" class="more">drag one to another agent, or press Space on its handle</span></header>
          <CbWaiting v-if="waiting.length" :tasks="waiting.slice(0, MOST)" :mover="mover" agent/>
          <p v-if="waiting.length > MOST" class="sheet-foot quiet">and {{ words.count(waiting.length - MOST) }} more</p>
          <CbEmpty v-if="!waiting.length" title="Nothing waits">What cannot start yet is listed here with its reason, and can be given to another agent that offers the same.</CbEmpty>
        </section>
        <section v-if="actions.length" class="panel" id="actions">
          <header><h2>All that they can do</h2></header>
          <CbActions :actions="actions" @do="doing = $event"/>
        </section>
      </div>
      <CbMover :mover="mover"/>
      <CbDo :action="doing" :folders="folders" :untrusted="untrusted" @close="doing = null"/>
      <CbReason :wish="wish" @close="wish = null" @done="then"/>
    </CbFrame>
  `,
};
