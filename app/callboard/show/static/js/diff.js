// Files that differ, with what was added and taken away; those that matter are open, the others folded.
import { computed, reactive } from "vue";
import * as words from "callboard/words.js";

const OPEN_LINES = 160; // so many lines of all files are open from the beginning
const OPEN_BESIDE = 40; // the same, where the files stand beside something else

export const CbDiffLines = {
  props: { lines: Array, label: { type: String, default: "lines that differ" } },
  template: `
    <div class="diff-lines" tabindex="0" role="region" :aria-label="label">
      <div class="diff-room">
        <div v-for="(l, i) in lines" :key="i" class="diff-line" :class="l.kind ? 'd-' + l.kind : ''">
          <span class="diff-number">{{ l.old ?? '' }}</span><span class="diff-number">{{ l.now ?? '' }}</span>
          <span class="diff-sign" aria-hidden="true">{{ l.kind === 'add' ? '+' : l.kind === 'del' ? '−' : '' }}</span>
          <span v-if="l.kind === 'add' || l.kind === 'del'" class="sr">{{ l.kind === 'add' ? 'added: ' : 'taken away: ' }}</span>
          <span class="diff-text">{{ l.text }}</span>
        </div>
      </div>
    </div>
  `,
};

// diff: {words, since, files, more}. small: beside something else, so less is open.
export const CbDiff = {
  components: { CbDiffLines },
  props: { diff: Object, small: Boolean },
  setup(props) {
    const toggled = reactive(new Map());
    const read = computed(() => props.diff.files.filter((f) => f.reads));
    const others = computed(() => props.diff.files.filter((f) => !f.reads));
    const first = computed(() => {
      let room = props.small ? OPEN_BESIDE : OPEN_LINES;
      return new Set(read.value.filter((f) => f.lines.length && (room -= f.lines.length) >= 0).map((f) => f.path));
    });
    const isOpen = (f) => toggled.get(f.path) ?? first.value.has(f.path);
    const turn = (f) => toggled.set(f.path, !isOpen(f));
    const folded = reactive({ on: true });
    return { read, others, isOpen, turn, folded, words };
  },
  template: `
    <div class="differ">
      <template v-for="(list, n) in [read, others]" :key="n">
        <button v-if="n && others.length && read.length" type="button" class="differ-rest link" :aria-expanded="!folded.on" @click="folded.on = !folded.on">{{ folded.on ? 'Show' : 'Hide' }} {{ words.plural(others.length, 'other file') }} that it does not read</button>
        <ul v-if="!n || !folded.on || !read.length" class="differ-files">
          <li v-for="f in list" :key="f.path" class="differ-file" :data-file="f.path">
            <button type="button" class="differ-head" :aria-expanded="isOpen(f)" :disabled="!f.lines.length && !f.left" @click="turn(f)">
              <svg viewBox="0 0 16 16" aria-hidden="true" class="differ-turn" :class="{open: isOpen(f)}"><path d="M6 4l4 4l-4 4"/></svg>
              <bdi class="differ-name">{{ f.path }}</bdi>
              <span v-if="f.loose" class="quiet">not committed</span>
              <span class="differ-sums num"><template v-if="f.added == null">binary</template><template v-else><b class="diff-plus">+{{ words.count(f.added) }}</b> <b class="diff-minus">−{{ words.count(f.removed) }}</b></template></span>
            </button>
            <CbDiffLines v-if="isOpen(f) && f.lines.length" :lines="f.lines"/>
            <p v-else-if="isOpen(f) && f.left" class="differ-left">{{ f.left }}</p>
          </li>
        </ul>
      </template>
      <p v-if="diff.more" class="differ-left">and {{ words.plural(diff.more, 'more file') }}</p>
    </div>
  `,
};
