// A new alert slides in at the side of whatever page is open: each once, three at a time, nothing of what was before.
import { computed, nextTick, onBeforeUnmount, onMounted, reactive, ref } from "vue";
import { acknowledge, hear, heard, worst } from "callboard/alerts.js";
import { useCommands } from "callboard/commands.js";
import { get } from "callboard/live.js";
import { CbAct, CbAgo, CbSeverity } from "callboard/parts.js";
import { moves, settings } from "callboard/settings.js";

const MOST = 3; // on a phone one, which leaves room for the page
const STAYS_S = 14;
const NAVIGATION_S = 15;
const KEPT = "callboard.alerts";
const PLACES = ["bottom-right", "top-right", "bottom-left"];

// The moment of which an alert is news: when it opened, or when its snooze was over.
const newsOf = (row) => Math.max(row.opened, row.by === "Callboard" ? (row.marked ?? 0) : 0);
const nameOf = (row) => `${row.id}@${newsOf(row)}`;

function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) || "null");
  } catch {
    return null;
  }
}

// Of several tabs one rings and one shows the desktop's notice.
function mine(row) {
  const name = "callboard.alert.told";
  try {
    if (localStorage.getItem(name) === nameOf(row)) return false;
    localStorage.setItem(name, nameOf(row));
  } catch {
    return true;
  }
  return true;
}

function ring(severity) {
  try {
    const audio = new AudioContext();
    const grave = severity === "critical" || severity === "high";
    for (const [nth, pitch] of (grave ? [660, 495] : [520]).entries()) {
      const tone = audio.createOscillator();
      const loud = audio.createGain();
      const at = audio.currentTime + nth * 0.18;
      tone.frequency.value = pitch;
      loud.gain.setValueAtTime(0.0001, at);
      loud.gain.exponentialRampToValueAtTime(0.08, at + 0.02);
      loud.gain.exponentialRampToValueAtTime(0.0001, at + 0.35);
      tone.connect(loud).connect(audio.destination);
      tone.start(at);
      tone.stop(at + 0.4);
    }
    setTimeout(() => audio.close(), 1500);
  } catch {
    return; // no sound here
  }
}

function notice(row) {
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  try {
    const shown = new Notification(row.title, { body: `${row.severity}: ${row.text}`, tag: row.id });
    shown.onclick = () => (window.focus(), (location.href = row.href || "/alerts"));
  } catch {
    return; // some systems allow none from a page
  }
}

export const AlertSlides = {
  components: { CbAct, CbAgo, CbSeverity },
  setup() {
    const slides = reactive([]);
    const told = new Set();
    const box = ref(null);
    const place = ref(PLACES[0]);
    const held = ref(false);
    let timer = 0;

    const reopened = (row) => row.by && row.by !== "Callboard";
    const wanted = (row) => row.state === "open" && !reopened(row) && settings.notify.levels[row.severity] === true;
    const narrow = matchMedia("(max-width: 640px)");
    const most = ref(narrow.matches ? 1 : MOST);
    const fit = () => (most.value = narrow.matches ? 1 : MOST);
    const shown = computed(() => slides.slice(0, most.value));
    const more = computed(() => Math.max(0, slides.length - most.value));

    function add(rows) {
      for (const row of [...rows].sort((a, b) => worst(b, a))) {
        if (!wanted(row) || told.has(nameOf(row))) continue;
        told.add(nameOf(row));
        slides.unshift({ row, age: 0 });
        if (!mine(row)) continue;
        if (settings.notify.sound) ring(row.severity);
        if (settings.notify.desktop && (document.hidden || !document.hasFocus())) notice(row);
      }
      settle();
    }
    function take(rows) {
      for (const row of rows) {
        const slide = slides.find((s) => s.row.id === row.id);
        if (slide && row.state === "open") slide.row = row;
        else if (slide) drop(slide);
      }
      add(rows.filter((row) => newsOf(row) >= heard.first)); // what opened before is told again for another reason
    }
    function drop(slide) {
      const at = slides.indexOf(slide);
      if (at >= 0) slides.splice(at, 1);
      if (!slides.length) held.value = false;
    }
    // After the link was down, or on the way from one page to the next, something may have opened.
    async function again(since) {
      if (!since) return;
      try {
        const open = await get("/alerts?state=open");
        const ids = new Set(open.map((row) => row.id));
        for (const slide of [...slides]) if (!ids.has(slide.row.id)) drop(slide);
        add(open.filter((row) => newsOf(row) > since));
      } catch {
        return; // the frame says that the link is down
      }
    }
    hear({ rows: take, again: (since) => again(since) });

    // Only what is seen grows old: not in a hidden tab, not under the pointer or the focus, not behind three others.
    function tick() {
      if (document.hidden || held.value) return;
      for (const slide of [...shown.value]) {
        slide.age += 0.5;
        if (slide.row.severity !== "critical" && slide.age >= STAYS_S) drop(slide);
      }
    }

    // Never over what has the focus: another corner then.
    async function settle() {
      await nextTick();
      const focus = document.activeElement;
      if (!box.value || !slides.length || !focus || focus === document.body || focus.id === "main" || box.value.contains(focus)) return;
      const f = focus.getBoundingClientRect();
      if (!f.width || !f.height) return;
      for (const name of PLACES) {
        place.value = name;
        await nextTick();
        const b = box.value.getBoundingClientRect();
        if (f.right < b.left || f.left > b.right || f.bottom < b.top || f.top > b.bottom) return;
      }
      place.value = PLACES[0];
    }

    function keep() {
      const names = [...told].slice(-200);
      sessionStorage.setItem(KEPT, JSON.stringify({ at: heard.at, left: Date.now(), told: names, slides: slides.slice(0, 20) }));
    }
    onMounted(() => {
      const before = kept();
      for (const name of before?.told ?? []) told.add(name);
      if (before && Date.now() - before.left < NAVIGATION_S * 1000) {
        slides.push(...(before.slides ?? []));
        again(before.at);
      }
      timer = setInterval(tick, 500);
      narrow.addEventListener("change", fit);
      window.addEventListener("pagehide", keep);
      document.addEventListener("focusin", settle);
      settle();
    });
    onBeforeUnmount(() => {
      clearInterval(timer);
      narrow.removeEventListener("change", fit);
      window.removeEventListener("pagehide", keep);
      document.removeEventListener("focusin", settle);
    });

    async function yes(slide) {
      await acknowledge(slide.row);
      drop(slide);
    }
    function open(slide) {
      drop(slide);
      location.href = slide.row.href || `/alerts#${slide.row.id}`;
    }
    const first = () => slides[0];
    useCommands(
      () => [
        { id: "slide.ack", title: "Acknowledge the alert that slid in last", keys: "alt+a", run: () => yes(first()), when: () => slides.length > 0 },
        { id: "slide.open", title: "Open the alert that slid in last", keys: "alt+o", run: () => open(first()), when: () => slides.length > 0 },
        { id: "slide.drop", title: "Put the alerts away that slid in", keys: "alt+x", run: () => void slides.splice(0), when: () => slides.length > 0 },
      ],
      "Alerts",
    );
    const inside = (event) => (held.value = event.type === "mouseenter" || event.type === "focusin");
    return { shown, more, box, place, moves, drop, yes, open, inside, slides };
  },
  template: `
    <aside ref="box" class="slides" :class="place" aria-label="New alerts" @mouseenter="inside" @mouseleave="inside" @focusin="inside" @focusout="inside">
      <div role="status" aria-live="polite" aria-relevant="additions">
        <TransitionGroup name="slide" :css="moves()">
          <div v-for="s in shown" :key="s.row.id" class="slide" :class="'s-' + s.row.severity" :data-slide="s.row.id">
            <div class="slide-head">
              <CbSeverity :word="s.row.severity"/>
              <CbAgo :at="s.row.opened"/>
              <button type="button" class="icon" :aria-label="'Put away: ' + s.row.title" @click="drop(s)"><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M4 4l8 8M12 4l-8 8"/></svg></button>
            </div>
            <p class="slide-title">{{ s.row.title }}</p>
            <p v-if="s.row.text" class="slide-text">{{ s.row.text }}</p>
            <div class="slide-acts">
              <CbAct small :run="() => yes(s)">Acknowledge</CbAct>
              <a class="button small" :href="s.row.href || '/alerts#' + s.row.id" @click.prevent="open(s)">Open</a>
            </div>
          </div>
        </TransitionGroup>
        <a v-if="more" class="slide-more" href="/alerts?state=open">and {{ more }} more</a>
      </div>
    </aside>
  `,
};
