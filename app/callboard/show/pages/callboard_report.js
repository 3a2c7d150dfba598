// The week: what was advised, what was done about it and whether it helped, how long things waited, how far forecasts held.
import { computed, ref, shallowRef } from "vue";
import { CbTaken } from "callboard/advice.js";
import { useCommands } from "callboard/commands.js";
import { CbFrame, useTitle } from "callboard/frame.js";
import { rough } from "callboard/insights.js";
import { follow, get } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const DAY = 86400;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKS = 26;

// The name of the ISO week of a day: 2026-W48.
export function weekOf(day) {
  const d = new Date(Date.UTC(day.getFullYear(), day.getMonth(), day.getDate()));
  d.setUTCDate(d.getUTCDate() + 4 - (d.getUTCDay() || 7));
  const year = d.getUTCFullYear();
  return `${year}-W${String(Math.ceil(((d - Date.UTC(year, 0, 1)) / 864e5 + 1) / 7)).padStart(2, "0")}`;
}
const day = (at) => `${new Date(at * 1000).getDate()} ${MONTHS[new Date(at * 1000).getMonth()]}`;

export default {
  components: { CbFrame, CbTaken, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const frame = JSON.parse(props.meta);
    const of = shallowRef(JSON.parse(props.first));
    const trouble = ref("");
    const busy = ref(false);
    const weeks = computed(() => {
      const list = Array.from({ length: WEEKS }, (_, n) => weekOf(new Date(Date.now() - n * 7 * DAY * 1000)));
      return list.includes(of.value.week) ? list : [...list, of.value.week].sort().reverse();
    });
    let turn = 0;
    async function read(week) {
      const mine = ++turn;
      busy.value = true;
      try {
        const found = await get(`/insights/report?week=${words.segment(week)}`);
        if (mine === turn) (of.value = found), (trouble.value = "");
      } catch (problem) {
        if (mine === turn) trouble.value = problem.message;
      } finally {
        if (mine === turn) busy.value = false;
      }
    }
    const asked = () => new URLSearchParams(location.search).get("week");
    function choose(week) {
      history.pushState(null, "", `?week=${week}`);
      return read(week);
    }
    window.addEventListener("popstate", () => read(asked() || weekOf(new Date())));
    const at = computed(() => weeks.value.indexOf(of.value.week));
    const move = (by) => weeks.value[at.value + by] && choose(weeks.value[at.value + by]);
    const span = computed(() => `${day(of.value.from)} – ${day(of.value.to - 1)}`);
    const file = computed(() => `/api/v1/insights/report.html?week=${words.segment(of.value.week)}`);
    const data = computed(() => `/api/v1/insights/report?week=${words.segment(of.value.week)}`);
    const less = computed(() => (of.value.waits.before_s ? (of.value.waits.total_s - of.value.waits.before_s) / of.value.waits.before_s : null));
    follow({ rooms: () => ["board"], refetch: async () => (await read(of.value.week), null), fold() {} });
    useCommands(
      () => [
        { id: "report.back", title: "The week before", keys: "[", run: () => move(1), when: () => at.value < weeks.value.length - 1 },
        { id: "report.next", title: "The week after", keys: "]", run: () => move(-1), when: () => at.value > 0 },
        { id: "report.file", title: "Save the report as a file", keys: "s", run: () => Object.assign(document.createElement("a"), { href: file.value, download: "" }).click() },
        { id: "report.insights", title: "Back to the insights", keys: "b", href: "/insights" },
      ],
      "Weekly report",
    );
    useTitle(() => `Week ${of.value.week} – Callboard`);
    return { frame, of, trouble, busy, weeks, choose, at, move, span, file, data, less, rough, words };
  },
  template: `
    <CbFrame :meta="frame" here="/insights">
      <p class="crumb"><a href="/insights">Insights</a><span>/</span><span>Weekly report</span></p>
      <div class="head">
        <h1>Week {{ of.week.slice(-2) }} <small class="quiet num">{{ span }}</small></h1>
        <div class="acts">
          <span class="week-choice"><button type="button" class="button" aria-label="The week before" :disabled="at >= weeks.length - 1" @click="move(1)">←</button><select name="week" aria-label="Week" :value="of.week" @change="choose($event.target.value)"><option v-for="w in weeks" :key="w" :value="w">{{ w }}</option></select><button type="button" class="button" aria-label="The week after" :disabled="at <= 0" @click="move(-1)">→</button></span>
          <a class="button primary" :href="file" download data-file>Save as a file</a><a class="button" :href="data" download>JSON</a>
        </div>
      </div>
      <p v-if="trouble" class="trouble" role="alert">{{ trouble }}</p>
      <div class="two insights" :aria-busy="busy">
        <div class="stack">
          <section class="panel week-words" aria-labelledby="h-week"><header><h2 id="h-week">In short</h2></header>
            <ul v-if="of.lines.length" class="week-lines"><li v-for="(l, i) in of.lines" :key="i">{{ l }}</li></ul>
            <CbEmpty v-else title="Nothing happened in this week">No run, no case, no advice is recorded between {{ span }}.</CbEmpty></section>
          <section class="panel" aria-labelledby="h-figures"><header><h2 id="h-figures">Figures</h2></header>
            <dl class="week-figures">
              <div><dt>runs</dt><dd class="num">{{ words.count(of.runs.total) }}</dd><dd class="week-note"><CbSegments :counts="of.runs"/><span>{{ words.count(of.runs.succeeded) }} succeeded, {{ words.count(of.runs.failed) }} failed</span></dd></div>
              <div><dt>waited</dt><dd class="num">{{ rough(of.waits.total_s) }}</dd><dd class="week-note"><template v-if="less != null">{{ words.percent(Math.abs(less)) }} {{ less < 0 ? 'less' : 'more' }} than the week before</template><template v-else>nothing to compare with</template></dd></div>
              <div><dt>cases</dt><dd class="num">{{ words.count(of.cases.opened) }}</dd><dd class="week-note">opened; {{ words.count(of.cases.closed) }} closed, {{ words.count(of.cases.reopened) }} reopened<template v-if="of.cases.median_hours != null">, half of them within {{ rough(of.cases.median_hours * 3600) }}</template></dd></div>
              <div><dt>forecasts held</dt><dd class="num">{{ of.calibration.share == null ? words.DASH : words.percent(of.calibration.share) }}</dd><dd class="week-note">{{ of.calibration.n ? of.calibration.held + ' of n = ' + of.calibration.n : 'none came due' }}</dd></div>
            </dl></section>
          <section v-if="of.advised.length" class="panel" aria-labelledby="h-advised"><header><h2 id="h-advised">Advised</h2><span class="quiet num">{{ of.advised.length }}</span></header>
            <ul class="rows advised"><li v-for="a in of.advised" :key="a.id"><a v-if="a.href" class="name" :href="a.href">{{ a.title }}</a><span v-else class="name">{{ a.title }}</span><span class="quiet">{{ a.state }}</span></li></ul></section>
        </div>
        <aside class="stack" aria-label="Beside">
          <CbTaken :rows="of.taken.concat(of.overruled)"/>
          <section v-if="(of.waits.causes || []).length" class="panel" aria-labelledby="h-wwaits"><header><h2 id="h-wwaits">Waited for</h2></header><ul class="rows pairs-list"><li v-for="w in of.waits.causes" :key="w.cause"><span class="name">{{ words.lack(w.cause.replace(/^waits for /, "")) }}</span><span class="num">{{ rough(w.seconds) }}</span></li></ul></section>
        </aside>
      </div>
    </CbFrame>
  `,
};
