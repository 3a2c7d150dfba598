// Who is there, what each can do on this machine, and what stays unchecked if it cannot.
import { computed, watchEffect } from "vue";
import { CbFrame, pulse, useTitle } from "callboard/frame.js";
import { Rows, act, follow, get } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

export default {
  components: { CbFrame, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const agents = new Rows(JSON.parse(props.first), "name");
    const frame = JSON.parse(props.meta);
    const refetch = async () => {
      const found = await get("/agents");
      agents.replace(found.agents ?? found);
      return found.seq ?? null;
    };
    follow({ rooms: () => ["board"], refetch, fold: (m) => agents.merge(m.agents) });
    watchEffect(() => (pulse.running = agents.list().reduce((n, a) => n + (a.running?.length ?? 0), 0)));
    useTitle(() => "Agents – Callboard");
    const list = computed(() => agents.list().sort(words.byCrew));
    async function rescan() {
      if (await act("/agents/rescan", {}, "Looked for agents again")) await refetch().catch(() => {});
    }
    const pause = (a) => async () => {
      if (a.paused) await act(`/agents/${words.segment(a.name)}/resume`, {}, `${a.title || a.name} goes on`);
      else await act(`/agents/${words.segment(a.name)}/pause`, { reason: "" }, `${a.title || a.name} starts nothing new`);
      await refetch().catch(() => {});
    };
    const unready = (a) => (a.tools ?? []).filter((t) => t.ready !== true);
    return { frame, list, rescan, pause, unready, words };
  },
  template: `
    <CbFrame :meta="frame" here="/agents">
      <div class="head"><h1>Agents</h1><div class="acts"><CbAct :run="rescan">Rescan</CbAct></div></div>
      <div v-if="list.length" class="agents-grid">
        <article v-for="a in list" :key="a.name" class="panel" :data-agent="a.name">
          <header>
            <h2><a :href="words.agentHref(a.name)">{{ a.title || a.name }}</a></h2>
            <span class="id">{{ a.name }} {{ a.version }}</span>
            <span class="more"><CbState :word="a.state"/></span>
          </header>
          <div style="padding: 12px 14px" class="stack">
            <p class="reason">{{ a.summary }}</p>
            <p v-if="a.trouble" class="trouble">{{ a.trouble }}</p>
            <p v-if="a.paused" class="trouble ask">Paused by {{ a.paused.by }}<template v-if="a.paused.reason">: {{ a.paused.reason }}</template>
            </p>
            <p v-if="(a.actions || []).length" class="tags">
              <span v-for="x in a.actions" :key="x.name" class="tag" :title="x.summary">{{ x.name }}</span>
            </p>
            <ul v-if="(a.tools || []).length" class="preflight">
              <li v-for="t in a.tools" :key="t.name">
                <CbState :word="t.ready === true ? 'succeeded' : t.ready === false ? 'error' : 'unknown'" bare/>
                <span>{{ t.words || t.name }}</span>
              </li>
            </ul>
            <div class="tools">
              <span class="quiet num">{{ words.count((a.running || []).length) }} running, {{ words.count(a.waiting) }} waiting<template v-if="a.concurrency">, at most {{ a.concurrency }} at once</template>
              </span>
              <CbAct v-if="a.state !== 'absent' && !a.trouble" small style="margin-left: auto" :run="pause(a)">{{ a.paused ? 'Resume' : 'Pause' }}</CbAct>
            </div>
          </div>
        </article>
      </div>
      <section v-else class="panel">
        <CbEmpty title="No agent found">The seven bundled agents come with Callboard; any installed package that offers one appears after a rescan. <code>callboard plugin list</code> says what was looked at.</CbEmpty>
      </section>
    </CbFrame>
  `,
};
