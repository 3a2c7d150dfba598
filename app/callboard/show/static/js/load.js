// How loaded an agent is: what waits, why, for how long, and what would relieve it.
import { computed } from "vue";
import { act } from "callboard/live.js";
import { CbAct } from "callboard/parts.js";
import * as words from "callboard/words.js";

const SLOTS = 12;

export async function relieve(agent) {
  const wish = agent.load?.act;
  const path = `/agents/${words.segment(agent.name)}`;
  const title = agent.title || agent.name;
  if (wish?.kind === "concurrency") return act(`${path}/concurrency`, { limit: wish.limit }, `${title}: at most ${wish.limit} at once`);
  if (wish?.kind === "resume") return act(`${path}/resume`, {}, `${title} goes on`);
}

export const CbLoad = {
  components: { CbAct },
  props: { agent: Object, full: Boolean },
  emits: ["done"],
  setup(props, { emit }) {
    const load = computed(() => props.agent.load ?? { queue: 0, held: [], words: "", relief: "", overloaded: false, running: (props.agent.running ?? []).length, limit: props.agent.concurrency });
    const slots = computed(() => (load.value.limit && load.value.limit <= SLOTS ? Array.from({ length: Math.max(load.value.limit, load.value.running) }, (_, i) => i < load.value.running) : null));
    const later = computed(() => Math.max(0, (props.agent.waiting ?? 0) - load.value.queue));
    const part = (h) => `${Math.max(3, (h.tasks / Math.max(1, load.value.queue)) * 100)}%`;
    const go = async () => (await relieve(props.agent)) && emit("done");
    return { load, slots, later, part, go, words };
  },
  template: `
    <div class="load" :class="{over: load.overloaded}">
      <p class="load-head">
        <span class="load-slots" :title="load.limit ? load.running + ' of at most ' + load.limit + ' at once' : 'only the machine limits it'">
          <template v-if="slots"><i v-for="(on, i) in slots" :key="i" :class="{on}" aria-hidden="true"></i></template>
          <span class="num">{{ load.running }}<template v-if="load.limit"> of {{ load.limit }}</template> at work</span>
        </span>
        <span v-if="load.overloaded" class="load-mark t-ask"><svg viewBox="0 0 16 16" class="shape" aria-hidden="true"><path d="M8 2.500L14 13H2zM8 6.500v3M8 11.300v.1"/></svg>overloaded</span>
        <span v-if="load.queue" class="load-words">{{ load.words }}</span>
        <span v-else class="quiet">nothing waits for room</span>
        <span v-if="later" class="quiet">{{ words.plural(later, 'waits', 'wait') }} for other tasks</span>
      </p>
      <ul v-if="full && load.held.length" class="load-held">
        <li v-for="h in load.held" :key="h.reason">
          <span class="load-reason"><a v-if="words.culpritHref(h)" :href="words.culpritHref(h)">{{ h.words }} →</a><template v-else>{{ h.words }}</template></span>
          <span class="load-bar" aria-hidden="true"><i :style="{width: part(h)}"></i></span>
          <span class="num quiet">{{ words.plural(h.tasks, 'task') }}, {{ words.ticking(h.seconds) }}</span>
        </li>
      </ul>
      <p v-if="load.relief" class="load-relief"><span class="quiet">Would help:</span> {{ load.relief }} <CbAct v-if="load.act" small :run="go" data-relieve>Do it</CbAct></p>
      <p v-else-if="full && load.queue" class="load-relief quiet">No other limit, core, memory or lock alone would start one of them now.</p>
    </div>
  `,
};
