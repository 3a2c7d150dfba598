// A list of actions that can be looked through and done: by words, by keyboard, each with what it takes and whether it can work here.
import { computed, ref } from "vue";
import { effectsOf, needsOf } from "callboard/doing.js";
import { CbEmpty, CbState } from "callboard/parts.js";
import * as words from "callboard/words.js";

export const CbActions = {
  components: { CbState, CbEmpty },
  props: { actions: Array, agents: Object, trouble: String },
  emits: ["do"],
  setup(props) {
    const text = ref("");
    const open = ref(new Set());
    const spoken = (x) => [x.name, x.title, x.summary, ...(x.provides ?? []), ...(x.tools ?? []), x.effects?.environment].join(" ").toLowerCase();
    const found = computed(() => {
      const asked = text.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
      return props.actions.filter((x) => asked.every((word) => spoken(x).includes(word)));
    });
    const toggle = (name) => {
      const now = new Set(open.value);
      now.has(name) ? now.delete(name) : now.add(name);
      open.value = now;
    };
    const options = (x) => Object.keys(x.options?.properties ?? {});
    const readiness = (x) => (x.ready === true ? ["succeeded", "can work here"] : x.ready === false ? ["error", x.ready_words] : x.ready === null ? ["unknown", x.ready_words] : null);
    return { text, open, found, toggle, options, readiness, needsOf, effectsOf, words };
  },
  template: `
    <div class="actions">
      <div v-if="actions.length > 5" class="actions-find">
        <input type="search" v-model="text" data-search placeholder="Find an action: name, word, tool" aria-label="Find an action"/>
        <span class="quiet num" aria-live="polite">{{ found.length === actions.length ? words.plural(actions.length, 'action') : found.length + ' of ' + actions.length }}</span>
      </div>
      <ul v-if="found.length" class="action-rows">
        <li v-for="x in found" :key="x.name" :data-action="x.name" class="action">
          <span class="action-ready"><CbState v-if="readiness(x)" :word="readiness(x)[0]" bare :title="readiness(x)[1]"/></span>
          <span class="action-what">
            <span class="name">{{ x.title || x.name }}</span> <code class="quiet">{{ x.name }}</code>
            <span class="reason action-summary">{{ x.summary }}</span>
            <span v-if="x.ready === false || x.ready === null" class="action-not" :class="x.ready === false ? 't-bad' : 't-odd'">{{ x.ready_words }}</span>
            <span v-if="open.has(x.name)" class="tags action-more">
              <span v-for="n in needsOf(x.needs)" :key="n" class="tag">{{ n }}</span>
              <span v-if="x.time_limit" class="tag">at most {{ words.duration(x.time_limit) }}</span>
              <span v-for="e in effectsOf(x.effects)" :key="e" class="tag">{{ e }}</span>
              <span v-for="t in x.tools || []" :key="t" class="tag mono">{{ t }}</span>
              <span v-for="p in x.provides || []" :key="p" class="tag">offers {{ p }}</span>
              <span v-if="x.undo" class="tag">undone by {{ x.undo }}</span>
              <span v-if="x.asks" class="tag">may ask: {{ x.asks }}</span>
              <span class="tag">{{ options(x).length ? words.plural(options(x).length, 'option') + ': ' + options(x).slice(0, 6).join(', ') + (options(x).length > 6 ? ', …' : '') : 'no options' }}</span>
            </span>
          </span>
          <span class="action-acts">
            <button type="button" class="link" :aria-expanded="open.has(x.name)" :aria-label="(open.has(x.name) ? 'Less' : 'More') + ' about ' + x.name" @click="toggle(x.name)">{{ open.has(x.name) ? 'less' : 'more' }}</button>
            <button type="button" class="button small" data-main aria-haspopup="dialog" :aria-label="'Do ' + x.name" @click="$emit('do', x)">Do…</button>
          </span>
        </li>
      </ul>
      <CbEmpty v-else :title="actions.length ? 'No action fits' : 'It offers no action'">{{ actions.length ? 'Try another word; names look like quality.tests.' : trouble ? 'Its package is broken, see above.' : 'An agent without actions does nothing.' }}</CbEmpty>
    </div>
  `,
};
