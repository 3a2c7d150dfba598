// What stands around the tasks of a change: its head, what it does to the requirements, its history and its files.
import { computed, ref } from "vue";
import { CbMenu } from "callboard/menu.js";
import { PARTS } from "callboard/parts.js";
import { CbEta, CbLayerMark, share } from "callboard/roadmap.js";
import * as words from "callboard/words.js";

const LONG = 320; // letters of a reason that are read at once

export const CbChangeHead = {
  components: { CbEta, CbLayerMark, CbMenu, ...PARTS },
  props: { c: Object, why: String, items: Array, titles: Map },
  setup(props) {
    const whole = ref(false);
    const long = computed(() => props.why.length > LONG || props.why.split("\n").length > 4);
    return { whole, long, part: computed(() => share(props.c)), words };
  },
  template: `
    <p class="crumb"><a href="/roadmap">Roadmap</a><span aria-hidden="true">/</span><a :href="'/roadmap?layer=' + c.layer">{{ c.layer }}</a></p>
    <div class="head change-top"><CbLayerMark :layer="c.layer"/><h1>{{ c.title }}</h1><code class="quiet change-id">{{ c.id }}</code><span v-if="c.critical" class="critical-mark">critical path</span><div class="acts"><CbMenu label="Move" :items="items"/></div></div>
    <div class="facts change-facts">
      <template v-if="part != null"><span class="facts-bar"><CbBar :value="part" :tone="c.status === 'complete' ? 'good' : 'run'" label="progress of this change"/></span><span><b class="num">{{ words.count(c.done) }}</b> of <span class="num">{{ words.count(c.total) }}</span> done</span></template>
      <span v-else>no tasks yet</span>
      <span v-if="c.status !== 'complete'"><em>expected</em> <CbEta :eta="c.eta" :why="c.eta_why"/></span><span v-else class="t-good tinted">complete</span>
      <span><em>owner</em> {{ c.owner || 'nobody' }}</span>
      <span :title="c.layer_why"><em>layer</em> {{ c.layer }}<span v-if="c.layer_why" class="quiet layer-why">{{ c.layer_why }}</span></span>
      <span v-if="c.after.length" :title="c.after_why"><em>after</em> <span><template v-for="(id, i) in c.after" :key="id">{{ i ? ', ' : '' }}<a class="hold" :href="'/roadmap/' + words.segment(id)" :title="titles.get(id)">{{ id }}</a></template></span></span>
      <span v-if="c.milestones.length"><em>milestone</em> {{ c.milestones.join(', ') }}</span>
      <span v-if="c.last != null" :title="c.last_what"><em>last</em> <CbAgo :at="c.last"/></span>
    </div>
    <ul v-if="c.blockers.length" class="change-blocks trouble ask"><li v-for="(b, i) in c.blockers.slice(0, 6)" :key="i"><component :is="b.href ? 'a' : 'span'" :class="{hold: b.href}" :href="b.href || undefined">{{ b.words }}<span v-if="b.href" class="arrow" aria-hidden="true">&nbsp;→</span></component></li></ul>
    <div v-if="why" class="change-why"><p :class="{clamped: long && !whole}">{{ why }}</p><button v-if="long" type="button" class="link" :aria-expanded="whole" @click="whole = !whole">{{ whole ? 'less' : 'all of it' }}</button></div>
  `,
};

const TONES = { ADDED: "good", MODIFIED: "run", REMOVED: "bad", RENAMED: "odd" };

export const CbDeltas = {
  components: PARTS,
  props: { deltas: Array },
  setup(props) {
    const groups = computed(() => {
      const found = new Map();
      for (const d of props.deltas) found.set(d.capability, [...(found.get(d.capability) ?? []), d]);
      return [...found];
    });
    return { groups, TONES, listed: (d) => (Array.isArray(d.scenarios) ? d.scenarios : []), words };
  },
  template: `
    <div v-if="groups.length" class="stack">
      <section v-for="[capability, rows] in groups" :key="capability" class="panel" :aria-label="capability">
        <header><h2>{{ capability }}</h2><span class="quiet num">{{ rows.length }}</span></header>
        <ul class="rows deltas"><li v-for="(d, i) in rows" :key="i"><span class="delta-word" :class="'t-' + (TONES[d.operation] || 'off')">{{ String(d.operation || '').toLowerCase() }}</span><span class="delta-what"><b>{{ d.requirement }}</b><span v-if="listed(d).length" class="delta-scenes">{{ listed(d).slice(0, 12).join(' · ') }}</span><span v-else-if="typeof d.scenarios === 'number'" class="quiet">{{ words.plural(d.scenarios, 'scenario') }}</span></span><span class="place" :title="d.path + (d.line ? ':' + d.line : '')"><bdi>{{ d.path }}<template v-if="d.line">:{{ d.line }}</template></bdi></span></li></ul>
      </section>
    </div>
    <div v-else class="panel"><CbEmpty title="It changes no requirement">A change says in <code>specs/CAPABILITY/spec.md</code> which requirements it adds, modifies, removes or renames; this one does not.</CbEmpty></div>
  `,
};

export const CbChangeHistory = {
  components: PARTS,
  props: { rows: Array },
  template: `
    <div v-if="rows.length" class="panel"><ul class="sentences"><li v-for="(r, i) in rows" :key="i"><CbAgo :at="r.at"/><p><component :is="r.href ? 'a' : 'span'" :class="{hold: r.href}" :href="r.href || undefined">{{ r.words }}</component><span v-if="r.by" class="quiet"> · {{ r.by }}</span></p></li></ul></div>
    <div v-else class="panel"><CbEmpty title="Nothing was done from here yet">Assignments, evidence, ticks and moves of this change are kept here, with who did them.</CbEmpty></div>
  `,
};

export const CbChangeFiles = {
  components: PARTS,
  props: { files: Array },
  template: `
    <div v-if="files.length" class="panel"><ul class="rows change-files"><li v-for="path in files" :key="path"><code>{{ path }}</code></li></ul></div>
    <div v-else class="panel"><CbEmpty title="No file could be read">Its folder has nothing that can be read.</CbEmpty></div>
  `,
};
