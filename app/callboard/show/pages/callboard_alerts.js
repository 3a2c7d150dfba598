// Alerts: what stands and what stood, who sees to it, until when it is quiet; each with its history.
import { computed, nextTick, onMounted, reactive, ref, watch } from "vue";
import { LEVELS, SNOOZES, acknowledge, history as read, lastWord, moment, reopen, snooze, worst } from "callboard/alerts.js";
import { useCommands, useList } from "callboard/commands.js";
import { CbDialog } from "callboard/dialog.js";
import { CbExport } from "callboard/export.js";
import { CbFrame, useTitle } from "callboard/frame.js";
import { Rows, act, follow, get, toast } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import { setSetting, settings } from "callboard/settings.js";
import * as words from "callboard/words.js";

const STATES = ["open", "acknowledged", "snoozed", "resolved"];
const LONGEST_S = 30 * 86400;

function fromAddress() {
  const said = new URLSearchParams(location.search);
  const one = (name, known) => (known.includes(said.get(name)) ? said.get(name) : "");
  return { state: one("state", STATES), severity: one("severity", LEVELS), agent: said.get("agent") ?? "" };
}
const local = (at) => new Date(at * 1000 - new Date(at * 1000).getTimezoneOffset() * 60000).toISOString().slice(0, 16);

export default {
  components: { CbFrame, CbExport, ...PARTS, CbDialog },
  props: ["first", "meta"],
  setup(props) {
    const frame = JSON.parse(props.meta);
    const rows = new Rows(JSON.parse(props.first));
    const chosen = reactive(fromAddress());
    const unfolded = ref(location.hash.slice(1));
    const steps = ref(null);
    const asleep = ref(null);
    const when = ref("");
    const wrong = ref("");

    async function again() {
      rows.replace(await get("/alerts"));
      return null;
    }
    follow({
      rooms: () => [],
      refetch: again,
      fold: (m) => {
        if (!m.alert?.length) return;
        rows.merge(m.alert);
        if (m.alert.some((row) => row.id === unfolded.value)) tell();
      },
    });

    // -- which --
    const fits = (row, but = "") =>
      (but === "state" || (chosen.state ? row.state === chosen.state : row.state !== "resolved")) &&
      (but === "severity" || !chosen.severity || row.severity === chosen.severity) &&
      (but === "agent" || !chosen.agent || row.agent === chosen.agent);
    const order = (a, b) => (a.state === "resolved") - (b.state === "resolved") || (a.state === "resolved" ? b.marked - a.marked : worst(a, b));
    const shown = computed(() => rows.list().filter((row) => fits(row)).sort(order));
    const count = (field, value) => rows.list().filter((row) => fits(row, field) && row[field] === value).length;
    const states = computed(() => STATES.map((s) => ({ s, n: count("state", s) })).filter(({ s, n }) => n || chosen.state === s));
    const levels = computed(() => LEVELS.map((s) => ({ s, n: count("severity", s) })).filter(({ s, n }) => n || chosen.severity === s));
    const agents = computed(() => [...new Set(rows.list().map((row) => row.agent).filter(Boolean))].sort());
    const open = computed(() => shown.value.filter((row) => row.state === "open"));
    const standing = computed(() => rows.list().filter((row) => row.state !== "resolved").length);
    const choose = (field, value) => (chosen[field] = chosen[field] === value ? "" : value);
    function clear() {
      Object.assign(chosen, { state: "", severity: "", agent: "" });
    }
    watch(chosen, () => {
      const said = new URLSearchParams(Object.entries(chosen).filter(([, value]) => value));
      history.replaceState(null, "", `${location.pathname}${said.size ? `?${said}` : ""}${location.hash}`);
    });
    const query = computed(() => ({ state: chosen.state, severity: chosen.severity, agent: chosen.agent }));

    // -- one of them --
    async function tell() {
      const id = unfolded.value;
      if (!id) return void (steps.value = null);
      try {
        const row = await read({ id });
        if (unfolded.value === id) steps.value = row.history;
        if (!rows.get(id)) rows.merge([row]);
      } catch (problem) {
        unfolded.value = "";
        toast(problem.message);
      }
    }
    function unfold(row) {
      unfolded.value = unfolded.value === row.id ? "" : row.id;
      steps.value = null;
      history.replaceState(null, "", `${location.pathname}${location.search}${unfolded.value ? `#${unfolded.value}` : ""}`);
      tell();
    }
    onMounted(async () => {
      if (!unfolded.value) return;
      await tell();
      const row = rows.get(unfolded.value);
      if (row && !fits(row)) Object.assign(chosen, { state: row.state, severity: "", agent: "" });
      await nextTick();
      document.querySelector(`[data-alert="${CSS.escape(unfolded.value)}"]`)?.scrollIntoView({ block: "center" });
    });
    function sleep(row) {
      when.value = local(Date.now() / 1000 + 3600);
      wrong.value = "";
      asleep.value = row;
    }
    async function quiet(until) {
      const row = asleep.value;
      if (!(until > Date.now() / 1000)) return void (wrong.value = "That time is over; choose one to come.");
      if (until > Date.now() / 1000 + LONGEST_S) return void (wrong.value = "Choose a time in the next 30 days.");
      asleep.value = null;
      await snooze(row, until);
    }
    const quietUntil = () => quiet(new Date(when.value).getTime() / 1000);
    const all = () => act("/alerts/acknowledge", { severity: chosen.severity, agent: chosen.agent }, `Acknowledged for the team: ${words.plural(open.value.length, "alert")}`);

    // -- by keys: the row with the focus, else the first --
    const here = () => {
      const id = document.activeElement?.closest?.("[data-alert]")?.dataset.alert;
      return shown.value.find((row) => row.id === id) ?? shown.value[0];
    };
    const with_ = (can, does) => () => {
      const row = here();
      return row && can.includes(row.state) ? does(row) : toast(row ? `This alert is ${row.state}.` : "There is no alert here.", "good");
    };
    useList("#main [data-alert]");
    useCommands(
      () => [
        { id: "alert.ack", title: "Acknowledge the alert", keys: "a", run: with_(["open"], acknowledge), when: () => shown.value.length > 0 },
        { id: "alert.snooze", title: "Snooze the alert…", keys: "s", run: with_(["open", "acknowledged", "snoozed"], sleep), when: () => shown.value.length > 0 },
        { id: "alert.reopen", title: "Reopen the alert", keys: "o", run: with_(["acknowledged", "snoozed"], reopen), when: () => shown.value.length > 0 },
        { id: "alert.history", title: "Show or hide the alert's history", keys: "h", run: () => here() && unfold(here()), when: () => shown.value.length > 0 },
        { id: "alert.all", title: "Acknowledge all that are shown", keys: "shift+a", run: all, when: () => open.value.length > 0 },
        ...STATES.map((s) => ({ id: `alert.state.${s}`, title: `Only ${s} alerts`, run: () => choose("state", s) })),
        ...LEVELS.map((s) => ({ id: `alert.level.${s}`, title: `Only alerts that are ${s}`, run: () => choose("severity", s) })),
        { id: "alert.clear", title: "Show all alerts that stand", run: clear, when: () => Object.values(chosen).some(Boolean) },
        ...LEVELS.map((s) => ({ id: `alert.tell.${s}`, title: `${settings.notify.levels[s] ? "Do not tell" : "Tell"} me of ${s} alerts`, run: () => tellOf(s) })),
        { id: "alert.tell.desktop", title: `${settings.notify.desktop ? "No" : "Also a"} notice of the desktop for alerts`, run: () => desktop() },
        { id: "alert.tell.sound", title: `${settings.notify.sound ? "No" : "Also a"} sound for alerts`, run: () => setSetting("notify.sound", !settings.notify.sound) },
      ],
      "Alerts",
    );

    // -- how one hears of them --
    const tellOf = (level) => setSetting(`notify.levels.${level}`, !settings.notify.levels[level]);
    async function desktop() {
      if (settings.notify.desktop) return setSetting("notify.desktop", false);
      const may = "Notification" in window ? await Notification.requestPermission() : "denied";
      if (may !== "granted") return toast("The browser allows no notices of the desktop for this page; allow them beside its address.");
      return setSetting("notify.desktop", true);
    }
    useTitle(() => "Alerts – Callboard");
    return { frame, chosen, shown, states, levels, agents, open, standing, choose, clear, query, unfolded, unfold, steps, asleep, when, wrong, sleep, quiet, quietUntil,
      SNOOZES, LEVELS, acknowledge, reopen, all, lastWord, moment, settings, setSetting, tellOf, desktop, words }; // prettier-ignore
  },
  template: `
    <CbFrame :meta="frame" here="/alerts">
      <div class="head">
        <h1>Alerts</h1>
        <span class="quiet">{{ open.length || standing ? words.plural(standing, 'stands', 'stand') : 'none stands' }}</span>
        <div class="acts tools">
          <CbAct v-if="open.length > 1" :run="all">Acknowledge {{ open.length === 2 ? 'both' : 'all ' + open.length }}</CbAct>
          <CbExport table="alerts" :query="query"/>
        </div>
      </div>
      <div v-if="states.length || levels.length" class="tools alert-tools">
        <span class="chips" role="group" aria-label="State">
          <button v-for="{ s, n } in states" :key="s" type="button" class="chip" :aria-pressed="chosen.state === s" @click="choose('state', s)"><CbState :word="s"/><span class="num">{{ n }}</span></button>
        </span>
        <span v-if="levels.length" class="chips" role="group" aria-label="Severity">
          <button v-for="{ s, n } in levels" :key="s" type="button" class="chip" :aria-pressed="chosen.severity === s" @click="choose('severity', s)"><span class="sev" :class="'s-' + s"><b>{{ s[0].toUpperCase() }}</b>{{ s }}</span><span class="num">{{ n }}</span></button>
        </span>
        <label v-if="agents.length > 1 || chosen.agent" class="alert-agent">Agent
          <select v-model="chosen.agent" aria-label="Agent"><option value="">all</option><option v-for="a in agents" :key="a" :value="a">{{ a }}</option></select>
        </label>
      </div>
      <section class="panel">
        <table v-if="shown.length" class="table fold alert-table">
          <thead>
            <tr>
              <th>Severity</th>
              <th>What</th>
              <th>State</th>
              <th class="right">Opened</th>
              <th><span class="sr">What can be done</span></th>
            </tr>
          </thead>
          <tbody v-for="row in shown" :key="row.id">
            <tr :data-alert="row.id" :data-state="row.state">
              <td><CbSeverity :word="row.severity"/></td>
              <td class="full alert-what">
                <a class="name" data-main :href="row.href || '#' + row.id">{{ row.title }}</a>
                <span class="alert-text">{{ row.text }}<template v-if="frame.workspace && row.workspace && row.workspace !== frame.workspace.path"> <span class="tag" :title="row.workspace">{{ row.workspace_name }}</span></template></span>
              </td>
              <td class="full alert-state"><CbState :word="row.state"/><span class="quiet alert-word">{{ lastWord(row) }}</span></td>
              <td class="right"><CbAgo :at="row.opened"/></td>
              <td class="full right">
                <span class="alert-acts">
                  <CbAct v-if="row.state === 'open'" small :run="() => acknowledge(row)">Acknowledge</CbAct>
                  <CbAct v-if="row.state === 'acknowledged' || row.state === 'snoozed'" small :run="() => reopen(row)">Reopen</CbAct>
                  <button v-if="row.state === 'open'" type="button" class="button small" aria-haspopup="dialog" @click="sleep(row)">Snooze…</button>
                  <button type="button" class="button small" :aria-expanded="unfolded === row.id" @click="unfold(row)">History</button>
                </span>
              </td>
            </tr>
            <tr v-if="unfolded === row.id" class="alert-history">
              <td colspan="5" class="full">
                <p v-if="!steps" class="quiet">Reading…</p>
                <ol v-else class="sentences">
                  <li v-for="s in steps" :key="s.seq"><time class="num" :title="words.absolute(s.at)">{{ words.ago(s.at) }}</time><p>{{ s.sentence }}<template v-if="s.until"> Quiet until {{ moment(s.until) }}.</template></p></li>
                </ol>
                <p class="quiet alert-facts">{{ row.id }} · seen in {{ words.plural(row.times, 'run') }}, first {{ words.absolute(row.first) }}, last {{ words.absolute(row.seen) }}<template v-if="row.agent"> · <a :href="words.agentHref(row.agent)">{{ row.agent }}</a></template><template v-if="row.run"> · <a :href="'/runs/' + row.run">run {{ row.run }}</a></template></p>
              </td>
            </tr>
          </tbody>
        </table>
        <CbEmpty v-else-if="chosen.state || chosen.severity || chosen.agent" title="No alert fits">None is {{ [chosen.severity, chosen.state || 'standing'].filter(Boolean).join(' and ') }}<template v-if="chosen.agent"> and about {{ chosen.agent }}</template>. <button type="button" class="link" @click="clear">show all that stand</button></CbEmpty>
        <CbEmpty v-else title="All is quiet">An alert opens by itself when a job of a pipeline breaks, when a critical finding is reported, when the disk fills up, and for the other causes below. It resolves by itself when the cause is gone.</CbEmpty>
      </section>
      <section class="panel alert-notify" aria-labelledby="alert-notify">
        <header><h2 id="alert-notify">How you hear of them</h2><span class="more">only for you</span></header>
        <div class="alert-prefs">
          <fieldset>
            <legend>Slide in on the page that is open</legend>
            <label v-for="s in LEVELS" :key="s"><input type="checkbox" :checked="settings.notify.levels[s]" :data-tell="s" @change="tellOf(s)"> <span class="sev" :class="'s-' + s"><b>{{ s[0].toUpperCase() }}</b>{{ s }}</span></label>
          </fieldset>
          <fieldset>
            <legend>And for these levels as well</legend>
            <label><input type="checkbox" :checked="settings.notify.desktop" data-tell="desktop" @click.prevent="desktop"> a notice of the desktop, while you look elsewhere</label>
            <label><input type="checkbox" :checked="settings.notify.sound" data-tell="sound" @change="setSetting('notify.sound', !settings.notify.sound)"> a soft sound</label>
          </fieldset>
        </div>
      </section>
      <details class="panel alert-rules">
        <summary>What opens an alert, and what resolves it</summary>
        <table class="table fold">
          <thead><tr><th>Severity</th><th>Kind</th><th>Opens when</th><th>Resolves when</th></tr></thead>
          <tbody>
            <tr v-for="r in frame.rules" :key="r.kind"><td><CbSeverity :word="r.severity"/></td><td class="mono">{{ r.kind }}</td><td class="full">{{ r.raised }}</td><td class="full quiet">{{ r.resolved }}</td></tr>
          </tbody>
        </table>
      </details>
      <CbDialog :open="asleep != null" :title="'Snooze until'" @update:open="asleep = null">
        <p class="dialog-text">{{ asleep?.title }}</p>
        <div class="alert-snoozes">
          <button v-for="(c, i) in SNOOZES" :key="c.id" type="button" class="button" :data-snooze="c.id" :data-first="i === 0 ? '' : undefined" @click="quiet(c.until())">{{ c.title }}</button>
        </div>
        <form class="alert-until" @submit.prevent="quietUntil">
          <label>Or until <input type="datetime-local" v-model="when" required aria-label="Until when" :aria-invalid="wrong ? true : undefined"></label>
          <button type="submit" class="button" data-snooze="until">Snooze</button>
        </form>
        <p v-if="wrong" class="trouble" role="alert">{{ wrong }}</p>
        <p v-else class="quiet">It comes back then if its cause is still there.</p>
      </CbDialog>
    </CbFrame>
  `,
};
