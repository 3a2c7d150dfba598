// A button with a menu of things to do; arrows, Home, End and Esc work in it.
import { nextTick, onBeforeUnmount, onMounted, ref } from "vue";

const ROOM = 300;
let named = 0;

// items: [{id, title, note, run, href, danger}]
export const CbMenu = {
  props: { label: String, items: Array, tone: String, dots: Boolean }, // dots: three points instead of the words
  setup(props) {
    const open = ref(false);
    const busy = ref(false);
    const left = ref(false);
    const box = ref(null);
    const opener = ref(null);
    const id = `menu-${++named}`;
    const all = () => [...box.value.querySelectorAll("[role=menuitem]")];
    async function show(last = false) {
      left.value = opener.value.getBoundingClientRect().right < ROOM;
      open.value = true;
      await nextTick();
      all().at(last ? -1 : 0)?.focus();
    }
    function hide(back = true) {
      if (!open.value) return;
      open.value = false;
      if (back) opener.value?.focus();
    }
    async function choose(item) {
      hide();
      if (!item.run || busy.value) return;
      busy.value = true;
      try {
        await item.run();
      } finally {
        busy.value = false;
      }
    }
    function openKey(event) {
      if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
      event.preventDefault();
      show(event.key === "ArrowUp");
    }
    function key(event) {
      const links = all();
      const at = links.indexOf(document.activeElement);
      const next = { ArrowDown: at + 1, ArrowUp: at - 1 + links.length, Home: 0, End: links.length - 1 }[event.key];
      if (next != null) event.preventDefault(), links[next % links.length].focus();
      else if (event.key === "Escape") event.preventDefault(), event.stopPropagation(), hide();
      else if (event.key === "Tab") hide(false);
      else if (event.key.length === 1 && event.key !== " ") event.stopPropagation();
    }
    const away = (event) => open.value && !box.value?.contains(event.target) && hide(false);
    onMounted(() => document.addEventListener("pointerdown", away));
    onBeforeUnmount(() => document.removeEventListener("pointerdown", away));
    return { open, busy, left, box, opener, id, show, hide, choose, openKey, key };
  },
  template: `
    <span class="menu" :class="{small: dots}" ref="box">
      <button ref="opener" type="button" :class="[dots ? 'icon' : 'button', tone, {busy}]" :aria-label="dots ? label : undefined" aria-haspopup="menu" :aria-expanded="open" :aria-controls="open ? id : undefined" :aria-busy="busy" @click="open ? hide() : show()" @keydown="openKey">
        <svg v-if="dots" viewBox="0 0 16 16" aria-hidden="true"><path d="M3.500 8h.1M8 8h.1M12.500 8h.1" class="dots"/></svg>
        <template v-else>{{ label }}<svg viewBox="0 0 10 6" class="menu-arrow" aria-hidden="true"><path d="M1 1l4 4l4-4"/></svg></template>
      </button>
      <span v-if="open" class="menu-items" :class="{left}" role="menu" :id="id" :aria-label="label" @keydown="key">
        <component v-for="item in items" :key="item.id" :is="item.href ? 'a' : 'button'" :type="item.href ? undefined : 'button'" role="menuitem" tabindex="-1" :href="item.href" :class="{danger: item.danger}" :data-act="item.id" @click="choose(item)">
          <span>{{ item.title }}</span><span v-if="item.note" class="quiet">{{ item.note }}</span>
        </component>
      </span>
    </span>
  `,
};
