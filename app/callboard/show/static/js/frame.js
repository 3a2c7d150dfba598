// The frame of every page: bar, banners, toasts, theme, keys. A page puts itself into the default slot.
import { computed, onMounted, reactive, ref, watchEffect } from "vue";
import { dismiss, link, toasts } from "callboard/live.js";
import { clockTime } from "callboard/words.js";

const NAV = [
  { path: "/", name: "Board", key: "b" },
  { path: "/runs", name: "Runs", key: "r" },
  { path: "/patches", name: "Patches", key: "p" },
  { path: "/console", name: "Console", key: "c" },
  { path: "/agents", name: "Agents", key: "a" },
  { path: "/machine", name: "Machine", key: "m" },
];
const THEMES = ["auto", "light", "dark"];

const theme = ref(localStorage.getItem("callboard.theme") ?? "auto");
function choose(next) {
  theme.value = next;
  if (next === "auto") localStorage.removeItem("callboard.theme");
  else localStorage.setItem("callboard.theme", next);
  if (next === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
}

// The number of running tasks, wherever a page knows it, for the title.
export const pulse = reactive({ running: null, needs: 0 });
export function useTitle(title) {
  watchEffect(() => {
    const running = pulse.running ? `● ${pulse.running} running – ` : "";
    document.title = `${pulse.needs ? `(${pulse.needs}) ` : ""}${running}${title()}`;
  });
}

export const CbFrame = {
  props: { meta: Object, here: String, wide: Boolean },
  setup(props) {
    const keys = ref(false);
    const stale = computed(() => link.state === "stale");
    let lead = 0;

    function typed(event) {
      const field = event.target.closest?.("input, textarea, select, [contenteditable]");
      if (event.key === "Escape") {
        keys.value = false;
        if (field) field.blur();
        return;
      }
      if (field || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "/") {
        const search = document.querySelector("[data-search]");
        if (search) event.preventDefault(), search.focus(), search.select?.();
      } else if (event.key === "?") {
        keys.value = !keys.value;
      } else if (event.key === "g") {
        lead = performance.now();
      } else if (performance.now() - lead < 1200) {
        lead = 0;
        const goal = event.key === "n" ? "/runs/new" : NAV.find((n) => n.key === event.key)?.path;
        if (goal) location.href = goal;
      }
    }
    onMounted(() => {
      document.addEventListener("keydown", typed);
      document.getElementById("cb-shell")?.remove();
      document.querySelector("main.q-page")?.setAttribute("role", "presentation"); // the landmark is ours
    });
    const cycle = () => choose(THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length]);
    return { NAV, link, toasts, dismiss, theme, cycle, keys, stale, clockTime };
  },
  template: `
    <div class="cb">
      <a class="skip" href="#main">To the content</a>
      <header class="top">
        <a class="brand" href="/" aria-label="Callboard, the board">
          <svg viewBox="0 0 32 32" aria-hidden="true">
            <rect x="2" y="2" width="28" height="28" rx="7" class="brand-back"/>
            <rect x="8" y="6.500" width="16" height="20" rx="2" class="brand-paper"/>
            <circle cx="16" cy="9.400" r="1.500" class="brand-back"/>
            <path d="M11.500 14.500h9M11.500 18h9M11.500 21.500h5.500" class="brand-lines"/>
          </svg>
          <span>Callboard</span>
        </a>
        <nav aria-label="Pages">
          <a v-for="n in NAV" :key="n.path" :href="n.path" :aria-current="here === n.path ? 'page' : undefined">{{ n.name }}</a>
        </nav>
        <div class="top-right">
          <span v-if="meta.workspace" class="workspace" :title="meta.workspace.path">
            <span class="quiet">at</span> {{ meta.workspace.name }}</span>
          <span class="link-state" :data-link="link.state" :title="link.state === 'live' ? 'Changes arrive as they happen' : link.state === 'stale' ? 'The link to Callboard is down' : 'Joining the live feed'">
            <i aria-hidden="true"></i>{{ link.state === 'live' ? 'live' : link.state === 'stale' ? 'stale' : 'joining' }}</span>
          <button class="icon" type="button" @click="cycle" :aria-label="'Theme: ' + theme + '. Change it'" :title="'Theme: ' + theme">
            <svg viewBox="0 0 16 16" aria-hidden="true">
              <path v-if="theme === 'light'" d="M8 5a3 3 0 1 0 0 6a3 3 0 1 0 0-6zM8 1v1.500M8 13.500V15M1 8h1.500M13.500 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1"/>
              <path v-else-if="theme === 'dark'" d="M13.500 9.500A6 6 0 0 1 6.500 2.500a6 6 0 1 0 7 7z"/>
              <template v-else>
                <path d="M8 2a6 6 0 1 0 0 12a6 6 0 1 0 0-12z"/>
                <path d="M8 2a6 6 0 0 1 0 12z" class="filled"/>
              </template>
            </svg>
          </button>
          <a class="button primary" href="/runs/new" :aria-current="here === '/runs/new' ? 'page' : undefined">Start a run</a>
        </div>
      </header>
      <div v-if="stale" class="banner stale" role="alert">
        <b>stale since {{ clockTime(link.since) }}</b>
        <span>The link to Callboard is down; what you see may have changed. Trying again…</span>
      </div>
      <div v-if="link.banner" class="banner" :class="link.banner.level" role="alert">
        <b>{{ link.banner.level }}</b>
        <span>{{ link.banner.text }}</span>
      </div>
      <main id="main" :class="{wide}" tabindex="-1"><slot/></main>
      <div class="toasts" role="status" aria-live="polite">
        <div v-for="t in toasts" :key="t.id" class="toast" :class="t.tone">
          <component :is="t.href ? 'a' : 'span'" :href="t.href || undefined">{{ t.text }}</component>
          <button type="button" class="icon" aria-label="Dismiss" @click="dismiss(t.id)">×</button>
        </div>
      </div>
      <div v-if="keys" class="keys" role="dialog" aria-label="Keys">
        <h2>Keys</h2>
        <dl>
          <dt>/</dt>
          <dd>search this page</dd>
          <dt>g b</dt>
          <dd>board</dd>
          <dt>g r</dt>
          <dd>runs</dd>
          <dt>g p</dt>
          <dd>patches</dd>
          <dt>g c</dt>
          <dd>console</dd>
          <dt>g a</dt>
          <dd>agents</dd>
          <dt>g m</dt>
          <dd>machine</dd>
          <dt>g n</dt>
          <dd>start a run</dd>
          <dt>Esc</dt>
          <dd>close, leave a field</dd>
        </dl>
      </div>
    </div>
  `,
};
