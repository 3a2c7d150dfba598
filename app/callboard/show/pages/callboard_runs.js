// Every run, newest first.
import { computed, ref, watchEffect } from "vue";
import { CbFrame, pulse, useTitle } from "callboard/frame.js";
import { Rows, follow, get, toast } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

export default {
  components: { CbFrame, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const first = JSON.parse(props.first);
    const frame = JSON.parse(props.meta);
    const runs = new Rows(first);
    const query = ref("");
    const state = ref("");
    const more = ref(first.length >= frame.page);
    const rows = (answer) => answer.runs ?? answer;
    follow({
      rooms: () => ["board"],
      refetch: async () => (runs.merge(rows(await get(`/runs?limit=${frame.page}`))), null),
      fold: (m) => runs.merge(m.runs),
    });
    const all = computed(() => runs.list().sort((a, b) => b.id - a.id));
    const shown = computed(() => {
      const q = query.value.trim().toLowerCase();
      return all.value.filter((r) => (!state.value || r.state === state.value) && (!q || `${r.id} ${r.name} ${r.by} ${r.trigger} ${r.summary} ${r.workspace_name}`.toLowerCase().includes(q)));
    });
    const states = computed(() => [...new Set(all.value.map((r) => r.state))].sort());
    watchEffect(() => (pulse.running = all.value.reduce((n, r) => n + (words.RUN_OVER.has(r.state) ? 0 : (r.counts?.running ?? 0) + (r.counts?.starting ?? 0)), 0)));
    useTitle(() => "Runs – Callboard");
    const took = (r) => (r.started == null ? null : (r.ended ?? words.clock.now) - r.started);
    async function older() {
      try {
        const found = rows(await get(`/runs?limit=${frame.page}&before=${all.value[all.value.length - 1].id}`));
        runs.merge(found);
        more.value = found.length >= frame.page;
      } catch (problem) {
        toast(problem.message);
      }
    }
    return { frame, all, shown, states, state, query, more, older, took, words };
  },
  template: `
    <CbFrame :meta="frame" here="/runs">
      <div class="head">
        <h1>Runs</h1>
        <div class="acts tools">
          <input type="search" data-search v-model="query" placeholder="Filter runs  /" aria-label="Filter runs"/>
          <span class="chips" role="group" aria-label="State">
            <button v-for="s in states" :key="s" type="button" class="chip" :aria-pressed="state === s" @click="state = state === s ? '' : s">
              <CbState :word="s"/>
            </button>
          </span>
        </div>
      </div>
      <section class="panel">
        <table v-if="shown.length" class="table fold">
          <thead>
            <tr>
              <th>Run</th>
              <th>State</th>
              <th style="width:18%">Tasks</th>
              <th>Result</th>
              <th>Findings</th>
              <th class="right">Took</th>
              <th class="right">Started</th>
            </tr>
          </thead>
          <tbody>
            <tr v-for="r in shown" :key="r.id" :data-run="r.id">
              <td>
                <a class="name" :href="'/runs/' + r.id">{{ r.id }} · {{ r.name }}</a>
                <br class="off-phone">
                <span class="quiet"> {{ r.trigger }}<template v-if="r.by"> · {{ r.by }}</template><template v-if="r.git"> · {{ r.git.branch }} <code>{{ (r.git.commit || '').slice(0, 7) }}</code>{{ r.git.dirty ? '+' : '' }}</template></span>
              </td>
              <td><CbState :word="r.state"/></td>
              <td class="full">
                <CbSegments :counts="r.counts"/>
                <span class="quiet num">{{ r.done }} of {{ r.total }}</span>
              </td>
              <td class="full reason">{{ r.summary }}</td>
              <td class="full"><CbCounts :of="r.findings"/></td>
              <td class="right" data-label="took">
                <CbNum :value="took(r)" :as="r.ended == null ? words.ticking : words.duration" why="not started"/>
              </td>
              <td class="right"><CbAgo :at="r.started || r.submitted"/></td>
            </tr>
          </tbody>
        </table>
        <CbEmpty v-else-if="all.length" title="No run matches">Nothing among the {{ all.length }} runs that are loaded fits this filter.</CbEmpty>
        <CbEmpty v-else title="No run yet">A run calls the agents for one pipeline. <a href="/runs/new"><b>See what a run would do here</b></a>, or type <code>callboard run</code>.</CbEmpty>
        <div v-if="more" class="log-foot"><CbAct small :run="older">Load older runs</CbAct></div>
      </section>
    </CbFrame>
  `,
};
