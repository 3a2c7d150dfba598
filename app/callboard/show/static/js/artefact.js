// What an attempt kept: looked at here when that is safe, else taken away as a file.
import { computed, ref } from "vue";
import { CbDialog } from "callboard/dialog.js";
import * as words from "callboard/words.js";

const LONGEST = 200_000;
const LARGEST_IMAGE = 20_000_000;
const IMAGE = /\.(png|jpe?g|webp|gif)$/i;
const TEXT = /\.(txt|log|json|jsonl|sarif|xml|csv|tsv|md|diff|patch|ya?ml|toml|ini|cfg|conf|lock|py|js|ts|sql|sh|info|har)$/i;

const last = (name) => String(name).split("/").pop();
export const kindOf = (f) => (IMAGE.test(f.name) ? (f.size <= LARGEST_IMAGE ? "image" : "") : TEXT.test(f.name) ? "text" : "");

export const CbArtefacts = {
  components: { CbDialog },
  props: { files: Array },
  setup(props) {
    const open = ref(false);
    const shown = ref(null);
    const text = ref("");
    const note = ref("");
    async function look(f) {
      shown.value = f;
      text.value = note.value = "";
      open.value = true;
      if (kindOf(f) !== "text") return;
      try {
        const answer = await fetch(f.href, { credentials: "same-origin", headers: { Range: `bytes=0-${LONGEST - 1}` } });
        if (!answer.ok && answer.status !== 416) throw new Error(`the server answered ${answer.status}`);
        const body = answer.status === 416 ? "" : (await answer.text()).slice(0, LONGEST);
        const whole = f.size <= LONGEST;
        text.value = whole && /\.(json|sarif)$/i.test(f.name) ? pretty(body) : body;
        note.value = whole ? (body ? "" : "The file is empty.") : `The first ${words.bytes(LONGEST)} of ${words.bytes(f.size)}.`;
      } catch (problem) {
        note.value = `It cannot be shown: ${problem.message}.`;
      }
    }
    function pretty(body) {
      try {
        return JSON.stringify(JSON.parse(body), null, 2);
      } catch {
        return body;
      }
    }
    const several = computed(() => new Set(props.files.map((f) => f.attempt)).size > 1);
    return { open, shown, text, note, look, kindOf, last, several, words };
  },
  template: `
    <ul class="rows artefacts">
      <li v-for="f in files" :key="f.attempt + f.name" class="artefact">
        <template v-if="f.patch"><a class="name" :href="'/patches/' + f.id" data-main>patch {{ f.id }}: {{ f.name }}</a></template>
        <button v-else-if="kindOf(f)" type="button" class="name artefact-look" data-main aria-haspopup="dialog" @click="look(f)">{{ f.name }}</button>
        <span v-else class="name">{{ f.name }}</span>
        <span class="quiet num artefact-size">{{ words.bytes(f.size) }}<template v-if="f.format"> · {{ f.format }}</template><template v-if="several"> · attempt {{ f.attempt }}</template></span>
        <a v-if="!f.patch" class="link" :href="f.href" download :aria-label="'Download ' + f.name">download</a>
      </li>
    </ul>
    <CbDialog v-model:open="open" :title="shown ? last(shown.name) : ''" wide>
      <template v-if="shown">
        <img v-if="kindOf(shown) === 'image'" class="artefact-image" :src="shown.href" :alt="shown.name"/>
        <pre v-else-if="text" class="artefact-text" tabindex="0">{{ text }}</pre>
        <p v-if="note" class="quiet" role="status">{{ note }}</p>
      </template>
      <template #acts><a v-if="shown" class="button" :href="shown.href" download>Download</a><button type="button" class="button" data-first @click="open = false">Close</button></template>
    </CbDialog>
  `,
};
