// The lines of source around a finding, as the code was in that run; asked for when they are opened.
import { onMounted, ref } from "vue";
import { get } from "callboard/live.js";

const kept = new Map();
const MOST_KEPT = 60;
const AROUND = 6;
const FURTHER = 24;

function ask(id, around) {
  const key = `${id} ${around}`;
  if (!kept.has(key)) {
    if (kept.size >= MOST_KEPT) kept.delete(kept.keys().next().value);
    kept.set(key, get(`/findings/${id}/source?around=${around}`).catch((problem) => (kept.delete(key), Promise.reject(problem))));
  }
  return kept.get(key);
}

export const CbSource = {
  props: { finding: String, around: { type: Number, default: AROUND } },
  setup(props) {
    const source = ref(null);
    const trouble = ref("");
    const wide = ref(false);
    async function load(around) {
      try {
        source.value = await ask(props.finding, around);
      } catch (problem) {
        trouble.value = problem.message;
      }
    }
    onMounted(() => load(props.around));
    const more = () => ((wide.value = true), load(FURTHER));
    const before = (line) => line.text.slice(0, Math.max(0, source.value.column - 1)).replace(/[^\t]/g, " ");
    return { source, trouble, wide, more, before };
  },
  template: `
    <div class="source" :aria-busy="!source && !trouble">
      <p v-if="trouble || source?.trouble" class="source-words">No source: {{ trouble || source.trouble }}.</p>
      <template v-else-if="source">
        <div class="source-lines" tabindex="0" role="region" :aria-label="source.path + ', line ' + source.line">
          <div class="source-room">
            <template v-for="l in source.lines" :key="l.number">
              <div class="source-line" :class="{here: l.here}" :data-source="l.number"><span class="source-number">{{ l.number }}</span><span class="source-text">{{ l.text }}</span></div>
              <div v-if="l.here && source.column > 0 && source.column <= l.text.length + 1" class="source-line caret" aria-hidden="true"><span class="source-number"></span><span class="source-text">{{ before(l) }}^</span></div>
            </template>
          </div>
        </div>
        <p class="source-words">
          <span>{{ source.path }}, {{ source.words }}<template v-if="source.veiled">; values that could be secrets are hidden</template></span>
          <button v-if="!wide && source.lines.length < source.total" type="button" class="link" @click="more">more lines</button>
        </p>
      </template>
      <p v-else class="source-words">Reading the file…</p>
    </div>
  `,
};
