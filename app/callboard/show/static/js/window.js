// Long lists: only what is in the window is in the page; the page itself scrolls.
import { computed, nextTick, onBeforeUnmount, onMounted, ref, watch } from "vue";

const AROUND = 12;

// box: an element whose rows are all as high as its --row; rows: a ref of all. Gives which rows to draw, and the room above and below.
export function useWindow(box, rows, loose = () => false) {
  const first = ref(0);
  const count = ref(60);
  const height = ref(40);
  let frame = 0;
  function look() {
    frame = 0;
    const el = box.value;
    if (!el) return;
    height.value = parseFloat(getComputedStyle(el).getPropertyValue("--row")) || 40;
    const top = el.getBoundingClientRect().top;
    first.value = Math.max(0, Math.floor(-top / height.value) - AROUND);
    count.value = Math.ceil(innerHeight / height.value) + 2 * AROUND;
  }
  const soon = () => (frame ||= requestAnimationFrame(look));
  onMounted(() => {
    addEventListener("scroll", soon, { passive: true });
    addEventListener("resize", soon);
    look();
  });
  watch(rows, () => nextTick(soon));
  watch(box, soon, { flush: "post" });
  onBeforeUnmount(() => {
    removeEventListener("scroll", soon);
    removeEventListener("resize", soon);
    cancelAnimationFrame(frame);
  });
  const from = computed(() => (loose() ? 0 : Math.min(first.value, Math.max(0, rows.value.length - count.value))));
  const shown = computed(() => (loose() ? rows.value : rows.value.slice(from.value, from.value + count.value)));
  const above = computed(() => from.value * height.value);
  const below = computed(() => (loose() ? 0 : Math.max(0, rows.value.length - from.value - shown.value.length) * height.value));
  function reach(n) {
    const el = box.value;
    if (el) scrollTo({ top: scrollY + el.getBoundingClientRect().top + n * height.value - innerHeight / 2 });
  }
  return { shown, above, below, height, look: soon, reach };
}
