// The platform's side on the board: its crew in one card, its API in figures, and what we hold back for them.
import { computed } from "vue";
import { ms, over, share, verdictOf, CbLimitSpark } from "callboard/crew_endpoints.js";
import { OVER } from "callboard/crew_watch.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const MOST_CREWS = 4;
const MOST_AT_WORK = 4;

// The figures of the polite prober, and what MonitorAnalytics measured of the others.
export function endpointsOf(coordination, measured) {
  const probed = coordination?.endpoints ?? [];
  const names = new Set(probed.map((e) => e.name));
  const looked = (measured?.endpoints ?? []).filter((e) => !names.has(e.name)).map((e) => ({ ...e, limit_ms: e.max_ms, n: null, last_failure: null, paused: "" }));
  return [...probed, ...looked];
}

// Whether there is anything of the platform's to show: nothing is, of a team without one.
export function anything({ crews, coordination }, measured) {
  const c = coordination;
  return crews.length > 0 || endpointsOf(c, measured).length > 0 || !!c?.drain.wanted || !!c?.holding;
}

const CbCrewBrief = {
  components: PARTS,
  props: { crew: Object },
  setup(props) {
    const working = computed(() => props.crew.agents.filter((a) => a.state === "working"));
    const flying = computed(() => props.crew.workflows.filter((w) => !OVER.has(w.state)));
    const counts = computed(() => {
      const found = {};
      for (const w of flying.value) for (const t of w.tasks) found[t.state] = (found[t.state] ?? 0) + 1;
      const untold = flying.value.reduce((n, w) => n + Math.max(0, (w.total ?? 0) - w.tasks.length), 0);
      if (untold) found.waiting = (found.waiting ?? 0) + untold;
      return found;
    });
    const last = computed(() => props.crew.workflows.find((w) => OVER.has(w.state)));
    const old = computed(() => props.crew.sources.length > 0 && !props.crew.sources.some((s) => s.state === "fresh") && props.crew.sources.some((s) => s.state === "stale" || s.state === "error"));
    const failed = computed(() => props.crew.troubles.filter((t) => t.severity === "high" || t.severity === "critical"));
    const href = computed(() => `/crew#crew-${words.segment(props.crew.name)}`);
    return { working, flying, counts, last, old, failed, href, words, MOST_AT_WORK };
  },
  template: `
    <li class="crew-brief" :data-crew="crew.name">
      <p class="brief-head"><CbState :word="flying.length ? 'working' : old ? 'stale' : 'idle'" bare/><a class="name" :href="href">{{ crew.title || crew.name }}</a>
        <span class="num"><template v-if="crew.in_flight">{{ words.plural(crew.in_flight, 'workflow') }} in flight</template><span v-else class="quiet">nothing in flight</span></span>
        <span class="brief-agents" role="img" :aria-label="words.plural(crew.agents.length, 'agent') + ', ' + working.length + ' at work'" :title="words.plural(crew.agents.length, 'agent') + ', ' + working.length + ' at work'"><i v-for="a in crew.agents.slice(0, 30)" :key="a.role" :class="['t-' + (a.slow && a.state !== 'failed' ? 'ask' : words.stateOf(a.state).tone), {busy: a.state === 'working'}]"></i></span></p>
      <CbSegments v-if="flying.length" :counts="counts"/>
      <ul v-if="working.length" class="brief-work">
        <li v-for="a in working.slice(0, MOST_AT_WORK)" :key="a.role"><b>{{ a.role }}</b> <span>{{ a.task }}</span> <span v-if="a.since != null" class="quiet num">{{ words.ticking(words.clock.now - a.since) }}</span></li>
        <li v-if="working.length > MOST_AT_WORK" class="quiet">and {{ working.length - MOST_AT_WORK }} more at work</li>
      </ul>
      <p v-else-if="last" class="quiet">the last one {{ last.state }} <CbAgo v-if="last.ended != null" :at="last.ended"/></p>
      <p v-for="s in crew.slow.slice(0, 2)" :key="s.agent" class="brief-slow"><CbState word="slow" bare/><span><b>{{ s.agent }}</b> {{ s.words }}, since {{ words.coarse(Math.max(0, words.clock.now - s.since)) }}</span></p>
      <p v-if="failed.length" class="brief-slow"><CbState word="failed" bare/><a class="hold" :href="failed[0].href || href">{{ failed[0].words }}</a><span class="quiet"><CbAgo :at="failed[0].at"/></span></p>
      <p v-if="old" class="brief-slow"><CbState word="stale" bare/><span>what you see may be old: {{ (crew.sources.find((s) => s.words) || {}).words || 'its sources are silent' }}</span></p>
    </li>
  `,
};

export const CbPlatform = {
  components: { CbCrewBrief, CbLimitSpark, ...PARTS },
  props: { watched: Object, measured: Object },
  setup(props) {
    const c = computed(() => props.watched.state.coordination);
    const crews = computed(() => props.watched.state.crews);
    const endpoints = computed(() => endpointsOf(c.value, props.measured));
    const active = computed(() => (c.value?.rules ?? []).filter((r) => r.on && r.active));
    return { c, crews, endpoints, active, ms, over, share, verdictOf, words, MOST_CREWS };
  },
  template: `
    <CbZone name="platform" note="what the team builds; only watched from here">
      <template #more><a class="quiet zone-more" href="/crew">The crew's page</a></template>
      <div class="platform-grid" :class="{single: !crews.length || !endpoints.length}">
        <section v-if="crews.length" class="panel" aria-labelledby="h-crew">
          <header><h2 id="h-crew">The platform's crew</h2></header>
          <ul class="crew-briefs"><CbCrewBrief v-for="crew in crews.slice(0, MOST_CREWS)" :key="crew.name" :crew="crew"/></ul>
          <a v-if="crews.length > MOST_CREWS" class="log-foot more-waits" href="/crew">{{ crews.length - MOST_CREWS }} more crews</a>
        </section>
        <section v-if="endpoints.length" class="panel" aria-labelledby="h-api">
          <header><h2 id="h-api">Its API</h2><a class="more" href="/crew#endpoints">Details</a></header>
          <ul>
            <li v-for="e in endpoints" :key="e.name" class="api-line" :data-endpoint="e.name">
              <CbState :word="e.paused ? 'paused' : verdictOf(e)" bare/>
              <span class="api-name"><span class="name">{{ e.name }}</span><span class="quiet platform-url" :title="e.url"><bdi>{{ e.url.replace(/^https?:[/][/]/, '') }}</bdi></span></span>
              <CbLimitSpark v-if="(e.trend || []).length > 1" class="off-phone" :values="e.trend" :limit="e.limit_ms" :bad="over(e)" :label="'times of ' + e.name"/><span v-else class="off-phone"></span>
              <span class="api-figure num"><CbNum :value="e.p50" :as="ms"/><small>p50</small></span>
              <span class="api-figure num" :class="over(e) ? 't-bad tinted' : ''" :title="e.limit_ms ? 'its limit is ' + e.limit_ms + ' ms' : undefined"><CbNum :value="e.p95" :as="ms"/><small>p95</small></span>
              <span class="api-figure num" :class="e.success != null && e.success < 100 ? 't-bad tinted' : ''"><CbNum :value="e.success" :as="share"/><small>answered</small></span>
              <span v-if="e.paused || e.last_failure" class="api-says" :class="e.paused ? 't-ask' : 'quiet'"><template v-if="e.paused">{{ e.paused }}</template><template v-else>last failure <CbAgo :at="e.last_failure.at"/>: {{ e.last_failure.words }}</template></span>
              <a v-else-if="e.task" class="api-says quiet" :href="'/tasks/' + e.task">measured <CbAgo :at="e.at"/></a>
            </li>
          </ul>
        </section>
      </div>
      <p v-if="c && (c.holding || active.length || c.drain.wanted)" class="coordination-line" data-coordination>
        <span v-if="c.holding || active.length"><CbState :word="c.holding ? 'holds' : 'ready'" bare/><a class="hold" href="/crew#coordination"><template v-if="c.holding"><b class="num">{{ c.holding }}</b> heavy {{ c.holding === 1 ? 'task holds' : 'tasks hold' }}</template><template v-else>heavy tasks would wait now; none does</template><template v-if="active.length">: {{ active.map((r) => r.why || r.words).join('; ') }}</template></a></span>
        <span v-if="c.drain.wanted"><CbState word="paused" bare/><a class="hold" href="/crew#drain">the drain flag is set{{ c.drain.by ? ' by ' + c.drain.by : '' }}{{ c.drain.reason ? ': ' + c.drain.reason : '' }}</a></span>
      </p>
    </CbZone>
  `,
};
