// Dialogs: the browser's own element, so that focus stays inside, goes back where it was, and Esc closes.
import { nextTick, onBeforeUnmount, ref, shallowRef, watch } from "vue";

let named = 0;

export const CbDialog = {
  props: { title: String, open: Boolean, danger: Boolean, wide: Boolean, bare: Boolean },
  emits: ["update:open", "closed"],
  setup(props, { emit }) {
    const box = ref(null);
    const id = `dialog-${++named}`;
    let from = null;
    let pressed = null;
    async function sync() {
      if (props.open) {
        from = document.activeElement;
        await nextTick();
        if (!box.value || box.value.open) return;
        box.value.showModal();
        const first = box.value.querySelector("[autofocus], [data-first]");
        first?.focus();
        first?.select?.();
      } else if (box.value?.open) box.value.close();
    }
    watch(() => props.open, sync, { immediate: true, flush: "post" });
    onBeforeUnmount(() => box.value?.open && box.value.close());
    function closed() {
      emit("update:open", false);
      emit("closed");
      if (from?.isConnected) from.focus({ preventScroll: true });
      from = null;
    }
    // A press that begins and ends beside the dialog closes it; one that was dragged out of a field does not.
    const down = (event) => (pressed = event.target);
    const click = (event) => event.target === box.value && pressed === box.value && box.value.close();
    return { box, id, closed, down, click, close: () => box.value?.close() };
  },
  template: `
    <dialog ref="box" class="dialog" :class="{danger, wide, bare}" :aria-labelledby="id" @close="closed" @mousedown="down" @click="click">
      <div v-if="open" class="dialog-inner">
        <header class="dialog-head" :class="{sr: bare}">
          <h2 :id="id">{{ title }}</h2>
          <button v-if="!bare" type="button" class="icon" aria-label="Close" @click="close"><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M4 4l8 8M12 4l-8 8"/></svg></button>
        </header>
        <div class="dialog-body"><slot/></div>
        <footer v-if="$slots.acts" class="dialog-acts"><slot name="acts"/></footer>
      </div>
    </dialog>
  `,
};

const question = shallowRef(null);

// Asks before something that cannot be taken back: true for yes. `text` may have several lines.
export function ask({ title, text = "", yes = "Yes", no = "Cancel", danger = false }) {
  question.value?.answer(false);
  return new Promise((resolve) => (question.value = { title, text, yes, no, danger, answer: resolve }));
}

// Stands once in the frame and shows what `ask` asks.
export const CbAsk = {
  components: { CbDialog },
  setup() {
    const open = ref(false);
    watch(question, (now) => (open.value = now != null));
    function end(answer) {
      const asked = question.value;
      question.value = null;
      asked?.answer(answer);
    }
    return { question, open, end };
  },
  template: `
    <CbDialog v-model:open="open" :title="question?.title || ''" :danger="question?.danger" @closed="end(false)">
      <p class="dialog-text">{{ question?.text }}</p>
      <template #acts>
        <button type="button" class="button" @click="end(false)">{{ question?.no }}</button>
        <button type="button" class="button" :class="question?.danger ? 'danger solid' : 'primary'" data-first @click="end(true)">{{ question?.yes }}</button>
      </template>
    </CbDialog>
  `,
};
