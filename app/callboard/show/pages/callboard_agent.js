// One agent: how loaded it is, its work, what it shows, what it can do, and on which tools that depends.
import { computed, reactive, ref, shallowRef, watchEffect } from "vue";
import { CbActions } from "callboard/actions.js";
import { useCommands, useList } from "callboard/commands.js";
import { CbDo, CbReason } from "callboard/doing.js";
import { Findings } from "callboard/findings.js";
import { CbFrame, pulse, useTitle } from "callboard/frame.js";
import { Rows, act, follow, get } from "callboard/live.js";
import { CbLoad, relieve } from "callboard/load.js";
import { CbMover, movable, useMover } from "callboard/mover.js";
import { PARTS } from "callboard/parts.js";
import { CbSections } from "callboard/sections.js";
import { CbWaiting } from "callboard/queue.js";
import * as words from "callboard/words.js";

const MOST = 12;
const WAITING = 40;
const PAST = 12;
const SETTLE_MS = 250; // an agent that shows much at once is read once

export default {
  components: { CbActions, CbDo, CbFrame, CbLoad, CbMover, CbReason, CbSections, CbWaiting, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const first = JSON.parse(props.first);
    const frame = JSON.parse(props.meta);
    const agent = reactive(first.agent.agent ?? first.agent);
    const others = new Rows(first.others ?? [], "name");
    const tasks = new Rows([...(first.agent.recent ?? []).slice(0, MOST), ...first.tasks]);
    const findings = new Findings(first.findings);
    const sections = shallowRef(first.sections);
    const past = shallowRef(first.past ?? []);
    const wanted = new URLSearchParams(location.search).get("do"); // ?do=quality.tests opens its form
    const doing = ref((agent.actions ?? []).find((x) => x.name === wanted) ?? null);
    const wish = ref(null);
    const busy = ref(false);
    const path = `/agents/${words.segment(agent.name)}`;
    const title = () => agent.title || agent.name;
    const readPast = async () => (past.value = await get(`${path}/history`).catch(() => past.value));
    async function refetch() {
      const [now, board, shown] = await Promise.all([get(path), get("/board"), get(`${path}/sections`).catch(() => sections.value)]);
      sections.value = shown;
      Object.assign(agent, now.agent ?? now);
      others.merge(board.agents.filter((a) => a.name !== agent.name));
      const mine = board.tasks.filter((t) => t.agent === agent.name);
      for (const t of tasks.list()) if (movable(t) && !mine.some((m) => m.id === t.id)) tasks.byId.delete(t.id);
      tasks.merge([...((now.agent ?? now).recent ?? []).slice(0, MOST), ...mine]);
      readPast();
      return board.seq;
    }
    let soon = 0;
    const reread = () => {
      clearTimeout(soon);
      soon = setTimeout(async () => (sections.value = await get(`${path}/sections`).catch(() => sections.value)), SETTLE_MS);
    };
    follow({
      rooms: () => ["board"],
      refetch,
      fold(m) {
        for (const a of m.agents ?? []) if (a.name === agent.name) Object.assign(agent, a);
        others.merge((m.agents ?? []).filter((a) => a.name !== agent.name && others.get(a.name)));
        for (const t of m.tasks ?? []) if (t.agent !== agent.name) tasks.byId.delete(t.id);
        tasks.merge((m.tasks ?? []).filter((t) => t.agent === agent.name));
        if ((m.sections ?? []).some((s) => s.agent === agent.name)) reread();
        if ((m.events ?? []).some((e) => e.kind.startsWith("Agent") || e.kind === "TaskMoved")) readPast();
        findings.merge((m.findings ?? []).filter((f) => f.agent === agent.name));
      },
    });
    watchEffect(() => (pulse.running = (agent.running ?? []).length));
    useTitle(() => `${title()} – Callboard`);
    useList("#main .waiting-row, #main .task-row, #main .action");
    const RANK = { running: 0, starting: 0 };
    const waiting = computed(() => tasks.list().filter(movable).sort((a, b) => (a.ready == null) - (b.ready == null) || (a.ready ?? 0) - (b.ready ?? 0) || a.run - b.run));
    const recent = computed(() => tasks.list().filter((t) => !movable(t)).sort((a, b) => (RANK[a.state] ?? 5) - (RANK[b.state] ?? 5) || (b.ended ?? 0) - (a.ended ?? 0) || b.run - a.run).slice(0, MOST));
    const found = computed(() => findings.list().sort((a, b) => b.at - a.at).slice(0, 8));
    const mover = useMover(() => [agent, ...others.list()].sort(words.byCrew));
    const then = () => refetch().catch(() => {});
    const here = computed(() => agent.state !== "absent" && !(agent.trouble && !(agent.actions ?? []).length));
    const ways = {
      pause: { title: "Pause", text: "It starts nothing new; what runs goes on. What others offer too moves to them.", yes: "Pause it", done: "starts nothing new; what runs goes on" },
      drain: { title: "Drain", text: "It finishes what it has of the runs that are there, takes nothing of later ones, and then stands paused.", yes: "Drain it", done: "finishes what it has and takes nothing of later runs" },
      stop: { title: "Stop", text: "It is paused, and what it does now is ended: what may be repeated waits, for the rest a person decides.", yes: "Stop it", danger: true, done: "is paused, and what it did was ended" },
      restart: { title: "Restart", text: "What it does now is ended and tried again with its package as it lies on the disk; a paused one goes on.", yes: "Restart it", danger: true, done: "works with its package as it is now" },
    };
    const offer = (way) => (wish.value = { ...ways[way], path: `${path}/${way}`, title: `${ways[way].title} ${title()}`, done: `${title()} ${ways[way].done}` });
    const resume = async () => (await act(`${path}/resume`, {}, `${title()} goes on`)) && then();
    async function limit(step) {
      if (busy.value) return;
      busy.value = true;
      const wanted = Math.max(0, (agent.concurrency ?? 0) + step);
      if (await act(`${path}/concurrency`, { limit: wanted }, wanted ? `At most ${wanted} at once` : "No limit of its own")) await then();
      busy.value = false;
    }
    useCommands(() => [
      { id: "agent.pause", title: `Pause ${title()}…`, keys: "p", run: () => offer("pause"), when: () => here.value && !agent.paused },
      { id: "agent.resume", title: `Resume ${title()}`, keys: "p", run: resume, when: () => !!agent.paused },
      { id: "agent.drain", title: `Drain ${title()}…`, run: () => offer("drain"), when: () => here.value && !agent.paused },
      { id: "agent.stop", title: `Stop ${title()}…`, run: () => offer("stop"), when: () => here.value },
      { id: "agent.restart", title: `Restart ${title()}…`, run: () => offer("restart"), when: () => here.value },
      { id: "agent.more", title: "One more at once", keys: "+", run: () => limit(1) },
      { id: "agent.less", title: "One less at once", keys: "-", run: () => limit(-1), when: () => agent.concurrency > 0 },
      { id: "agent.relieve", title: `Relieve it: ${agent.load?.relief}`, run: async () => (await relieve(agent)) && then(), when: () => !!agent.load?.act },
      ...(agent.actions ?? []).map((x) => ({ id: `do.${x.name}`, title: `Do ${x.name}: ${x.title || ""}…`, group: "Actions", run: () => (doing.value = x) })),
      ...waiting.value.slice(0, WAITING).map((t) => ({ id: `move.${t.id}`, title: `Move ${t.name} ${t.id} to…`, group: "Waiting tasks", run: () => mover.pick(t, "keys") })),
    ], "This agent");
    const untrusted = frame.workspace?.trusted === false;
    return { frame, agent, sections, past, waiting, recent, found, doing, wish, mover, then, here, offer, resume, limit, busy, title, folders: first.folders, untrusted, WAITING, PAST, words };
  },
  template: `
    <CbFrame :meta="frame" here="/agents">
      <p class="crumb"><a href="/agents">Agents</a><span>/</span><span>{{ agent.name }}</span></p>
      <div class="head">
        <CbState :word="agent.state" big/>
        <h1>{{ title() }}</h1>
        <div class="acts tools">
          <span class="quiet">at once</span>
          <span class="stepper" role="group" aria-label="How many run at once">
            <button type="button" :disabled="busy || !agent.concurrency" @click="limit(-1)" aria-label="One less" :title="agent.concurrency === 1 ? 'lift the limit' : undefined">−</button>
            <output aria-live="polite" :title="agent.concurrency ? 'at most so many attempts at once' : 'only the machine limits it'">{{ agent.concurrency || 'no limit' }}</output>
            <button type="button" :disabled="busy" @click="limit(1)" aria-label="One more">+</button>
          </span>
          <button v-if="agent.paused" type="button" class="button primary" @click="resume">Resume</button>
          <template v-else>
            <button type="button" class="button" :disabled="!here" :title="here ? undefined : 'It is not here, so it starts nothing'" @click="offer('pause')">Pause…</button>
            <button type="button" class="button" :disabled="!here" @click="offer('drain')">Drain…</button>
          </template>
          <button type="button" class="button" :disabled="!here" @click="offer('stop')">Stop…</button>
          <button type="button" class="button" :disabled="!here" @click="offer('restart')">Restart…</button>
        </div>
      </div>
      <div class="facts">
        <span>{{ agent.summary }}</span>
        <span class="quiet">{{ agent.name }} {{ agent.version }}</span>
        <span><em>running</em><CbNum :value="(agent.running || []).length"/></span>
        <span><em>waiting</em><CbNum :value="agent.waiting"/></span>
        <span>
          <em>CPU</em>
          <CbNum :value="(agent.running || []).length ? agent.cpus_now : null" :as="words.cpus" why="nothing is running"/>
        </span>
        <span>
          <em>memory</em>
          <CbNum :value="(agent.running || []).length ? agent.memory_now_mb : null" :as="words.mebibytes" why="nothing is running"/>
        </span>
      </div>
      <nav v-if="sections.length" class="tags section-links" aria-label="Sections">
        <a v-for="s in sections" :key="s.name" class="tag" :href="'#section-' + s.name">{{ s.title }}</a>
        <a class="tag" href="#actions">Actions</a>
      </nav>
      <p v-if="agent.trouble" class="trouble agent-said">{{ agent.trouble }}</p>
      <p v-if="agent.draining" class="trouble ask agent-said">Being drained by {{ agent.draining.by }}, since <CbAgo :at="agent.draining.since"/>: {{ words.plural(agent.draining.left, 'task') }} left, then it stands paused<template v-if="agent.draining.reason">. {{ agent.draining.reason }}</template></p>
      <p v-else-if="agent.paused" class="trouble ask agent-said">Paused by {{ agent.paused.by }} <CbAgo :at="agent.paused.since"/>
        <template v-if="agent.paused.reason">: {{ agent.paused.reason }}</template>. What runs goes on; nothing new starts.</p>
      <div class="two">
        <div class="stack">
          <section v-if="here || agent.waiting" class="panel" id="load">
            <header><h2>Load</h2></header>
            <div class="agent-body"><CbLoad :agent="agent" full @done="then"/></div>
            <CbWaiting v-if="waiting.length" :tasks="waiting.slice(0, WAITING)" :mover="mover"/>
            <p v-if="waiting.length > WAITING" class="sheet-foot quiet">and {{ words.count(waiting.length - WAITING) }} more</p>
          </section>
          <section class="panel">
            <header><h2>Tasks</h2><span class="quiet num">{{ recent.length }}</span></header>
            <table v-if="recent.length" class="table fold">
              <thead>
                <tr>
                  <th>Task</th>
                  <th>State</th>
                  <th style="width: 50%">Result</th>
                  <th class="right">Took</th>
                </tr>
              </thead>
              <tbody>
                <tr v-for="t in recent" :key="t.id" class="task-row">
                  <td>
                    <a class="name" data-main :href="'/tasks/' + t.id">{{ t.name }}</a> <span class="id">{{ t.id }}</span>
                  </td>
                  <td><CbState :word="words.shown(t)"/> <CbHand :of="t"/></td>
                  <td class="full">
                    <template v-if="words.LIVE.has(t.state)">
                      <CbBar :value="words.progressOf(t)"/>
                      <span class="quiet">{{ t.note }}</span>
                    </template>
                    <span v-else class="reason">{{ t.reason }}</span>
                  </td>
                  <td class="right off-phone">
                    <CbNum :value="words.elapsed(t)" :as="t.ended == null ? words.ticking : words.duration" why="not started"/>
                  </td>
                </tr>
              </tbody>
            </table>
            <CbEmpty v-else title="Nothing called lately">Its newest tasks are listed here.</CbEmpty>
          </section>
          <CbSections :sections="sections"/>
          <section class="panel" id="actions">
            <header><h2>Actions</h2></header>
            <CbActions :actions="agent.actions || []" :trouble="agent.trouble" @do="doing = $event"/>
          </section>
        </div>
        <aside class="stack">
          <section class="panel">
            <header><h2>Tools on this machine</h2></header>
            <ul v-if="(agent.tools || []).length" class="rows">
              <li v-for="t in agent.tools" :key="t.name">
                <CbState :word="t.ready === true ? 'succeeded' : t.ready === false ? 'error' : 'unknown'" bare/> <span class="name">{{ t.name }}</span> <span class="quiet num">{{ t.version || '' }}</span>
                <p class="reason">{{ t.words }}</p>
                <p class="quiet">{{ t.ready === false ? 'Stays unchecked without it: ' : 'Covers ' }}{{ t.covers }}<template v-if="t.cost">; usually {{ t.cost }}</template></p>
                <CbCommand v-if="t.get && t.ready === false" :text="t.get"/>
              </li>
            </ul>
            <CbEmpty v-else title="It wraps no tool">All that it does is its own code.</CbEmpty>
          </section>
          <section v-if="past.length" class="panel" data-history>
            <header><h2>What it was told</h2><span class="quiet num">{{ past.length }}</span></header>
            <ul class="rows">
              <li v-for="e in past.slice(0, PAST)" :key="e.seq" :data-what="e.what"><p>{{ e.words }}</p><p class="quiet"><CbAgo :at="e.at"/><template v-if="e.task">, <a :href="'/tasks/' + e.task">{{ e.task }}</a></template></p></li>
            </ul>
          </section>
          <section class="panel compact">
            <header><h2>Newest findings</h2></header>
            <ul v-if="found.length"><CbFinding v-for="f in found" :key="f.id" :f="f"/></ul>
            <CbEmpty v-else title="Nothing found">What it notices appears here.</CbEmpty>
          </section>
        </aside>
      </div>
      <CbMover :mover="mover"/>
      <CbDo :action="doing" :folders="folders" :untrusted="untrusted" @close="doing = null"/>
      <CbReason :wish="wish" @close="wish = null" @done="then"/>
    </CbFrame>
  `,
};
