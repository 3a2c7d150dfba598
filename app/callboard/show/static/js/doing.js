// One action, done now: a dialog with the form of its options. And the few words that a pause or a restart asks for.
import { computed, nextTick, ref, watch } from "vue";
import { CbDialog } from "callboard/dialog.js";
import { CbForm, errorsOf, optionWords } from "callboard/form.js";
import { act, newKey, send } from "callboard/live.js";
import { CbAct, CbCommand, CbState } from "callboard/parts.js";
import * as words from "callboard/words.js";

export const needsOf = (n) => [n?.cpus != null && `${words.cpus(n.cpus)} cpu`, n?.memory_mb != null && words.mebibytes(n.memory_mb), ...(n?.locks ?? []).map((l) => `lock ${l.name}${l.shared ? ", shared" : ""}`)].filter(Boolean);
export const effectsOf = (e) => (!e ? [] : [[].concat(e.writes ?? []).length ? `writes ${[].concat(e.writes).join(", ")}` : "changes no file", ...[].concat(e.environment ?? []).filter(Boolean).map((x) => `changes ${x}`), e.network && "uses the network", e.idempotent === false && "is not repeated without asking", e.pure && "judges by its files alone"].filter(Boolean));

const shell = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

// `action`: the row of an action, or null while closed. `folders`: what may be chosen. Leads to the run that it starts.
export const CbDo = {
  components: { CbAct, CbCommand, CbDialog, CbForm, CbState },
  props: { action: Object, folders: Array, untrusted: Boolean },
  emits: ["close"],
  setup(props, { emit }) {
    const open = ref(false);
    const form = ref(null);
    const values = ref({});
    const folder = ref("");
    const priority = ref("");
    const errors = ref({});
    const busy = ref(false);
    let key = newKey();
    watch(() => props.action, (now) => {
      open.value = now != null;
      if (!now) return;
      [values.value, errors.value, folder.value, priority.value, key] = [{}, {}, "", "", newKey()];
    }, { immediate: true });
    const hasFolder = computed(() => "folder" in (props.action?.options?.properties ?? {}));
    const command = computed(() => ["callboard do", props.action?.name ?? "", folder.value && `--folder ${shell(folder.value)}`, priority.value && `--priority ${priority.value}`, ...optionWords(values.value, props.action?.options)].filter(Boolean).join(" "));
    async function start() {
      const options = form.value?.typed() ?? null;
      if (!options || busy.value || props.untrusted) return;
      busy.value = true;
      errors.value = {};
      try {
        const done = await send(`/actions/${words.segment(props.action.name)}/run`, { options, folder: folder.value.trim(), priority: priority.value || null }, { "Idempotency-Key": key });
        location.href = `/runs/${done.run}`;
        await new Promise((r) => setTimeout(r, 3000));
      } catch (problem) {
        key = newKey();
        errors.value = /folder/.test(problem.message) && hasFolder.value && !/option '/.test(problem.message) ? { "": problem.message } : errorsOf(problem.message, props.action.options);
        nextTick(() => document.querySelector(".do-form .wrong input, .do-form .wrong textarea, .do-form .wrong select")?.focus());
      }
      busy.value = false;
    }
    const typed = (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && (event.preventDefault(), start());
    const closed = () => emit("close");
    return { open, form, values, folder, priority, errors, busy, hasFolder, command, start, typed, closed, needsOf, effectsOf, words };
  },
  template: `
    <CbDialog v-model:open="open" :title="action ? action.title || action.name : ''" wide @closed="closed">
      <div v-if="action" class="stack do-form" @keydown="typed">
        <p class="reason">{{ action.summary }}</p>
        <p v-if="action.ready === false || action.ready === null" class="trouble" :class="{ask: action.ready === null}">{{ action.ready_words }}</p>
        <p v-if="action.undo || action.asks" class="tags">
          <span v-if="action.asks" class="tag t-ask">may ask: {{ action.asks }}</span>
          <span v-if="action.undo" class="tag">undone by {{ action.undo }} if it fails</span>
        </p>
        <div class="form-grid">
          <div v-if="hasFolder" class="form-field" data-field="folder">
            <label class="form-name" for="do-folder">folder</label>
            <input id="do-folder" type="text" v-model="folder" list="do-folders" placeholder="the whole workspace" autocomplete="off" spellcheck="false" data-first/>
            <datalist id="do-folders"><option v-for="f in folders || []" :key="f" :value="f"/></datalist>
            <p class="form-help">{{ action.options.properties.folder.description }}</p>
          </div>
          <div class="form-field">
            <label class="form-name" for="do-priority">priority</label>
            <select id="do-priority" v-model="priority">
              <option value="">medium (default)</option>
              <option v-for="p in ['critical', 'high', 'medium', 'low']" :key="p" :value="p">{{ p }}</option>
            </select>
          </div>
        </div>
        <CbForm ref="form" :schema="action.options" v-model="values" :errors="errors" :leave="['folder']" empty="It has no further options."/>
        <div><p class="quiet">The same at the terminal:</p><CbCommand :text="command"/></div>
      </div>
      <template #acts>
        <span v-if="untrusted" class="quiet">This workspace is not trusted yet: start Callboard with --trust.</span>
        <button type="button" class="button" @click="open = false">Cancel</button>
        <button type="button" class="button primary" :class="{busy}" :aria-busy="busy" :disabled="untrusted" data-do @click="start">Start it</button>
      </template>
    </CbDialog>
  `,
};

// Asks for a reason before something is done to an agent. `wish`: {path, title, text, yes, danger, done} or null.
export const CbReason = {
  components: { CbDialog },
  props: { wish: Object },
  emits: ["close", "done"],
  setup(props, { emit }) {
    const open = ref(false);
    const reason = ref("");
    const busy = ref(false);
    watch(() => props.wish, (now) => ((open.value = now != null), (reason.value = "")), { immediate: true });
    async function go() {
      if (busy.value) return;
      busy.value = true;
      const done = await act(props.wish.path, { reason: reason.value.trim() }, props.wish.done);
      busy.value = false;
      if (!done) return;
      open.value = false;
      emit("done");
    }
    const typed = (event) => event.key === "Enter" && !event.shiftKey && !event.isComposing && (event.preventDefault(), go());
    return { open, reason, busy, go, typed };
  },
  template: `
    <CbDialog v-model:open="open" :title="wish?.title || ''" :danger="wish?.danger" @closed="$emit('close')">
      <div class="stack" @keydown="typed">
        <p class="reason">{{ wish?.text }}</p>
        <label class="form-field"><span class="form-name">Why?</span>
          <textarea v-model="reason" rows="2" maxlength="1000" data-first placeholder="in one sentence, for the others"></textarea>
        </label>
      </div>
      <template #acts>
        <button type="button" class="button" @click="open = false">Cancel</button>
        <button type="button" class="button" :class="[wish?.danger ? 'danger solid' : 'primary', {busy}]" data-yes @click="go">{{ wish?.yes }}</button>
      </template>
    </CbDialog>
  `,
};
