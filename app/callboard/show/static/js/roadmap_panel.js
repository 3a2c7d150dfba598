// The roadmap on the board: the four layers, and what comes next on the critical path.
import { computed } from "vue";
import { PARTS } from "callboard/parts.js";
import { CbEta, CbLayerMark, share } from "callboard/roadmap.js";
import * as words from "callboard/words.js";

export const CbRoadPanel = {
  components: { CbEta, CbLayerMark, ...PARTS },
  props: { map: Object },
  setup(props) {
    const layers = computed(() => props.map.layers.filter((row) => row.changes));
    // What is true of all of them is said once.
    const why = computed(() => (layers.value.length > 1 && layers.value.every((row) => row.eta || row.done === row.total || row.eta_why === layers.value[0].eta_why) && !layers.value[0].eta ? layers.value[0].eta_why : ""));
    const next = computed(() => props.map.path?.changes?.[0] ?? "");
    return { layers, next, why, share, words };
  },
  template: `
    <section class="panel road-panel" aria-labelledby="h-road">
      <header><h2 id="h-road">Roadmap</h2><span class="quiet num">{{ words.count(map.done) }} of {{ words.count(map.total) }} tasks</span><a class="more" href="/roadmap">All changes</a></header>
      <ul>
        <li v-for="row in layers" :key="row.layer" :data-road-layer="row.layer">
          <CbLayerMark :layer="row.layer"/><a class="layer-name" :href="'/roadmap?layer=' + row.layer">{{ row.layer }}</a><span class="num"><b>{{ row.percent }} %</b></span>
          <CbBar :value="share(row) ?? 0" tone="velvet" :label="'progress of layer ' + row.layer"/>
          <span class="road-panel-eta"><span class="num">{{ words.count(row.done) }} of {{ words.count(row.total) }}</span><CbEta :eta="row.eta" :why="row.total && row.done === row.total ? 'complete' : row.eta_why" :known="why"/></span>
        </li>
      </ul>
      <p v-if="why" class="road-next quiet">{{ why }}</p>
      <p v-if="next" class="road-next">Next on the critical path: <a :href="'/roadmap/' + words.segment(next)">{{ next }}</a>, <span class="num">{{ words.plural(map.path.left, 'task') }}</span> to its end</p>
    </section>
  `,
};
