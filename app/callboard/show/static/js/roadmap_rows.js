// The changes of the roadmap in their four layers: what each is, how far, by whom, until when, and what keeps it.
import { computed } from "vue";
import { CbMenu } from "callboard/menu.js";
import { PARTS } from "callboard/parts.js";
import { CbEta, CbLayerMark, CbShare, share } from "callboard/roadmap.js";
import { CbHandle } from "callboard/roadmap_lift.js";
import * as words from "callboard/words.js";

const CbChange = {
  components: { CbEta, CbHandle, CbMenu, CbShare, ...PARTS },
  props: { c: Object, lift: Object, items: Function, milestones: Map },
  setup(props) {
    const part = computed(() => share(props.c));
    const who = computed(() => [...new Set([props.c.owner, ...props.c.agents].filter(Boolean))]);
    const names = computed(() => props.c.milestones.map((name) => props.milestones.get(name) ?? name));
    return { part, who, names, words };
  },
  template: `
    <li class="road-row" :data-change="c.id" :class="{complete: c.status === 'complete', held: lift.held.item?.id === c.id}">
      <CbHandle :lift="lift" :item="() => c" :label="'Move ' + c.title + ' to another layer'" :data-grip="c.id"/>
      <CbShare :of="c"/>
      <div class="road-what">
        <p class="road-title"><a class="name" data-main :href="c.href" :title="c.title">{{ c.title }}</a><span v-if="c.critical" class="critical-mark">critical path</span></p>
        <p class="road-under">
          <code class="road-id" :title="c.id">{{ c.id }}</code>
          <span v-for="(name, i) in names" :key="i" class="road-stone" :title="'Milestone ' + name"><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M8 2L14 8L8 14L2 8z"/></svg>{{ name }}</span>
          <span v-if="c.checks" class="sev" :class="'s-' + (c.worst || 'info')" :title="words.plural(c.checks, 'check') + ' to look at, the worst is ' + (c.worst || 'info')"><b aria-hidden="true">{{ (c.worst || 'i')[0].toUpperCase() }}</b><span>{{ words.plural(c.checks, 'check') }}</span></span>
          <component v-for="(b, i) in c.blockers.slice(0, 2)" :key="'b' + i" :is="b.href ? 'a' : 'span'" class="road-block" :href="b.href || undefined" :title="b.words"><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M4.200 11.800l7.600-7.600M8 2.500a5.500 5.500 0 1 0 0 11a5.500 5.500 0 1 0 0-11z"/></svg>{{ b.words }}<span v-if="b.href" aria-hidden="true">&nbsp;→</span></component>
          <span v-if="c.blockers.length > 2" class="quiet">and {{ c.blockers.length - 2 }} more</span>
        </p>
      </div>
      <div class="road-far">
        <template v-if="part != null"><CbBar :value="part" :tone="c.status === 'complete' ? 'good' : 'run'" :label="'progress of ' + c.title"/><span class="road-sum num"><span><b>{{ words.count(c.done) }}</b><span class="quiet"> of {{ words.count(c.total) }}</span></span><span class="quiet">{{ c.percent }} %</span></span></template>
        <span v-else class="quiet">no tasks yet</span>
      </div>
      <div class="road-who">
        <span v-if="who.length" class="road-names" :title="who.join(', ')">{{ who.slice(0, 2).join(', ') }}<span v-if="who.length > 2" class="quiet"> +{{ who.length - 2 }}</span></span>
        <span v-else class="none" title="It has no owner, and nothing of it is assigned">–</span>
        <span v-if="c.running" class="road-live t-run"><svg viewBox="0 0 16 16" class="shape" aria-hidden="true"><path d="M5 3.200v9.600L12.600 8z" class="filled"/></svg>{{ c.running }} at work</span>
        <span v-else-if="c.assigned" class="quiet">{{ c.assigned }} assigned</span>
      </div>
      <div class="road-eta"><span v-if="c.status === 'complete'" class="t-good tinted">complete</span><CbEta v-else :eta="c.eta" :why="c.eta_why" brief/></div>
      <div class="road-last"><CbAgo v-if="c.last != null" :at="c.last" :title="c.last_what"/><span v-else class="none" title="Nothing happened here that is known">–</span></div>
      <CbMenu :label="'What can be done with ' + c.title" dots :items="items(c)"/>
    </li>
  `,
};

export const CbLayers = {
  components: { CbChange, CbEta, CbLayerMark, ...PARTS },
  props: { layers: Array, changes: Array, filtering: Boolean, folds: Object, lift: Object, items: Function, milestones: Map, known: String },
  setup(props) {
    const groups = computed(() => props.layers.map((row) => ({ row, rows: props.changes.filter((c) => c.layer === row.layer) })).filter((g) => !props.filtering || g.rows.length));
    return { groups, share, words };
  },
  template: `
    <div class="panel road">
      <div class="road-heads" aria-hidden="true"><span>Change</span><span>Tasks</span><span>Who</span><span>Expected</span><span>Last</span></div>
      <section v-for="g in groups" :key="g.row.layer" class="road-layer" :class="{aim: lift.held.how === 'drag' && lift.held.over === g.row.layer, shut: folds.closed(g.row.layer)}" :data-place="lift.held.how === 'drag' ? g.row.layer : undefined" :data-layer="g.row.layer" :aria-labelledby="'layer-' + g.row.layer">
        <header class="road-head">
          <h2 :id="'layer-' + g.row.layer">
            <button type="button" class="road-fold" :aria-expanded="!folds.closed(g.row.layer)" :aria-controls="'rows-' + g.row.layer" @click="folds.fold(g.row.layer)"><svg viewBox="0 0 10 10" class="chevron" aria-hidden="true"><path d="M3 1l4 4l-4 4"/></svg><CbLayerMark :layer="g.row.layer"/><span class="layer-name">{{ g.row.layer }}</span><span class="quiet num">{{ filtering ? g.rows.length + ' of ' + g.row.changes : g.row.changes }}<span class="sr"> changes</span></span></button>
          </h2>
          <div class="road-far">
            <template v-if="g.row.total"><CbBar :value="share(g.row)" tone="velvet" :label="'progress of layer ' + g.row.layer"/><span class="road-sum num"><span><b>{{ words.count(g.row.done) }}</b><span class="quiet"> of {{ words.count(g.row.total) }}</span></span><b>{{ g.row.percent }} %</b></span></template>
            <span v-else class="quiet">{{ g.row.changes ? 'no tasks yet' : '' }}</span>
          </div>
          <div class="road-eta wide"><CbEta v-if="g.row.changes" :eta="g.row.eta" :why="g.row.total && g.row.done === g.row.total ? 'complete' : g.row.eta_why" :known="known"/></div>
        </header>
        <ol v-show="!folds.closed(g.row.layer)" :id="'rows-' + g.row.layer" class="road-rows">
          <CbChange v-for="c in g.rows" :key="c.id" :c="c" :lift="lift" :items="items" :milestones="milestones"/>
          <li v-if="!g.rows.length" class="road-none quiet">No change is in this layer. Drag one here, or choose <i>Move to {{ g.row.layer }}</i> in its menu.</li>
        </ol>
      </section>
      <slot/>
    </div>
  `,
};
