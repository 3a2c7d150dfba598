// Small pieces that every page uses. All outside text goes through text interpolation only.
import { computed, nextTick, onMounted, ref } from "vue";
import { CbDialog } from "callboard/dialog.js";
import { settings } from "callboard/settings.js";
import { CbSource } from "callboard/source.js";
import * as words from "callboard/words.js";

// A state by colour, shape and word.
export const CbState = {
  props: { word: String, bare: Boolean, big: Boolean },
  setup: (props) => ({ s: computed(() => words.stateOf(props.word)) }),
  template: `
    <span class="state" :class="['t-' + s.tone, {big}]" :data-state="word" :title="bare ? word : undefined">
      <svg viewBox="0 0 16 16" class="shape" :class="{spin: word === 'starting'}" :role="bare ? 'img' : undefined" :aria-label="bare ? word : undefined" :aria-hidden="bare ? undefined : 'true'">
        <path v-if="s.shape.fill === 'half'" d="M8 3a5 5 0 0 1 0 10z" class="filled"/>
        <path :d="s.shape.d" :class="{filled: s.shape.fill === true, heavy: s.shape.heavy, dashed: s.shape.dashed}"/>
      </svg>
      <span v-if="!bare">{{ word }}</span>
    </span>
  `,
};

// A task that a person finished: who and what they noted is in the title.
export const CbHand = {
  props: { of: Object },
  template: `<span v-if="of?.by_hand" class="tag by-hand" :title="(of.by_hand.done ? 'Done' : 'Failed') + ' by hand by ' + of.by_hand.by + ': ' + of.by_hand.note">by hand</span>`,
};

// A moment: relative or absolute, as the person likes it; whole on hover.
export const CbAgo = {
  props: { at: Number, none: { type: String, default: "not yet" } },
  setup: (props) => ({ text: computed(() => (settings.clock === "absolute" ? words.moment(props.at) : words.ago(props.at))), full: computed(() => (props.at == null ? props.none : words.absolute(props.at))) }),
  template: `<time class="num" :title="full">{{ text }}</time>`,
};

// A number that may be missing; why it is missing is in the title.
export const CbNum = {
  props: { value: {}, as: { type: Function, default: words.count }, why: { type: String, default: "not measured" } },
  setup: (props) => ({ text: computed(() => (props.value == null ? words.DASH : props.as(props.value))) }),
  template: `<span class="num" :class="{none: value == null}" :title="value == null ? why : undefined">{{ text }}</span>`,
};

// How far something is. Without a word from the agent there is no bar to fill, and it says so.
export const CbBar = {
  props: { value: Number, tone: { type: String, default: "run" }, label: { type: String, default: "progress" } },
  setup: (props) => ({ width: computed(() => `${Math.min(100, Math.max(0, (props.value ?? 0) * 100))}%`) }),
  template: `
    <span class="bar" :class="['t-' + tone, {unknown: value == null}]" role="progressbar" :aria-label="label" aria-valuemin="0" aria-valuemax="100"
    :aria-valuenow="value == null ? undefined : Math.round(value * 100)" :title="value == null ? 'It has not said how far it is' : Math.round(value * 100) + ' %'">
      <i :style="{width}"></i>
    </span>
  `,
};

// Numbers of findings by severity: letter, number and colour.
export const CbCounts = {
  props: { of: Object },
  setup: (props) => ({ shown: computed(() => words.SEVERITIES.filter((s) => props.of?.[s]).map((s) => ({ s, n: props.of[s] }))) }),
  template: `
    <span class="counts">
      <template v-if="shown.length">
        <span v-for="c in shown" :key="c.s" class="sev" :class="'s-' + c.s" :title="c.n + ' ' + c.s">
          <b>{{ c.s[0].toUpperCase() }}</b>
          <span class="num">{{ c.n }}</span>
          <span class="sr"> {{ c.s }}</span>
        </span>
      </template>
      <span v-else class="none" title="no findings">–</span>
    </span>
  `,
};

export const CbSeverity = {
  props: { word: String },
  template: `<span class="sev wide" :class="'s-' + word"><b>{{ (word || '?')[0].toUpperCase() }}</b><span>{{ word }}</span></span>`,
};

// Why something does not run, as a sentence; leads to the culprit.
export const CbHold = {
  props: { hold: Object },
  setup: (props) => ({ href: computed(() => words.culpritHref(props.hold)), since: computed(() => (props.hold?.since == null ? "" : words.coarse(Math.max(0, words.clock.now - props.hold.since)))), words }),
  template: `
    <component :is="href ? 'a' : 'span'" class="hold" :href="href || undefined" :title="hold.kind + ', since ' + words.absolute(hold.since)">
      <span class="hold-text">{{ hold.reason }}</span>
      <span v-if="since" class="num quiet">&ensp;{{ since }}</span>
      <span v-if="href" class="arrow" aria-hidden="true">&nbsp;→</span>
    </component>
  `,
};

// A small history. values: numbers or null (a gap), oldest first.
export const CbSpark = {
  props: { values: Array, max: Number, label: String, tone: { type: String, default: "ink" }, tall: Boolean },
  setup(props) {
    const W = 240;
    const H = computed(() => (props.tall ? 96 : 28));
    const top = computed(() => props.max || Math.max(1e-9, ...props.values.filter((v) => v != null)) * 1.15);
    const points = computed(() => {
      const n = props.values.length;
      return props.values.map((v, i) => (v == null ? null : [n < 2 ? W : (i / (n - 1)) * W, H.value - 1 - (Math.min(v, top.value) / top.value) * (H.value - 3)]));
    });
    const stretches = computed(() => {
      const found = [];
      let now = [];
      for (const p of points.value) {
        if (p) now.push(p);
        else if (now.length) found.push(now), (now = []);
      }
      if (now.length) found.push(now);
      return found;
    });
    const line = computed(() => stretches.value.map((s) => "M" + s.map((p) => p[0].toFixed(1) + "," + p[1].toFixed(1)).join("L")).join(""));
    const area = computed(() => stretches.value.map((s) => `M${s[0][0].toFixed(1)},${H.value}L` + s.map((p) => p[0].toFixed(1) + "," + p[1].toFixed(1)).join("L") + `L${s[s.length - 1][0].toFixed(1)},${H.value}Z`).join(""));
    return { W, H, line, area };
  },
  template: `
    <svg class="spark" :class="['t-' + tone, {tall}]" :viewBox="'0 0 ' + W + ' ' + H" preserveAspectRatio="none" role="img" :aria-label="label">
      <path :d="area" class="area"/>
      <path :d="line" class="line"/>
    </svg>
  `,
};

// A place in the source.
export const CbPlace = {
  props: { f: Object },
  template: `
    <span class="place" v-if="f.path" :title="f.path + (f.line ? ':' + f.line : '')">
      <bdi>{{ f.path }}<template v-if="f.line">:{{ f.line }}</template></bdi>
    </span>
    <span v-else class="none" title="it has no place in a file">no place</span>
  `,
};

export const CbFinding = {
  props: { f: Object, task: { type: Boolean, default: true }, accept: Function, caseOf: Function }, // caseOf: the case that a finding belongs to
  components: { CbSeverity, CbPlace, CbAgo, CbSource },
  setup(props) {
    const line = ref(null);
    const source = ref(false);
    onMounted(() => (props.f.ids ?? [props.f.id]).includes(location.hash.slice(1)) && line.value.scrollIntoView({ block: "center" }));
    const tasks = computed(() => props.f.tasks ?? (props.f.task ? [props.f.task] : []));
    return { open: ref(false), source, line, tasks };
  },
  template: `
    <li class="finding" :class="{ accepted: f.accepted }" :id="f.id" ref="line">
      <div class="finding-line">
        <CbSeverity :word="f.severity"/>
        <span class="finding-text">
          <span class="finding-message">{{ f.message }}</span>
          <span class="finding-meta">
            <button v-if="f.path" type="button" class="place-open" :aria-expanded="source" :title="source ? 'Hide the lines' : 'Show the lines around this place'" data-source-open @click="source = !source"><CbPlace :f="f"/></button>
            <CbPlace v-else :f="f"/>
            <span v-if="f.accepted" class="finding-accepted">accepted {{ f.accepted }}</span>
            <span v-else-if="f.is_new" class="finding-new">new</span>
            <span class="rule">{{ f.rule }}</span>
            <a v-if="caseOf && caseOf(f)" class="case-link" :href="caseOf(f).href" :title="caseOf(f).title + ': ' + caseOf(f).state" :data-case-link="caseOf(f).id">case {{ caseOf(f).name }}</a>
            <a v-if="task && tasks.length === 1" :href="'/tasks/' + tasks[0]">{{ f.agent }} · {{ tasks[0] }}</a>
            <span v-else-if="task && tasks.length" class="finding-tasks">{{ (f.agents || []).join(', ') }} · <template v-for="(t, i) in tasks.slice(0, 6)" :key="t">{{ i ? ', ' : '' }}<a :href="'/tasks/' + t">{{ t }}</a></template><template v-if="tasks.length > 6"> and {{ tasks.length - 6 }} more</template></span>
            <span v-for="w in f.witnesses || []" :key="w.tool + w.version" class="quiet">{{ w.tool }} {{ w.version }}</span>
          </span>
          <p v-if="f.help && open" class="finding-help">{{ f.help }}</p>
          <CbSource v-if="source" :finding="f.id"/>
        </span>
        <span v-if="f.help || (accept && !f.accepted)" class="finding-acts">
          <button v-if="f.help" type="button" class="link" :aria-expanded="open" @click="open = !open">{{ open ? 'less' : 'how to mend' }}</button>
          <button v-if="accept && !f.accepted" type="button" class="link" aria-haspopup="dialog" @click="accept(f)">accept…</button>
        </span>
      </div>
    </li>
  `,
};

// A button that waits for its act and cannot be pressed twice meanwhile; one that cannot act says why.
export const CbAct = {
  props: { run: Function, tone: String, small: Boolean, disabled: Boolean, why: String },
  setup(props) {
    const busy = ref(false);
    async function press(event) {
      if (busy.value) return;
      const button = event.currentTarget;
      const home = [button.closest("tr, li"), button.closest(".panel"), document.getElementById("main")];
      busy.value = true;
      try {
        await props.run();
      } finally {
        busy.value = false;
        await nextTick();
        // A button that its own act took away leaves the focus nearby, not at the top of the page.
        if (document.activeElement === document.body && !button.isConnected) {
          const near = home.find((place) => place?.isConnected);
          (near?.querySelector("button:not(:disabled), a[href]") ?? near)?.focus({ preventScroll: true });
        }
      }
    }
    return { busy, press };
  },
  template: `<button type="button" class="button" :class="[tone, {small, busy}]" :disabled="disabled" :title="disabled ? why : undefined" :aria-busy="busy" @click="press"><slot/></button>`,
};

// A command to type at the terminal; nothing is carried out from here.
export const CbCommand = {
  props: { text: String },
  setup(props) {
    const said = ref("");
    const shown = ref(null);
    async function copy() {
      try {
        await navigator.clipboard.writeText(props.text);
        said.value = "copied";
      } catch {
        getSelection().selectAllChildren(shown.value);
        said.value = "selected";
      }
      setTimeout(() => (said.value = ""), 2000);
    }
    return { said, shown, copy };
  },
  template: `<p class="command"><code ref="shown">{{ text }}</code> <button type="button" class="link" @click="copy"><span aria-live="polite">{{ said || 'copy' }}</span></button></p>`,
};

// Something is being read: the outline of what comes.
export const CbSkeleton = {
  props: { rows: { type: Number, default: 5 }, label: { type: String, default: "Reading" } },
  template: `<div class="skeleton" role="status" :aria-label="label"><div v-for="n in rows" :key="n" class="ghost"></div></div>`,
};

// Something could not be read: what, why, and the way to try again.
export const CbError = {
  props: { title: { type: String, default: "This could not be read" }, text: String, retry: Function },
  components: { CbAct },
  template: `<div class="failed-read" role="alert"><b>{{ title }}</b><p>{{ text }}</p><CbAct v-if="retry" small :run="retry">Try again</CbAct></div>`,
};

export const CbEmpty = {
  props: { title: String },
  template: `<div class="empty"><p class="empty-title">{{ title }}</p><p class="empty-text"><slot/></p></div>`,
};

// Tabs with deep links: the chosen one is in the address as ?tab=.
export function useTabs(names, first) {
  const read = () => new URLSearchParams(location.search).get("tab");
  const tab = ref(names.includes(read()) ? read() : first);
  const href = (name) => `?tab=${name}`;
  function choose(name) {
    if (tab.value === name) return;
    tab.value = name;
    history.pushState(null, "", href(name));
  }
  window.addEventListener("popstate", () => (tab.value = names.includes(read()) ? read() : first));
  return { tab, choose, href };
}

export const CbTabs = {
  props: { names: Array, tab: String, choose: Function, href: Function },
  setup(props) {
    function key(event, at) {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const n = (at + step + props.names.length) % props.names.length;
      props.choose(props.names[n].name);
      event.currentTarget.parentElement.children[n].focus();
    }
    function click(event, name) {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      props.choose(name);
    }
    return { key, click };
  },
  template: `
    <div class="tabs" role="tablist">
      <a v-for="(t, i) in names" :key="t.name" role="tab" :id="'tab-' + t.name" :href="href(t.name)" :aria-selected="tab === t.name" aria-controls="panel" :tabindex="tab === t.name ? 0 : -1"
    @click="click($event, t.name)" @keydown="key($event, i)">{{ t.title }}<span v-if="t.count != null" class="num tab-count">{{ t.count }}</span>
      </a>
    </div>
  `,
};

// A gauge with its small history.
export const CbGauge = {
  props: { name: String, value: String, part: Number, note: String, history: Array, max: Number, why: String },
  components: { CbSpark },
  template: `
    <div class="gauge">
      <div class="gauge-head">
        <span class="gauge-name">{{ name }}</span>
        <span class="gauge-value num" :title="value === '–' ? why : undefined">{{ value }}</span>
      </div>
      <span class="bar" :class="part > 0.92 ? 't-bad' : part > 0.8 ? 't-ask' : 't-ink'" aria-hidden="true">
        <i :style="{width: Math.min(100, (part || 0) * 100) + '%'}"></i>
      </span>
      <CbSpark v-if="history && history.length > 1" :values="history" :max="max" :label="name + ' over the last minutes'"/>
      <div v-else class="spark-none"></div>
      <div class="gauge-note">{{ note }}</div>
    </div>
  `,
};

// How far a run is, as one line of colours.
const ORDER = ["succeeded", "unchanged", "running", "starting", "needs decision", "unknown", "failed", "timed out", "lost", "cancelled", "skipped", "waiting"];

export const CbSegments = {
  props: { counts: Object },
  setup: (props) => ({ parts: computed(() => ORDER.filter((s) => props.counts?.[s]).map((s) => ({ s, n: props.counts[s], tone: words.stateOf(s).tone }))) }),
  template: `
    <span class="segments" role="img" :aria-label="parts.map((p) => p.n + ' ' + p.s).join(', ')" :title="parts.map((p) => p.n + ' ' + p.s).join(', ')">
      <i v-for="p in parts" :key="p.s" :class="'t-' + p.tone" :style="{flexGrow: p.n}"></i>
    </span>
  `,
};

// Which of the two systems a thing belongs to: the team's own crew, or the platform that the team runs.
const ZONES = { team: { title: "Development team", mark: "T" }, platform: { title: "Platform", mark: "P" } };

export const CbZone = {
  props: { name: { type: String, default: "team" }, note: String, label: String },
  setup: (props) => ({ zone: computed(() => ZONES[props.name] ?? ZONES.team) }),
  template: `
    <section class="zone" :class="'zone-' + name" :aria-label="label ? zone.title + ', ' + label : zone.title">
      <header class="zone-head"><span class="zone-mark" aria-hidden="true">{{ zone.mark }}</span><span class="zone-title">{{ zone.title }}</span><span v-if="note" class="quiet">{{ note }}</span><slot name="more"/></header>
      <slot/>
    </section>
  `,
};

export const PARTS = { CbSkeleton, CbError, CbDialog, CbZone, CbSegments, CbState, CbHand, CbAgo, CbNum, CbBar, CbCounts, CbSeverity, CbHold, CbSpark, CbPlace, CbFinding, CbAct, CbCommand, CbEmpty, CbTabs, CbGauge };
