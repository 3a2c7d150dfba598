// The bar of every page: where one can go, what waits, whether the link is live.
import { computed, ref } from "vue";
import { keycaps } from "callboard/commands.js";
import { CbDialog } from "callboard/dialog.js";
import { counts, link } from "callboard/live.js";
import { setSetting, settings } from "callboard/settings.js";

const THEMES = ["auto", "light", "dark"];
const COUNTED = { "/inbox": ["inbox", "waits for you", "wait for you"], "/alerts": ["alerts", "alert stands", "alerts stand"], "/cases": ["open_cases", "is open", "are open"] };
const SOFT = new Set(["/cases"]); // a number to know, not one that calls
const RARE = new Set(["/console", "/crew", "/machine", "/settings"]); // behind 'More' where the bar is too narrow for all
const SAID = { live: "Changes arrive as they happen", stale: "The link to Callboard is down", connecting: "Joining the live feed", out: "Your session is over" };
const WORD = { live: "live", stale: "stale", connecting: "joining", out: "signed out" };

export const nextTheme = () => setSetting("theme", THEMES[(THEMES.indexOf(settings.theme) + 1) % THEMES.length]);

export const CbBar = {
  props: { meta: Object, here: String },
  emits: ["search"],
  components: { CbDialog },
  setup(props) {
    const more = ref(false);
    const nav = computed(() =>
      (props.meta.nav ?? []).map((n) => {
        const [name, one, many] = COUNTED[n.path] ?? [];
        const count = name ? counts[name] : null;
        return { ...n, count, soft: SOFT.has(n.path), rare: RARE.has(n.path), say: count ? `${n.name}: ${count} ${count === 1 ? one : many}` : undefined };
      }),
    );
    const beyond = computed(() => nav.value.some((n) => n.later && n.path === props.here));
    const rare = computed(() => nav.value.some((n) => n.rare && n.path === props.here));
    return { nav, more, beyond, rare, link, settings, nextTheme, SAID, WORD, keys: keycaps("mod+k")[0] };
  },
  template: `
    <header class="top">
      <a class="brand" href="/" aria-label="Callboard, the board">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <rect x="2" y="2" width="28" height="28" rx="7" class="brand-back"/>
          <rect x="8" y="6.500" width="16" height="20" rx="2" class="brand-paper"/>
          <circle cx="16" cy="9.400" r="1.500" class="brand-back"/>
          <path d="M11.500 14.500h9M11.500 18h9M11.500 21.500h5.500" class="brand-lines"/>
        </svg>
        <span class="brand-name">Callboard</span>
      </a>
      <nav aria-label="Pages">
        <a v-for="n in nav" :key="n.path" :href="n.path" :class="{later: n.later, rare: n.rare}" :aria-current="here === n.path ? 'page' : undefined" :aria-label="n.say">{{ n.name }}<b v-if="n.count" class="nav-count num" :class="{soft: n.soft}">{{ n.count > 99 ? '99+' : n.count }}</b></a>
        <button type="button" class="nav-more" :class="{beyond, rare}" aria-haspopup="dialog" :aria-expanded="more" @click="more = true">More</button>
      </nav>
      <div class="top-right">
        <span v-if="meta.workspace" class="workspace" :title="meta.workspace.path"><span class="quiet">at</span> {{ meta.workspace.name }}</span>
        <span class="link-state" :data-link="link.state" :title="SAID[link.state]"><i aria-hidden="true"></i><span>{{ WORD[link.state] }}</span></span>
        <button type="button" class="seek" aria-haspopup="dialog" aria-label="Search and do" @click="$emit('search')">
          <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M7 2.500a4.500 4.500 0 1 0 0 9a4.500 4.500 0 1 0 0-9zM10.500 10.500L14 14"/></svg>
          <span class="seek-word">Search</span><span class="seek-keys"><kbd v-for="k in keys" :key="k">{{ k }}</kbd></span>
        </button>
        <button class="icon theme" type="button" @click="nextTheme" :aria-label="'Theme: ' + settings.theme + '. Change it'" :title="'Theme: ' + settings.theme">
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path v-if="settings.theme === 'light'" d="M8 5a3 3 0 1 0 0 6a3 3 0 1 0 0-6zM8 1v1.500M8 13.500V15M1 8h1.500M13.500 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1"/>
            <path v-else-if="settings.theme === 'dark'" d="M13.500 9.500A6 6 0 0 1 6.500 2.500a6 6 0 1 0 7 7z"/>
            <template v-else>
              <path d="M8 2a6 6 0 1 0 0 12a6 6 0 1 0 0-12z"/>
              <path d="M8 2a6 6 0 0 1 0 12z" class="filled"/>
            </template>
          </svg>
        </button>
        <a class="button primary start" href="/runs/new" :aria-current="here === '/runs/new' ? 'page' : undefined">Start a run</a>
      </div>
    </header>
    <CbDialog v-model:open="more" title="All pages" class="sheet">
      <ul class="more-pages">
        <li v-for="n in nav" :key="n.path"><a :href="n.path" :aria-current="here === n.path ? 'page' : undefined" :aria-label="n.say">{{ n.name }}<b v-if="n.count" class="nav-count num" :class="{soft: n.soft}">{{ n.count > 99 ? '99+' : n.count }}</b></a></li>
        <li><a href="/runs/new">Start a run</a></li>
      </ul>
      <p v-if="meta.workspace" class="quiet more-place">at {{ meta.workspace.path }}</p>
    </CbDialog>
  `,
};
