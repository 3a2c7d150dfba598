// A member of the crew on the board: state, task, progress, and what it takes.
import { computed } from "vue";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

export const CrewCard = {
  components: PARTS,
  props: { a: Object, tasks: Object },
  setup(props) {
    const task = computed(() => (props.a.running?.length ? props.tasks.get(props.a.running[0]) : null));
    const tone = computed(() => words.stateOf(props.a.state).tone);
    const progress = computed(() => words.progressOf(task.value ?? props.a));
    const last = computed(() => props.a.last);
    const busy = computed(() => !!props.a.running?.length);
    const lastBad = computed(() => last.value && words.BAD.has(last.value.state));
    const eta = computed(() => {
      const at = busy.value ? (props.a.eta ?? task.value?.expected_end) : null;
      return at == null ? null : at - words.clock.now;
    });
    const load = computed(() => props.a.load ?? null);
    const queue = computed(() => load.value?.queue ?? props.a.waiting);
    const queued = computed(() => (props.a.waiting > queue.value ? `${queue.value} lack only room, ${props.a.waiting - queue.value} more wait for other tasks` : undefined));
    return { task, tone, progress, busy, last, lastBad, eta, load, queue, queued, words };
  },
  template: `
    <article class="panel card" :class="'t-' + tone" :data-agent="a.name" :aria-label="a.title || a.name">
      <div class="card-head">
        <a :href="words.agentHref(a.name)" :title="a.summary">{{ a.title || a.name }}</a>
        <CbState :word="a.state"/>
      </div>
      <div class="card-work">
        <template v-if="a.trouble"><span class="clamp" :title="a.trouble">{{ a.trouble }}</span></template>
        <template v-else-if="a.running && a.running.length">
          <a class="card-task" :href="'/tasks/' + a.running[0]">{{ task ? task.name : a.running[0] }}<span class="quiet" v-if="a.running.length > 1"> and {{ a.running.length - 1 }} more</span>
          </a>
          <CbBar :value="progress" :label="'progress of ' + (task ? task.name : a.name)"/>
          <span class="clamp">{{ (task && task.note) || a.note || 'at work' }}</span>
        </template>
        <template v-else-if="a.paused">
          <span class="clamp">Paused by {{ a.paused.by }}<template v-if="a.paused.reason">: {{ a.paused.reason }}</template>
          </span>
          <span class="quiet"><CbAgo :at="a.paused.since"/></span>
        </template>
        <a v-else-if="last" class="card-last" :class="lastBad ? 't-bad' : 't-off'" :href="'/tasks/' + last.task + (lastBad ? '?tab=log#first-failure' : '')">
          <span class="card-task">{{ last.name }}</span>
          <span class="clamp">
            <b>{{ last.state }}</b>
            <template v-if="last.reason">: {{ last.reason }}</template>
          </span>
        </a>
        <span v-else>Nothing done yet. It can do {{ words.plural((a.actions || []).length, 'action') }}.</span>
      </div>
      <dl class="card-stats">
        <div>
          <dt>ETA</dt>
          <dd>
            <CbNum :value="eta" :as="words.remaining" :why="a.running && a.running.length ? 'no estimate yet' : 'nothing is running'"/>
          </dd>
        </div>
        <div>
          <dt>CPU</dt>
          <dd><CbNum :value="busy ? a.cpus_now : null" :as="words.cpus" why="nothing is running"/></dd>
        </div>
        <div>
          <dt>Memory</dt>
          <dd><CbNum :value="busy ? a.memory_now_mb : null" :as="words.mebibytes" why="nothing is running"/></dd>
        </div>
        <div :title="queued"><dt>Queue</dt><dd><CbNum :value="queue"/></dd></div>
      </dl>
      <p v-if="load && load.overloaded" class="card-load t-ask" data-overloaded><svg viewBox="0 0 16 16" class="shape" aria-hidden="true"><path d="M8 2.500L14 13H2zM8 6.500v3M8 11.300v.1"/></svg><span><b>overloaded</b>: {{ load.words }}<a v-if="load.relief" :href="words.agentHref(a.name) + '#load'" class="card-relief">{{ load.relief }}</a></span></p>
    </article>
  `,
};
