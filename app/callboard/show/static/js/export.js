// A small menu that gives files: a table as CSV or JSON, narrowed as the page is; and whatever else a page has to give.
import { computed, nextTick, onBeforeUnmount, onMounted, ref } from "vue";
import { useCommands } from "callboard/commands.js";

const ROOM = innerWidth > 640 ? 300 : 160;
let named = 0;

// The address of a table as a file; what is null or empty does not narrow it.
export function tableHref(table, form, query = {}) {
  const told = Object.entries(query).filter(([, value]) => value != null && value !== "");
  const words = new URLSearchParams(told.map(([name, value]) => [name, String(value).toWellFormed?.() ?? String(value)])).toString();
  return `/api/v1/export/${table}.${form}${words ? `?${words}` : ""}`;
}

// table, query: what is taken away, such as "findings" and {run: 12}. what: its name for people; rows: what its rows are called beside other files. files: [{id, title, href, note}] that come first.
export const CbExport = {
  props: { table: String, query: Object, what: String, rows: String, files: { type: Array, default: () => [] }, label: { type: String, default: "Export" }, big: Boolean },
  setup(props) {
    const open = ref(false);
    const box = ref(null);
    const opener = ref(null);
    const left = ref(false); // where there is no room to its left the menu begins where its button does
    const id = `export-${++named}`;
    const name = computed(() => props.what ?? props.table ?? "this");
    // Beside other files it has to be said which rows are meant.
    const lead = computed(() => (props.files.length && props.table ? `${props.rows ?? props.table[0].toUpperCase() + props.table.slice(1)} as ` : ""));
    const items = computed(() => [
      ...props.files,
      ...(props.table
        ? [
            { id: "csv", title: `${lead.value}CSV`, note: "one line a row", href: tableHref(props.table, "csv", props.query) },
            { id: "excel", title: `${lead.value}CSV for Excel`, note: "marked as UTF-8", href: tableHref(props.table, "csv", { ...props.query, bom: 1 }) },
            { id: "json", title: `${lead.value}JSON`, note: "rows as the API has them", href: tableHref(props.table, "json", props.query) },
          ]
        : []),
    ]);
    const links = () => [...box.value.querySelectorAll("[role=menuitem]")];
    async function show(last = false) {
      left.value = opener.value.getBoundingClientRect().right < ROOM;
      open.value = true;
      await nextTick();
      links().at(last ? -1 : 0)?.focus();
    }
    function hide(back = true) {
      if (!open.value) return;
      open.value = false;
      if (back) opener.value?.focus();
    }
    function openKey(event) {
      if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
      event.preventDefault();
      show(event.key === "ArrowUp");
    }
    function menuKey(event) {
      const all = links();
      const at = all.indexOf(document.activeElement);
      const next = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
      if (next != null) event.preventDefault(), all[next % all.length].focus();
      else if (event.key === "Escape") event.preventDefault(), event.stopPropagation(), hide();
      else if (event.key === "Tab") hide(false);
      else if (event.key === " ") event.preventDefault(), document.activeElement.click();
      else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) {
        const begins = (link) => link.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase());
        const found = [...all.slice(at + 1), ...all.slice(0, at + 1)].find(begins);
        event.preventDefault();
        event.stopPropagation(); // a letter walks the menu; it is no command of the page
        found?.focus();
      }
    }
    const away = (event) => open.value && !box.value?.contains(event.target) && hide(false);
    onMounted(() => document.addEventListener("pointerdown", away));
    onBeforeUnmount(() => document.removeEventListener("pointerdown", away));
    // The palette gives the same files.
    useCommands(
      () => items.value.map((item) => ({ id: `${id}.${item.id}`, title: `Export ${name.value}: ${item.title}`, run: () => take(item) })),
      "Export",
    );
    function take(item) {
      const link = document.createElement("a");
      Object.assign(link, { href: item.href, download: "" });
      link.click();
    }
    return { open, box, opener, left, id, name, items, show, hide, openKey, menuKey };
  },
  template: `
    <span class="export" ref="box">
      <button ref="opener" type="button" class="button" :class="{small: !big}" aria-haspopup="menu" :aria-expanded="open" :aria-controls="open ? id : undefined" :aria-label="label + ': ' + name" @click="open ? hide() : show()" @keydown="openKey">
        {{ label }}<svg viewBox="0 0 10 6" class="export-arrow" aria-hidden="true"><path d="M1 1l4 4l4-4"/></svg>
      </button>
      <span v-if="open" class="export-menu" :class="{left}" role="menu" :id="id" :aria-label="label + ': ' + name" @keydown="menuKey">
        <a v-for="item in items" :key="item.id" role="menuitem" tabindex="-1" :href="item.href" download :data-export="item.id" @click="hide()">
          <span>{{ item.title }}</span><span v-if="item.note" class="quiet">{{ item.note }}</span>
        </a>
      </span>
    </span>
  `,
};
