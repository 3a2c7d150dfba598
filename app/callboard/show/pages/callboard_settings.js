// What the person who looks has chosen; each change is shown at once and kept on the server.
import { computed, ref } from "vue";
import { useCommands } from "callboard/commands.js";
import { CbFrame, useTitle } from "callboard/frame.js";
import { follow, toast } from "callboard/live.js";
import { CbNotices, useNotices } from "callboard/notices.js";
import { PARTS } from "callboard/parts.js";
import { PANELS, person, setSetting, settings } from "callboard/settings.js";
import * as words from "callboard/words.js";

const CHOICES = [
  { path: "theme", title: "Theme", note: "Auto goes with the system.", of: ["auto", "light", "dark"] },
  { path: "density", title: "Density", note: "Compact puts a third more on the screen.", of: ["comfortable", "compact"] },
  { path: "motion", title: "Motion", note: "Auto goes with the system; less keeps everything still.", of: ["auto", "less"] },
  { path: "clock", title: "Times", note: "As ‘5 min ago’ or as 17:10:04; the other is shown on hover.", of: ["relative", "absolute"] },
];
const LEVELS = ["critical", "high", "medium", "low"];

export default {
  components: { CbFrame, CbNotices, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const about = JSON.parse(props.first);
    const frame = JSON.parse(props.meta);
    const notices = useNotices(about.notices);
    follow({ rooms: () => ["board"], refetch: async () => null, fold: (m) => "notices" in m && notices.again() });
    useTitle(() => "Settings – Callboard");
    const permission = ref("Notification" in window ? Notification.permission : "missing");
    const refusal = computed(() =>
      permission.value === "missing" ? "This browser or window has no notices of the desktop." : permission.value === "denied" && settings.notify.desktop ? "The browser refuses: allow notifications for this address in its site settings, then switch this on again." : "",
    );
    async function desktop(on) {
      if (!on) return setSetting("notify.desktop", false);
      if (permission.value === "missing") return;
      permission.value = await Notification.requestPermission();
      if (permission.value === "granted") return setSetting("notify.desktop", true);
      toast("The browser refuses notices of the desktop for this address; allow them in its site settings, then try again.");
    }
    const ordered = computed(() => {
      const names = PANELS.map((p) => p.name);
      const known = settings.panels.order.filter((name) => names.includes(name));
      return [...known, ...names.filter((name) => !known.includes(name))].map((name) => PANELS.find((p) => p.name === name));
    });
    const off = (name) => settings.panels.hidden.includes(name);
    const toggle = (name) => setSetting("panels.hidden", off(name) ? settings.panels.hidden.filter((n) => n !== name) : [...settings.panels.hidden, name]);
    function move(at, by) {
      const order = ordered.value.map((p) => p.name);
      [order[at], order[at + by]] = [order[at + by], order[at]];
      setSetting("panels.order", order);
    }
    const plain = computed(() => !settings.panels.order.length && !settings.panels.hidden.length);
    const reset = () => (setSetting("panels.order", []), setSetting("panels.hidden", []));
    useCommands(
      () => [
        ...CHOICES.flatMap((c) => c.of.filter((v) => settings[c.path] !== v && c.path !== "theme" && c.path !== "density").map((v) => ({ id: `${c.path}.${v}`, title: `${c.title}: ${v}`, run: () => setSetting(c.path, v) }))),
        ...LEVELS.map((l) => ({ id: `notify.${l}`, title: `${settings.notify.levels[l] ? "Do not tell" : "Tell"} me of ${l} alerts`, run: () => setSetting(`notify.levels.${l}`, !settings.notify.levels[l]) })),
        { id: "notify.desktop", title: `${settings.notify.desktop ? "No" : "Also a"} notice of the desktop for alerts`, run: () => desktop(!settings.notify.desktop) },
        { id: "notify.sound", title: `${settings.notify.sound ? "No" : "Also a"} sound for alerts`, run: () => setSetting("notify.sound", !settings.notify.sound) },
        ...notices.page.value.channels.map((c) => ({ id: `notices.test.${c.name}`, title: `Send a test to ${c.name}`, run: () => notices.test(c.name) })),
        { id: "panels.reset", title: "Panels of the board as they were", run: reset, when: () => !plain.value },
      ],
      "Settings",
    );
    const place = location.origin;
    const valued = (value) => (Array.isArray(value) ? value.join(", ") || "none" : value === undefined ? "always" : value === true ? "yes" : value === false ? "no" : String(value));
    return { about, frame, person, settings, setSetting, CHOICES, LEVELS, permission, refusal, desktop, ordered, off, toggle, move, plain, reset, place, valued, words, notices: notices.page, test: notices.test, retry: notices.retry };
  },
  template: `
    <CbFrame :meta="frame" here="/settings">
      <div class="head"><h1>Settings</h1><span class="quiet">of {{ person.name }}, {{ person.role }}; kept on this server, shown at once</span></div>
      <div class="settings">
        <section class="panel" aria-labelledby="set-look">
          <header><h2 id="set-look">How it looks</h2></header>
          <div v-for="c in CHOICES" :key="c.path" class="setting">
            <div><h3 :id="'set-' + c.path">{{ c.title }}</h3><p class="quiet">{{ c.note }}</p></div>
            <div class="segmented" role="radiogroup" :aria-labelledby="'set-' + c.path">
              <label v-for="v in c.of" :key="v" :class="{on: settings[c.path] === v}"><input type="radio" class="sr" :name="c.path" :value="v" :checked="settings[c.path] === v" @change="setSetting(c.path, v)">{{ v }}</label>
            </div>
          </div>
        </section>
        <section class="panel" aria-labelledby="set-notify">
          <header><h2 id="set-notify">When an alert opens</h2><a class="more" href="/alerts">Alerts</a></header>
          <div class="setting">
            <div><h3>Which alerts</h3><p class="quiet">They slide in on whatever page is open.</p></div>
            <div class="checks">
              <label v-for="l in LEVELS" :key="l"><input type="checkbox" :checked="settings.notify.levels[l]" @change="setSetting('notify.levels.' + l, $event.target.checked)"> <CbSeverity :word="l"/></label>
            </div>
          </div>
          <div class="setting">
            <div><h3>Notice of the desktop</h3><p :class="refusal ? 'warn' : 'quiet'">{{ refusal || 'While this page is in the background; the browser asks you once.' }}</p></div>
            <label class="switch"><input type="checkbox" role="switch" :checked="settings.notify.desktop" :disabled="permission === 'missing'" @change="desktop($event.target.checked).then(() => ($event.target.checked = settings.notify.desktop))"><span>{{ settings.notify.desktop ? 'on' : 'off' }}</span></label>
          </div>
          <div class="setting">
            <div><h3>Sound</h3><p class="quiet">One short tone.</p></div>
            <label class="switch"><input type="checkbox" role="switch" :checked="settings.notify.sound" @change="setSetting('notify.sound', $event.target.checked)"><span>{{ settings.notify.sound ? 'on' : 'off' }}</span></label>
          </div>
        </section>
        <CbNotices :page="notices" :test="test" :retry="retry"/>
        <section class="panel" aria-labelledby="set-panels">
          <header><h2 id="set-panels">Panels of the board</h2><button v-if="!plain" type="button" class="link more" @click="reset">as they were</button></header>
          <ol class="arrange rows">
            <li v-for="(p, i) in ordered" :key="p.name">
              <label><input type="checkbox" :checked="!off(p.name)" @change="toggle(p.name)"> {{ p.title }}</label>
              <span><button type="button" class="icon" :aria-label="p.title + ' up'" :disabled="i === 0" @click="move(i, -1)">↑</button><button type="button" class="icon" :aria-label="p.title + ' down'" :disabled="i === ordered.length - 1" @click="move(i, 1)">↓</button></span>
            </li>
          </ol>
        </section>
        <section class="panel spared" aria-labelledby="set-boundary">
          <header><h2 id="set-boundary">The boundary</h2><span class="quiet">what the platform is spared</span></header>
          <p v-if="about.boundary.why" class="setting warn">{{ about.boundary.why }}</p>
          <ul class="rows">
            <li v-for="r in [...about.boundary.rules, ...about.boundary.fixed]" :key="r.rule"><div><code>{{ r.rule }}</code> <b>{{ valued(r.value) }}</b><p class="quiet">{{ r.words }}</p></div><span class="quiet">{{ r.by === 'team' ? 'the team’s' : r.by || 'fixed' }}</span></li>
          </ul>
          <header><h3>Refused lately</h3></header>
          <p v-if="!about.boundary.refused.length" class="setting quiet">Nothing was refused yet. A refusal names its rule, here and where it happened.</p>
          <ol v-else class="rows refused"><li v-for="(r, i) in about.boundary.refused.slice(0, 10)" :key="i"><div><span>{{ r.words }}</span><p class="quiet">{{ r.who }} · <code>{{ r.rule }}</code><template v-if="r.times > 1"> · {{ r.times }} times</template></p></div><CbAgo :at="r.at"/></li></ol>
          <CbCommand text="callboard boundary"/>
        </section>
        <section class="panel" aria-labelledby="set-server">
          <header><h2 id="set-server">This server</h2></header>
          <dl class="pairs">
            <dt>Callboard</dt><dd>{{ about.version }}</dd>
            <dt>Runs since</dt><dd><CbAgo :at="about.since"/></dd>
            <dt>Address</dt><dd>{{ place }}</dd>
            <dt>Workspace</dt><dd>{{ about.workspace }}</dd>
            <dt>Data</dt><dd>{{ about.data }}</dd>
            <dt>Python</dt><dd>{{ about.python }} on {{ about.platform }}</dd>
            <dt>Takeovers</dt><dd title="how often an engine took this data folder over">{{ about.epoch }}</dd>
          </dl>
          <CbCommand text="callboard settings"/>
        </section>
      </div>
    </CbFrame>
  `,
};
