// The frame of every page: bar, banners, toasts, theme, keys. A page puts itself into the default slot.
import { computed, onMounted, onUnmounted, reactive, ref, watchEffect } from "vue";
import { AlertSlides } from "callboard/alert_slides.js";
import { commands, keycaps, typed, useCommands } from "callboard/commands.js";
import { CbAsk, CbDialog } from "callboard/dialog.js";
import { act, counts, dismiss, link, toasts } from "callboard/live.js";
import { setSetting, settings } from "callboard/settings.js";
import { clockTime } from "callboard/words.js";

const THEMES = ["auto", "light", "dark"];

// The number of running tasks, wherever a page knows it, for the title.
export const pulse = reactive({ running: null, needs: 0 });
export function useTitle(title) {
  watchEffect(() => {
    const running = pulse.running ? `● ${pulse.running} running – ` : "";
    document.title = `${pulse.needs ? `(${pulse.needs}) ` : ""}${running}${title()}`;
  });
}

const COUNTED = { "/inbox": ["inbox", "waits for you", "wait for you"], "/alerts": ["alerts", "alert stands", "alerts stand"] };

export const CbFrame = {
  props: { meta: Object, here: String, wide: Boolean },
  components: { AlertSlides, CbAsk, CbDialog },
  setup(props) {
    const help = ref(false);
    const stale = computed(() => link.state === "stale");
    Object.assign(counts, props.meta.counts ?? {});
    const nav = computed(() =>
      (props.meta.nav ?? []).map((n) => {
        const [name, one, many] = COUNTED[n.path] ?? [];
        const count = name ? counts[name] : null;
        return { ...n, count, say: count ? `${n.name}: ${count} ${count === 1 ? one : many}` : undefined };
      }),
    );
    const choose = (theme) => setSetting("theme", theme);
    const cycle = () => choose(THEMES[(THEMES.indexOf(settings.theme) + 1) % THEMES.length]);
    const dense = () => setSetting("density", settings.density === "compact" ? "comfortable" : "compact");
    function search() {
      const field = document.querySelector("[data-search]");
      field?.focus();
      field?.select?.();
    }
    useCommands(
      () => [
        ...(props.meta.nav ?? []).map((n) => ({ id: `go${n.path}`, title: n.name, group: "Go to", keys: n.keys, href: n.path })),
        { id: "go/runs/new", title: "Start a run", group: "Go to", keys: "g n", href: "/runs/new" },
        { id: "help", title: "Show the keys", keys: "?", run: () => (help.value = !help.value) },
        { id: "search", title: "Search this page", keys: "/", run: search, when: () => !!document.querySelector("[data-search]") },
        ...THEMES.map((theme) => ({ id: `theme.${theme}`, title: `Theme: ${theme === "auto" ? "as the system" : theme}`, run: () => choose(theme), when: () => settings.theme !== theme })),
        { id: "density", title: settings.density === "compact" ? "Density: comfortable" : "Density: compact", run: dense },
        { id: "rescan", title: "Look for agents anew", run: () => act("/agents/rescan", {}, "Looked for agents anew.") },
      ],
      "Everywhere",
    );
    const helped = computed(() => {
      const groups = new Map();
      for (const command of commands.value) if (command.keys) groups.set(command.group, [...(groups.get(command.group) ?? []), command]);
      return [...groups].sort(([a], [b]) => (a === "Everywhere") - (b === "Everywhere") || (a === "Go to") - (b === "Go to"));
    });
    onMounted(() => {
      document.addEventListener("keydown", typed);
      document.getElementById("cb-shell")?.remove();
      document.querySelector("main.q-page")?.setAttribute("role", "presentation"); // the landmark is ours
    });
    onUnmounted(() => document.removeEventListener("keydown", typed));
    return { nav, link, toasts, dismiss, settings, cycle, help, helped, keycaps, stale, clockTime };
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
          <a v-for="n in nav" :key="n.path" :href="n.path" :aria-current="here === n.path ? 'page' : undefined" :aria-label="n.say">{{ n.name }}<b v-if="n.count" class="nav-count num">{{ n.count > 99 ? '99+' : n.count }}</b></a>
        </nav>
        <div class="top-right">
          <span v-if="meta.workspace" class="workspace" :title="meta.workspace.path">
            <span class="quiet">at</span> {{ meta.workspace.name }}</span>
          <span class="link-state" :data-link="link.state" :title="link.state === 'live' ? 'Changes arrive as they happen' : link.state === 'stale' ? 'The link to Callboard is down' : 'Joining the live feed'">
            <i aria-hidden="true"></i>{{ link.state === 'live' ? 'live' : link.state === 'stale' ? 'stale' : 'joining' }}</span>
          <button class="icon" type="button" @click="cycle" :aria-label="'Theme: ' + settings.theme + '. Change it'" :title="'Theme: ' + settings.theme">
            <svg viewBox="0 0 16 16" aria-hidden="true">
              <path v-if="settings.theme === 'light'" d="M8 5a3 3 0 1 0 0 6a3 3 0 1 0 0-6zM8 1v1.500M8 13.500V15M1 8h1.500M13.500 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1"/>
              <path v-else-if="settings.theme === 'dark'" d="M13.500 9.500A6 6 0 0 1 6.500 2.500a6 6 0 1 0 7 7z"/>
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
      <AlertSlides/>
      <CbAsk/>
      <CbDialog v-model:open="help" title="Keys" wide>
        <div class="keys">
          <section v-for="[group, list] in helped" :key="group">
            <h3>{{ group }}</h3>
            <dl>
              <template v-for="c in list" :key="c.id">
                <dt><span v-for="(chord, i) in keycaps(c.keys)" :key="i"><kbd v-for="k in chord" :key="k">{{ k }}</kbd></span></dt>
                <dd>{{ c.title }}</dd>
              </template>
            </dl>
          </section>
        </div>
      </CbDialog>
    </div>
  `,
};
