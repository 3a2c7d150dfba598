// The frame of every page: bar, banners, toasts, palette, keys. A page puts itself into the default slot.
import { computed, onMounted, onUnmounted, reactive, ref, watchEffect } from "vue";
import { AlertSlides } from "callboard/alert_slides.js";
import { CbBar } from "callboard/bar.js";
import { available, keycaps, typed, useCommands } from "callboard/commands.js";
import { CbAsk, CbDialog } from "callboard/dialog.js";
import { act, counts, dismiss, link, toasts } from "callboard/live.js";
import { CbPalette } from "callboard/palette.js";
import { setSetting, settings } from "callboard/settings.js";
import { CbTour } from "callboard/tour.js";
import { clockTime } from "callboard/words.js";

const THEMES = { auto: "Theme: as the system", light: "Theme: light", dark: "Theme: dark" };

// The number of running tasks, wherever a page knows it, for the title.
export const pulse = reactive({ running: null, needs: 0 });
export function useTitle(title) {
  watchEffect(() => {
    const running = pulse.running ? `● ${pulse.running} running – ` : "";
    document.title = `${pulse.needs ? `(${pulse.needs}) ` : ""}${running}${title()}`;
  });
}

function search() {
  const field = document.querySelector("[data-search]");
  field?.focus();
  field?.select?.();
}

export const CbFrame = {
  props: { meta: Object, here: String, wide: Boolean },
  components: { AlertSlides, CbAsk, CbBar, CbDialog, CbPalette, CbTour },
  setup(props) {
    const help = ref(false);
    const palette = ref(false);
    const stale = computed(() => link.state === "stale" || link.state === "out");
    Object.assign(counts, props.meta.counts ?? {});
    const dense = () => setSetting("density", settings.density === "compact" ? "comfortable" : "compact");
    useCommands(
      () => [
        ...(props.meta.nav ?? []).map((n) => ({ id: `go${n.path}`, title: n.name, group: "Go to", keys: n.keys, href: n.path })),
        { id: "go/runs/new", title: "Start a run", group: "Go to", keys: "g n", href: "/runs/new" },
        { id: "go/insights/whatif", title: "What if: other conditions, simulated", group: "Go to", href: "/insights/whatif" },
        { id: "go/insights/report", title: "Weekly report", group: "Go to", href: "/insights/report" },
        { id: "palette", title: "Search and do", keys: "mod+k", run: () => (palette.value = !palette.value) },
        { id: "help", title: "Show the keys", keys: "?", run: () => (help.value = !help.value) },
        { id: "search", title: "Search this page", keys: "/", run: search, when: () => !!document.querySelector("[data-search]") },
        ...Object.entries(THEMES).map(([theme, title]) => ({ id: `theme.${theme}`, title, run: () => setSetting("theme", theme), when: () => settings.theme !== theme })),
        { id: "density", title: settings.density === "compact" ? "Density: comfortable" : "Density: compact", run: dense },
        { id: "rescan", title: "Look for agents anew", run: () => act("/agents/rescan", {}, "Looked for agents anew.") },
      ],
      "Everywhere",
    );
    const helped = computed(() => {
      if (!help.value) return [];
      const groups = new Map();
      for (const command of available()) if (command.keys) groups.set(command.group, [...(groups.get(command.group) ?? []), command]);
      return [...groups].sort(([a], [b]) => (a === "Everywhere") - (b === "Everywhere") || (a === "Go to") - (b === "Go to"));
    });
    onMounted(() => {
      document.addEventListener("keydown", typed);
      document.getElementById("cb-shell")?.remove();
      document.querySelector("main.q-page")?.setAttribute("role", "presentation"); // the landmark is ours
    });
    onUnmounted(() => document.removeEventListener("keydown", typed));
    return { link, toasts, dismiss, help, helped, keycaps, palette, stale, clockTime };
  },
  template: `
    <div class="cb">
      <a class="skip" href="#main">To the content</a>
      <CbBar :meta="meta" :here="here" @search="palette = true"/>
      <div v-if="stale" class="banner stale" role="alert">
        <b>stale since {{ clockTime(link.since) }}</b>
        <span v-if="link.state === 'out'">Your session is over: run <code>callboard token</code> and open its link in this browser; this page then goes on by itself.</span>
        <span v-else>The link to Callboard is down; what you see may have changed. Trying again…</span>
      </div>
      <div v-else-if="link.unreachable" class="banner warning" role="alert"><b>not read</b><span>{{ link.unreachable }} Trying again…</span></div>
      <div v-if="link.banner" class="banner" :class="link.banner.level" role="alert">
        <b>{{ link.banner.level }}</b>
        <span>{{ link.banner.text }}</span>
      </div>
      <main id="main" :class="{wide}" tabindex="-1"><slot/></main>
      <div class="toasts" role="status" aria-live="polite">
        <div v-for="t in toasts" :key="t.id" class="toast" :class="t.tone">
          <component :is="t.href ? 'a' : 'span'" :href="t.href || undefined">{{ t.text }}<span v-if="t.times > 1" class="quiet num"> × {{ t.times }}</span></component>
          <button type="button" class="icon" aria-label="Dismiss" @click="dismiss(t.id)"><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M4 4l8 8M12 4l-8 8"/></svg></button>
        </div>
      </div>
      <AlertSlides/>
      <CbTour :meta="meta"/>
      <CbPalette v-model:open="palette"/>
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
