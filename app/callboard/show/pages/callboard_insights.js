// Insights: what to do next, what waiting cost, what was learned, which rules act.
import { computed, ref, shallowReactive, watch } from "vue";
import { address, asked } from "callboard/address.js";
import { CbAdvice, CbTaken } from "callboard/advice.js";
import { useCommands, useList } from "callboard/commands.js";
import { CbExport } from "callboard/export.js";
import { CbFrame, useTitle } from "callboard/frame.js";
import { CbCalibration, CbNeeds } from "callboard/insight_learned.js";
import { CbRules, useRules } from "callboard/insight_rules.js";
import { CbFlaky, CbIdle, CbLoad, CbPath, CbWaiting, SPANS } from "callboard/insight_waiting.js";
import { CbAdviceNote, SNOOZES, useAdvice, useDeeds } from "callboard/insights.js";
import { follow } from "callboard/live.js";
import { CbReading, useReading } from "callboard/reading.js";
import { PARTS, useTabs } from "callboard/parts.js";
import * as words from "callboard/words.js";

const DAY = 86400;
const FIRST = 10; // what comes after them is not what to do next
const MORE = 30;

export default {
  components: { CbAdvice, CbAdviceNote, CbCalibration, CbExport, CbFlaky, CbFrame, CbIdle, CbLoad, CbNeeds, CbPath, CbReading, CbRules, CbTaken, CbWaiting, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const frame = JSON.parse(props.meta);
    const first = JSON.parse(props.first);
    const { map, refetch, soon, hear } = useAdvice(first);
    const deeds = useDeeds(soon);
    const rules = useRules(soon);
    const opened = shallowReactive(new Set());
    const { tab, choose, href } = useTabs(["next", "waiting", "learned", "rules"], "next");
    const tabs = computed(() => [{ name: "next", title: "Do next", count: words.count(map.value.next.length) }, { name: "waiting", title: "Waiting" }, { name: "learned", title: "Learned" }, { name: "rules", title: "Rules", count: words.count(map.value.rules.length) }]);
    const length = ref(FIRST);
    const shown = computed(() => map.value.next.slice(0, length.value));
    const more = () => (length.value += MORE);
    const most = computed(() => Math.max(1, ...shown.value.map((a) => a.gain?.high_s ?? a.gain?.low_s ?? 0)));

    // What a tab shows is read when it is looked at: it is worked out from the whole record.
    const span = ref(SPANS.some((s) => s.name === asked("span")) ? asked("span") : "7d");
    const cost = useReading(() => `/insights/bottlenecks?since=${(Date.now() / 1000 - SPANS.find((s) => s.name === span.value).days * DAY).toFixed(0)}`);
    const held = useReading(() => "/insights/calibration");
    const needs = useReading(() => "/insights/needs");
    function look(name) {
      span.value = name;
      address({ span: name === "7d" ? null : name });
      return cost.read();
    }
    const begin = { waiting: () => cost.begin(), learned: () => (held.begin(), needs.begin()) };
    watch(tab, (now) => begin[now]?.(), { immediate: true });
    follow({ rooms: () => ["board"], refetch, fold: hear });

    const here = () => map.value.next.find((a) => a.id === document.activeElement?.closest?.("[data-advice]")?.dataset.advice);
    const withRow = (run) => () => (here() ? run(here()) : null);
    const flip = (a) => (opened.has(a.id) ? opened.delete(a.id) : opened.add(a.id));
    useList("#main .advice, #main .wait, #main .taken > li, #main .needs-table tbody tr, #main .rule-row");
    useCommands(
      () => [
        ...tabs.value.map((t, i) => ({ id: `insights.tab.${t.name}`, title: `Show: ${t.title}`, keys: String(i + 1), run: () => choose(t.name) })),
        { id: "insights.more", title: "Show more advice", keys: "m", run: more, when: () => tab.value === "next" && map.value.next.length > shown.value.length },
        { id: "insights.whatif", title: "What if: try changes without making them", keys: "w", href: "/insights/whatif" },
        { id: "insights.report", title: "Weekly report", keys: "r", href: "/insights/report" },
        { id: "insights.take", title: "Take the advice in focus", keys: "t", run: withRow((a) => a.act && deeds.take(a)), when: () => !!here()?.act },
        { id: "insights.why", title: "Show why the advice in focus stands where it stands", keys: "y", run: withRow(flip), when: () => !!here() },
        { id: "insights.overrule", title: "Overrule the advice in focus", keys: "o", run: withRow(deeds.overrule), when: () => !!here() },
        { id: "insights.snooze", title: "Snooze the advice in focus until a day", keys: "z", run: withRow(deeds.snoozeTo), when: () => !!here() },
        ...map.value.next.slice(0, 20).flatMap((a) => [
          ...(a.act ? [{ id: `advice.take.${a.id}`, title: `${a.act.title}: ${a.title}`, group: "Do next", run: () => deeds.take(a) }] : []),
          { id: `advice.overrule.${a.id}`, title: `Overrule: ${a.title}`, group: "Do next", run: () => deeds.overrule(a) },
          ...SNOOZES.slice(0, 1).map((s) => ({ id: `advice.snooze.${a.id}`, title: `Snooze ${s.title}: ${a.title}`, group: "Do next", run: () => deeds.snooze(a, s.until()) })),
        ]),
        ...SPANS.map((s) => ({ id: `insights.span.${s.name}`, title: `What waiting cost in ${s.title}`, run: () => (choose("waiting"), look(s.name)) })),
        ...map.value.rules.map((r) => ({ id: `rule.dry.${r.name}`, title: `Try the rule '${r.name}' dry`, group: "Rules", run: () => rules.tryIt(r) })),
      ],
      "Insights",
    );
    useTitle(() => "Insights – Callboard");
    return { MORE, more, shown, frame, map, deeds, rules, opened, tab, choose, href, tabs, most, cost, held, needs, span, look, words };
  },
  template: `
    <CbFrame :meta="frame" here="/insights">
      <div class="head">
        <h1>Insights</h1>
        <div class="acts"><a class="button" href="/insights/whatif">What if…</a><a class="button" href="/insights/report">Weekly report</a></div>
      </div>
      <CbTabs :names="tabs" :tab="tab" :choose="choose" :href="href"/>
      <div id="panel" role="tabpanel" :aria-labelledby="'tab-' + tab">
        <div v-if="tab === 'next'" class="two insights">
          <section class="panel" aria-labelledby="h-advice">
            <header><h2 id="h-advice">Do next</h2><span class="quiet">written rules over counted facts; each says what it is based on</span></header>
            <ol v-if="map.next.length" class="advice-list"><CbAdvice v-for="(a, i) in shown" :key="a.id" :a="a" :rank="i + 1" :most="most" :deeds="deeds" :opened="opened"/></ol>
            <p v-if="map.next.length > shown.length" class="log-foot advice-rest"><button type="button" class="link" data-more @click="more">Show {{ words.count(Math.min(MORE, map.next.length - shown.length)) }} more</button> <span class="quiet num">{{ words.count(map.next.length - shown.length) }} rank lower</span></p>
            <CbEmpty v-if="!map.next.length" title="Nothing to do next">Advice appears when something fails, waits, drifts or is flaky, with its reasons and what it would gain. <a class="hold" href="/runs/new">Start a run</a> and see.</CbEmpty>
          </section>
          <aside class="stack" aria-label="Beside"><CbTaken :rows="map.taken" :deeds="deeds"/></aside>
        </div>
        <div v-else-if="tab === 'waiting'" class="two insights">
          <CbReading :of="cost" :rows="8" label="What waiting cost"><CbWaiting :of="cost.value" :span="span" :choose="look" :busy="cost.busy"/></CbReading>
          <aside v-if="cost.value" class="stack" aria-label="Beside"><CbPath :path="cost.value.path"/><CbFlaky :flaky="cost.value.flaky"/><CbIdle :idle="cost.value.idle"/><CbLoad :load="cost.value.load"/></aside>
        </div>
        <div v-else-if="tab === 'learned'" class="stack"><CbReading :of="held" :rows="6" label="How forecasts held"><CbCalibration :of="held.value"/></CbReading><CbReading v-if="held.value || held.why" :of="needs" :rows="6" label="What tasks need"><CbNeeds :jobs="needs.value.jobs"/></CbReading></div>
        <CbRules v-else :rules="map.rules" :deeds="rules"/>
      </div>
      <CbAdviceNote :deeds="deeds"/>
    </CbFrame>
  `,
};
