// Alerts on every page: what was heard of them, a person's word about one, and the strip of those that are open.
//
// AlertStrip, for the board: <AlertStrip :most="3" :first="rows"/>
//   most   Number, 3     so many alerts are named, the worst first; the rest is counted, with a link to /alerts
//   first  Array or null open rows that the page came with, as GET /alerts?state=open gives them; null: it reads them itself
// It stays live by itself and draws nothing while no alert is open. Its root is <section class="alert-strip">.
import { computed, onMounted, onScopeDispose, ref } from "vue";
import { Rows, act, counts, get } from "callboard/live.js";
import { CbAct, CbAgo, CbSeverity } from "callboard/parts.js";
import * as words from "callboard/words.js";

export const LEVELS = ["critical", "high", "medium", "low"];
export const worst = (a, b) => LEVELS.indexOf(a.severity) - LEVELS.indexOf(b.severity) || b.opened - a.opened;

// -- hearing --

const listeners = new Set();
let joined = false;
const JUST_S = 1.5;
export const heard = { at: 0, first: 0 }; // the server's clock when it last spoke to this page, and when it first did

function join() {
  if (joined) return;
  const socket = window.socket;
  if (!socket) return void setTimeout(join, 20);
  joined = true;
  socket.on("live", (message) => {
    if (typeof message.at === "number") {
      heard.first ||= message.alert?.length ? message.at - JUST_S : message.at;
      heard.at = Math.max(heard.at, message.at);
    }
    if (typeof message.alerts === "number") counts.alerts = message.alerts;
    if (message.alert?.length) for (const one of listeners) one.rows?.(message.alert);
  });
  socket.on("connect", () => {
    const since = heard.at;
    for (const one of listeners) one.again?.(since);
  });
}

// rows(list): alerts that changed. again(since): the link is back, what came after `since` may have been missed.
export function hear(listener) {
  listeners.add(listener);
  join();
  onScopeDispose(() => listeners.delete(listener));
}

// -- a person's word --

const path = (row) => `/alerts/${encodeURIComponent(row.id)}`;
const named = (row) => (row.title.length > 60 ? `${row.title.slice(0, 59)}…` : row.title);
export const acknowledge = (row) => act(`${path(row)}/acknowledge`, {}, `Acknowledged for the team: ${named(row)}`);
export const snooze = (row, until) => act(`${path(row)}/snooze`, { until }, `Snoozed until ${moment(until)}: ${named(row)}`);
export const reopen = (row) => act(`${path(row)}/reopen`, {}, `Open again: ${named(row)}`);
export const history = (row) => get(path(row));

const now = () => Date.now() / 1000;
function tomorrow() {
  const day = new Date();
  day.setDate(day.getDate() + 1);
  day.setHours(9, 0, 0, 0);
  return day.getTime() / 1000;
}
export const SNOOZES = [
  { id: "30m", title: "30 minutes", until: () => now() + 1800 },
  { id: "2h", title: "2 hours", until: () => now() + 7200 },
  { id: "tomorrow", title: "Tomorrow, 9:00", until: tomorrow },
];

// '14:30', or with the day when it is not today.
export function moment(at) {
  if (at == null) return words.DASH;
  const time = words.clockTime(at).slice(0, 5);
  const same = new Date(at * 1000).toDateString() === new Date().toDateString();
  return same ? time : `${words.absolute(at).slice(0, 10)} ${time}`;
}

// What was said last about an alert, in words.
export function lastWord(row) {
  if (row.state === "acknowledged") return `by ${row.by}`;
  if (row.state === "snoozed") return `by ${row.by} until ${moment(row.until)}`;
  if (row.state === "resolved") return row.why;
  return row.times > 1 ? `seen in ${row.times} runs` : "";
}

// -- the strip --

export const AlertStrip = {
  props: { most: { type: Number, default: 3 }, first: { type: Array, default: null } },
  components: { CbAct, CbAgo, CbSeverity },
  setup(props) {
    const rows = new Rows((props.first ?? []).filter((row) => row.state === "open"));
    const known = ref(props.first != null);
    async function read() {
      try {
        rows.replace(await get("/alerts?state=open"));
        known.value = true;
      } catch {
        return; // the frame says that the link is down
      }
    }
    hear({
      rows(list) {
        rows.merge(list.filter((row) => row.state === "open"));
        for (const row of list) if (row.state !== "open") rows.byId.delete(row.id);
      },
      again: read,
    });
    onMounted(() => known.value || read());
    const open = computed(() => rows.list().sort(worst));
    const tone = computed(() => (open.value.some((row) => LEVELS.indexOf(row.severity) < 2) ? "t-bad" : "t-ask"));
    return { open, tone, words, acknowledge };
  },
  template: `
    <section v-if="open.length" class="alert-strip" :class="tone" aria-label="Open alerts">
      <h2><a href="/alerts?state=open">{{ words.plural(open.length, 'open alert') }}</a></h2>
      <ul>
        <li v-for="row in open.slice(0, most)" :key="row.id" :data-alert="row.id">
          <CbSeverity :word="row.severity"/>
          <a class="alert-title" :href="row.href || '/alerts#' + row.id" :title="row.text">{{ row.title }}</a>
          <CbAgo :at="row.opened"/>
          <CbAct small :run="() => acknowledge(row)">Acknowledge</CbAct>
        </li>
      </ul>
      <a v-if="open.length > most" class="alert-more" href="/alerts?state=open">and {{ open.length - most }} more</a>
    </section>
  `,
};
