// The roadmap: four layers of changes, how far, until when and what keeps them; order, checks, milestones, burn-up.
import { computed, reactive, ref } from "vue";
import { useCommands, useList } from "callboard/commands.js";
import { CbFrame, useTitle } from "callboard/frame.js";
import { act } from "callboard/live.js";
import { PARTS, useTabs } from "callboard/parts.js";
import { CbLayerMark, LAYERS, NARROW, placeChange, useFilters, useFolds, useRoadmap } from "callboard/roadmap.js";
import { CbRoadChecks } from "callboard/roadmap_checks.js";
import { CbRoadBegin, CbRoadHead } from "callboard/roadmap_head.js";
import { CbLift, useLift } from "callboard/roadmap_lift.js";
import { CbOrder } from "callboard/roadmap_order.js";
import { CbPlacing, placings } from "callboard/roadmap_place.js";
import { CbLayers } from "callboard/roadmap_rows.js";
import { CbBurnup, CbMilestones } from "callboard/roadmap_side.js";
import * as words from "callboard/words.js";

export default {
  components: { CbBurnup, CbFrame, CbLayerMark, CbLayers, CbLift, CbMilestones, CbOrder, CbPlacing, CbRoadBegin, CbRoadChecks, CbRoadHead, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const frame = JSON.parse(props.meta);
    const { map, soon } = useRoadmap(JSON.parse(props.first), "/roadmap");
    const changes = computed(() => map.value.changes);
    const filters = useFilters(changes);
    const folds = useFolds(filters.on);
    const titles = computed(() => new Map(changes.value.map((c) => [c.id, c.title])));
    const milestones = computed(() => new Map(map.value.milestones.map((m) => [m.name, m.title || m.name])));
    const checks = computed(() => [...map.value.trouble, ...map.value.checks]);
    const { tab, choose, href } = useTabs(["layers", "order", "checks"], "layers");
    const tabs = computed(() => [{ name: "layers", title: "Layers", count: words.count(changes.value.length) }, { name: "order", title: "Order" }, { name: "checks", title: "Checks", count: words.count(checks.value.length) }]);
    const placing = reactive({ change: null });

    const count = (layer) => map.value.layers.find((row) => row.layer === layer)?.changes ?? 0;
    const lift = useLift({
      name: (c) => c.title,
      places: (c) => LAYERS.map((layer) => ({ name: layer, title: layer, note: `${words.plural(count(layer), "change")} there`, why: layer === c.layer ? "it is there already" : "" })),
      drop: (c, layer) => placeChange(c, { layer }, `${c.title} is in ${layer} now`, soon),
    });
    const rowsOf = (layer) => changes.value.filter((c) => c.layer === layer);
    const items = (c) => placings(c, rowsOf(c.layer), { soon, lift, after: () => (placing.change = c) });
    const deed = (c, id) => items(c).find((item) => item.id === id)?.run();
    const refresh = async () => {
      const told = await act("/roadmap/refresh", {}, "Read anew.");
      if (told) map.value = told;
    };

    const focused = () => changes.value.find((c) => c.id === document.activeElement?.closest?.("[data-change]")?.dataset.change);
    const withRow = (run) => () => (focused() ? run(focused()) : null);
    const narrow = (f) => ({ id: `road.${f.name}`, title: `${filters.wants[f.name] ? "Show all again, not only" : "Show only"}: ${f.title}`, run: () => (filters.wants[f.name] = !filters.wants[f.name]) });
    useList("#main .road-row, #main .order-node, #main .road-check");
    useCommands(
      () => [
        { id: "road.layers", title: "Show the layers", keys: "1", run: () => choose("layers") },
        { id: "road.order", title: "Show what comes after what", keys: "2", run: () => choose("order") },
        { id: "road.checks", title: "Show the checks", keys: "3", run: () => choose("checks") },
        { id: "road.move", title: "Move the change to another layer", keys: "m", run: withRow((c) => lift.pick(c, "keys")), when: () => !!focused() },
        { id: "road.lift", title: "Pick the change up", keys: "space", hidden: true, run: withRow((c) => lift.pick(c, "keys")), when: () => document.activeElement?.matches?.(".road-row") },
        { id: "road.earlier", title: "Earlier in its layer", keys: "[", run: withRow((c) => deed(c, "earlier")), when: () => !!focused() },
        { id: "road.later", title: "Later in its layer", keys: "]", run: withRow((c) => deed(c, "later")), when: () => !!focused() },
        { id: "road.after", title: "Say what the change comes after", run: withRow((c) => (placing.change = c)), when: () => !!focused() },
        ...LAYERS.map((layer) => ({ id: `road.fold.${layer}`, title: `${folds.closed(layer) ? "Open" : "Fold"} the layer ${layer}`, run: () => folds.fold(layer), when: () => count(layer) > 0 })),
        { id: "road.fold", title: "Fold all layers", keys: "shift+f", run: () => folds.all(true) },
        { id: "road.unfold", title: "Open all layers", keys: "shift+o", run: () => folds.all(false) },
        ...NARROW.map(narrow),
        { id: "road.clear", title: "Take all filters off", run: filters.clear, when: () => filters.on.value },
        { id: "road.refresh", title: "Read the files of the roadmap anew", keys: "shift+r", run: refresh },
        ...changes.value.slice(0, 400).map((c) => ({ id: `road.to.${c.id}`, title: `Open ${c.title}`, group: "Changes", href: c.href })),
      ],
      "Roadmap",
    );
    useTitle(() => "Roadmap – Callboard");
    const hits = (f) => changes.value.filter(f.fits).length;
    return { frame, map, changes, filters, folds, titles, milestones, checks, tab, choose, href, tabs, placing, lift, items, refresh, soon, hits, NARROW, LAYERS, words };
  },
  template: `
    <CbFrame :meta="frame" here="/roadmap">
      <CbRoadHead :map="map" :titles="titles" :refresh="refresh"/>
      <p v-if="map.trouble_of_config" class="trouble" role="alert" data-config-trouble>{{ map.trouble_of_config }}. Until that is mended, layers, milestones and ticking are as if nothing were written down.</p>
      <CbRoadBegin v-if="!map.there || (!changes.length && !map.trouble.length)" :map="map"/>
      <div v-else class="two road-page">
        <div class="stack road-main">
          <CbTabs :names="tabs" :tab="tab" :choose="choose" :href="href"/>
          <div id="panel" role="tabpanel" :aria-labelledby="'tab-' + tab">
            <template v-if="tab === 'layers'">
              <div class="tools road-tools">
                <input type="search" data-search v-model="filters.wants.q" placeholder="Filter changes  /" aria-label="Filter changes"/>
                <select v-model="filters.wants.layer" aria-label="Layer"><option value="">every layer</option><option v-for="l in LAYERS" :key="l" :value="l">{{ l }}</option></select>
                <select v-if="filters.who.value.length" v-model="filters.wants.who" aria-label="Owner or agent"><option value="">everybody</option><option v-for="name in filters.who.value" :key="name" :value="name">{{ name }}</option></select>
                <span class="chips" role="group" aria-label="Show only">
                  <button v-for="f in NARROW" :key="f.name" type="button" class="chip" :aria-pressed="filters.wants[f.name]" :data-only="f.name" @click="filters.wants[f.name] = !filters.wants[f.name]">{{ f.title }} <span class="num">{{ hits(f) }}</span></button>
                </span>
                <button v-if="filters.on.value" type="button" class="link" @click="filters.clear">clear</button>
              </div>
              <CbLayers :layers="map.layers" :changes="filters.shown.value" :filtering="filters.on.value" :folds="folds" :lift="lift" :items="items" :milestones="milestones" :known="map.pace.words">
                <CbEmpty v-if="filters.on.value && !filters.shown.value.length" title="No change matches">Nothing fits these filters. <button type="button" class="link" @click="filters.clear">Show all {{ words.count(changes.length) }}</button></CbEmpty>
              </CbLayers>
            </template>
            <CbOrder v-else-if="tab === 'order'" :changes="changes" :path="map.path"/>
            <CbRoadChecks v-else :checks="checks"/>
          </div>
        </div>
        <aside class="stack road-side" aria-label="Beside">
          <CbMilestones :stones="map.milestones" :titles="titles" :known="map.pace.words"/>
          <CbBurnup :points="map.burnup" :pace="map.pace" :calibration="map.calibration"/>
        </aside>
      </div>
      <CbLift :lift="lift" title="Move to a layer:"><template #mark="{ place }"><CbLayerMark :layer="place.name"/></template></CbLift>
      <CbPlacing :change="placing.change" :changes="changes" :soon="soon" @closed="placing.change = null"/>
    </CbFrame>
  `,
};
