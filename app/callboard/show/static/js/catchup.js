// What happened since the person last looked; the mark moves when they say so, or when they have really looked.
import { computed, onMounted, onUnmounted, reactive, ref } from "vue";
import { get, send, toast } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const LOOK_S = 20; // so long the news was on the screen of somebody who was there
const AGAIN_S = 300; // who goes on looking has seen what happens meanwhile
const STILL_S = 60; // without a key, a move, a scroll for so long nobody is there
const AWAY_S = 600; // who comes back after so long wants to know what happened
const SHOWN = 4;
const TONES = { broke: "t-bad", cured: "t-good", finding: "t-ask", patch: "t-ask", schedule: "t-ask", "run failed": "t-bad", "run succeeded": "t-good", "run unknown": "t-odd" };
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

// 'Friday 17:10', 'yesterday 17:10', '17:10', and with the date for what is more than six days old.
export function moment(at, now = Date.now() / 1000) {
  const then = new Date(at * 1000);
  const days = Math.round((new Date(now * 1000).setHours(0, 0, 0, 0) - new Date(at * 1000).setHours(0, 0, 0, 0)) / 86_400_000);
  const time = words.clockTime(at).slice(0, 5);
  if (days === 0) return time;
  if (days === 1) return `yesterday ${time}`;
  return days < 7 ? `${DAYS[then.getDay()]} ${time}` : words.absolute(at).slice(0, 16);
}

export class News {
  constructor(first) {
    this.state = reactive({ news: first, seen: first?.mark == null || !first.groups.length, open: innerWidth > 640 });
  }
  get told() {
    return !this.state.seen && this.state.news.groups.length > 0;
  }
  async mark(until) {
    try {
      await send("/catchup/seen", until ? { until } : {});
      return true;
    } catch (problem) {
      toast(problem.message);
      return false;
    }
  }
  async seen() {
    if (await this.mark(this.state.news.until)) this.state.seen = true;
  }
  async refetch() {
    const found = await get("/catchup").catch(() => null);
    if (found) Object.assign(this.state, { news: found, seen: found.mark == null || !found.groups.length });
  }
}

// Counts the seconds in which somebody is there and the news can be read; a reload alone never moves the mark.
export function useAttention(news) {
  let here = 0;
  let touched = Date.now();
  let next = LOOK_S;
  const touch = () => {
    if (Date.now() - touched > AWAY_S * 1000 && document.visibilityState === "visible") (here = 0), (next = LOOK_S), news.refetch();
    touched = Date.now();
  };
  const onScreen = () => {
    const box = document.querySelector("[data-news]")?.getBoundingClientRect();
    return !news.told || (box && box.top >= 0 && box.top < innerHeight - 40);
  };
  const there = () => document.visibilityState === "visible" && Date.now() - touched < STILL_S * 1000;
  function tick() {
    if (!there() || !onScreen() || ++here < next) return;
    here = 0;
    news.mark(next === LOOK_S ? news.state.news.until : undefined);
    next = AGAIN_S;
  }
  let timer = null;
  const kinds = ["pointermove", "pointerdown", "keydown", "wheel", "touchstart", "focus"];
  onMounted(() => {
    timer = setInterval(tick, 1000);
    for (const kind of kinds) window.addEventListener(kind, touch, { passive: true });
  });
  onUnmounted(() => {
    clearInterval(timer);
    for (const kind of kinds) window.removeEventListener(kind, touch);
  });
}

export const CbNews = {
  components: PARTS,
  props: { news: Object },
  setup(props) {
    const all = ref({});
    const groups = computed(() => props.news.state.news.groups);
    const rowsOf = (g) => (all.value[g.kind] ? g.rows : g.rows.slice(0, SHOWN));
    const waiting = computed(() => props.news.state.news.waiting);
    return { all, groups, rowsOf, waiting, moment, words, TONES, SHOWN };
  },
  template: `
    <section class="panel news" data-news aria-labelledby="h-news">
      <header>
        <h2 id="h-news" class="news-words">Since {{ moment(news.state.news.since) }}: <b>{{ news.state.news.words }}</b></h2>
        <span class="tools">
          <button type="button" class="button small" :aria-expanded="news.state.open" @click="news.state.open = !news.state.open">{{ news.state.open ? 'Fold' : 'Show' }}</button>
          <CbAct small :run="() => news.seen()">Mark as seen</CbAct>
        </span>
      </header>
      <div v-if="news.state.open" class="news-groups">
        <div v-for="g in groups" :key="g.kind" class="news-group" :class="TONES[g.kind] || 't-off'" :data-news-kind="g.kind">
          <h3><span class="num">{{ g.title }}</span><CbCounts v-if="g.severities" :of="g.severities"/></h3>
          <ul>
            <li v-for="(r, i) in rowsOf(g)" :key="i"><a :href="r.href"><span class="news-title">{{ r.title }}</span><span v-if="r.text" class="news-text">{{ r.text }}</span></a><CbAgo :at="r.at"/></li>
          </ul>
          <button v-if="g.rows.length > SHOWN && !all[g.kind]" type="button" class="link" @click="all = { ...all, [g.kind]: true }">{{ g.rows.length - SHOWN }} more</button>
          <span v-else-if="g.count > g.rows.length" class="quiet num">and {{ g.count - g.rows.length }} more</span>
        </div>
      </div>
    </section>
  `,
};
