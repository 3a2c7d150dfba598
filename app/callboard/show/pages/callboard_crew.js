// The crews of the team's platform, only watched; and what Callboard holds back for their sake.
import { computed, nextTick, reactive, ref, watchEffect } from "vue";
import { CbBegin } from "callboard/crew_begin.js";
import { useCommands, useList } from "callboard/commands.js";
import { CbDrain, CbHandoffs, CbRules, CbWish } from "callboard/crew_coordination.js";
import { CbEndpoints } from "callboard/crew_endpoints.js";
import { CbCrew } from "callboard/crew_panel.js";
import { Watched } from "callboard/crew_watch.js";
import { CbFrame, pulse, useTitle } from "callboard/frame.js";
import { Rows, act, follow, get } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const FEW = 1; // so many crews are open without being asked; besides them, those with work in flight

export default {
  components: { CbBegin, CbCrew, CbDrain, CbEndpoints, CbFrame, CbHandoffs, CbRules, CbWish, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const frame = JSON.parse(props.meta);
    const watched = new Watched(JSON.parse(props.first));
    const { state } = watched;
    const waiting = new Rows();
    const wish = ref(null);
    const folded = reactive(new Map());
    const wanted = new URLSearchParams(location.search).get("workflow") ?? "";

    const yields = (t) => t.state === "waiting" && t.hold?.kind === "yields";
    follow({
      rooms: () => ["board"],
      refetch: async () => {
        const [, board] = await Promise.all([watched.refetch(), get("/board")]);
        waiting.replace(board.tasks.filter(yields));
        return board.seq;
      },
      fold(m) {
        watched.hear(m);
        waiting.merge((m.tasks ?? []).filter(yields));
        for (const t of m.tasks ?? []) if (!yields(t)) waiting.byId.delete(t.id);
      },
    });

    const crews = computed(() => state.crews);
    const flying = computed(() => crews.value.reduce((n, c) => n + c.in_flight, 0));
    const atWork = computed(() => crews.value.reduce((n, c) => n + c.agents.filter((a) => a.state === "working").length, 0));
    const slow = computed(() => crews.value.reduce((n, c) => n + c.slow.length, 0));
    const c = computed(() => state.coordination);
    watchEffect(() => (pulse.running = null));
    useTitle(() => `${flying.value ? `${words.plural(flying.value, "workflow")} in flight – ` : ""}Crew – Callboard`);
    useList("#main [data-flow-task], #main [data-crew-agent], #main [data-past], #main [data-wrong]");

    // What was open at first stays open, whatever begins or ends meanwhile.
    const before = new Map(state.crews.map((crew, i) => [crew.name, i >= FEW && !crew.in_flight]));
    const shut = (crew) => crews.value.length > 1 && (folded.get(crew.name) ?? before.get(crew.name) ?? false);
    const fold = (crew) => folded.set(crew.name, !shut(crew));
    const title = (crew) => crew.title || crew.name;
    async function goto(id) {
      await nextTick();
      const there = document.getElementById(id);
      there?.scrollIntoView({ block: "start" });
      there?.querySelector("button, a[href]")?.focus({ preventScroll: true });
    }
    const anchor = (crew) => `crew-${words.segment(crew.name)}`;

    const then = () => watched.recoordinate().catch(() => {});
    const moment = (text) => (text ? new Date(text).getTime() / 1000 : null);
    const askDrain = () =>
      (wish.value = {
        title: "Set the drain flag", text: "A platform that asks is told to take no new workflows. Callboard itself stops nothing there.", yes: "Set the flag", done: "The drain flag is set", path: "/coordination/drain",
        fields: [{ name: "reason", title: "Why?", help: "in one sentence, for the platform's people", area: true }, { name: "until", title: "Until, if it ends by itself", kind: "datetime-local" }],
        body: (v) => ({ wanted: true, reason: v.reason, ...(moment(v.until) ? { until: moment(v.until) } : {}) }),
      });
    const clearDrain = async () => (await act("/coordination/drain", { wanted: false, reason: "" }, "The drain flag is cleared")) && (await then());
    const handOver = () =>
      (wish.value = {
        title: "Make a handoff record", text: "It names the commit, its checks and their verdicts, and is signed. It is refused while a gate is not green.", yes: "Make the record", done: "The handoff is recorded and signed", path: "/coordination/handoff",
        fields: [{ name: "environment", title: "Environment", help: "such as staging" }, { name: "version", title: "Version", help: "left out: from the workspace" }, { name: "address", title: "Address", help: "where it runs now" }],
        body: (v) => Object.fromEntries(Object.entries(v).filter(([, text]) => text)),
      });
    useCommands(
      () => [
        { id: "drain.set", title: "Set the drain flag…", keys: "d", group: "Coordination", run: askDrain, when: () => !!c.value && !c.value.drain.wanted },
        { id: "drain.clear", title: "Clear the drain flag", keys: "d", group: "Coordination", run: clearDrain, when: () => !!c.value?.drain.wanted },
        { id: "handoff", title: "Make a handoff record…", keys: "shift+h", group: "Coordination", run: handOver, when: () => !!c.value },
        { id: "coordination", title: "Go to rules, flag and handoffs", keys: "c", group: "Coordination", run: () => goto("coordination"), when: () => !!c.value },
        ...crews.value.map((crew) => ({ id: `crew.${crew.name}`, title: `Go to crew ${title(crew)}`, group: "Crews", run: () => (folded.set(crew.name, false), goto(anchor(crew))) })),
        ...(crews.value.length > 1 ? crews.value.map((crew) => ({ id: `fold.${crew.name}`, title: `${shut(crew) ? "Open" : "Close"} crew ${title(crew)}`, group: "Crews", run: () => fold(crew) })) : []),
      ],
      "Crew",
    );
    const address = location.origin;
    return { frame, state, crews, flying, atWork, slow, c, waiting, wish, wanted, shut, fold, title, anchor, then, askDrain, clearDrain, handOver, address, words };
  },
  template: `
    <CbFrame :meta="frame" here="/crew">
      <div class="head"><h1>Crew</h1>
        <p v-if="crews.length" class="crew-call"><template v-if="flying"><b class="num">{{ flying }}</b> {{ flying === 1 ? 'workflow' : 'workflows' }} in flight, <b class="num">{{ atWork }}</b> {{ atWork === 1 ? 'agent' : 'agents' }} at work.</template><template v-else>Nothing in flight.</template><span v-if="slow" class="t-ask tinted">&nbsp;{{ words.plural(slow, 'agent is', 'agents are') }} slow.</span>
          <a v-if="c && c.holding" class="hold" href="#coordination">&nbsp;{{ words.plural(c.holding, 'task of ours holds', 'tasks of ours hold') }} for it.</a></p>
      </div>
      <nav v-if="crews.length > 1" class="chips crew-index" aria-label="Crews"><a v-for="crew in crews" :key="crew.name" class="chip" :href="'#' + anchor(crew)"><CbState :word="crew.in_flight ? 'working' : 'idle'" bare/>{{ title(crew) }}<b v-if="crew.in_flight" class="num">{{ crew.in_flight }}</b></a></nav>
      <div class="two crew-two">
        <CbZone name="platform" note="only watched from here: never started, stopped or slowed">
          <div class="stack crew-list">
            <CbCrew v-for="crew in crews" :key="crew.name" :crew="crew" :foldable="crews.length > 1" :shut="shut(crew)" :wanted="wanted" @fold="fold(crew)"/>
            <template v-if="!crews.length">
              <section class="panel"><CbEmpty title="No crew is watched yet">A crew of your platform appears here as soon as it tells of itself, in one of these ways. Callboard only listens.</CbEmpty></section>
              <CbBegin :address="address"/>
            </template>
            <details v-else class="panel begin-more"><summary>Watch another crew</summary><CbBegin :address="address"/></details>
          </div>
        </CbZone>
        <aside v-if="c" class="stack" id="coordination" aria-label="Coordination">
          <CbZone name="platform" note="how it answers" label="its API"><CbEndpoints :endpoints="c.endpoints"/></CbZone>
          <CbZone name="team" note="for the platform's sake">
            <div class="stack">
              <CbRules :rules="c.rules" :holding="c.holding" :tasks="waiting.list()" :heavy="c.heavy"/>
              <CbDrain :drain="c.drain" @ask="askDrain" @clear="clearDrain"/>
              <CbHandoffs :handoffs="c.handoffs" :public-key="c.key" @make="handOver"/>
            </div>
          </CbZone>
        </aside>
      </div>
      <CbWish :wish="wish" @close="wish = null" @done="then"/>
    </CbFrame>
  `,
};
