// The form of an action's options, made from its JSON schema: what is left as it is, is not sent.
import { computed, inject, nextTick, provide, reactive, ref, watch } from "vue";

const SECRET = /(^|_)(password|passwd|secret|token|api_?key|private_?key|credentials?)($|_)/i;
const LONG_NAMES = new Set(["reason", "note", "notes", "text", "message", "body", "description", "override", "comment"]);
const LONG = 160; // characters; a text that may be longer gets an area
const WIDE = new Set(["long", "lines", "several", "pairs", "nested", "json"]); // these have a row of their own, after the short ones
const TEXT = new Set(["string", "integer", "number"]);
let forms = 0;

// A part of a schema without references and without its 'or null', and whether nothing is an answer.
export function plainEntry(entry, root) {
  let found = entry ?? {};
  for (let depth = 0; found.$ref && depth < 8; depth++) {
    const { $ref, ...own } = found;
    found = { ...String($ref).split("/").slice(1).reduce((at, part) => at?.[part], root), ...own };
  }
  const kinds = (found.anyOf ?? found.oneOf ?? []).map((k) => plainEntry(k, root)).filter((k) => k.type !== "null");
  const among = found.anyOf ?? found.oneOf;
  if (among && kinds.length === 1) return { ...found, ...kinds[0], description: found.description ?? kinds[0].description, default: found.default, anyOf: undefined, oneOf: undefined, nullable: true };
  if (Array.isArray(found.type)) {
    const types = found.type.filter((t) => t !== "null");
    if (types.length === 1) return { ...found, type: types[0], nullable: true };
  }
  if (found.const !== undefined) return { ...found, enum: [found.const] };
  return found;
}

// How a part of a schema is asked for.
export function kindOf(entry, name = "") {
  if (Array.isArray(entry.enum)) return "choice";
  if (entry.type === "boolean") return "yesno";
  if (entry.type === "integer" || entry.type === "number") return "number";
  if (entry.type === "string") {
    if (isSecret(entry, name)) return "secret";
    return LONG_NAMES.has(name) || (entry.maxLength ?? 0) > LONG || /multiline|textarea|markdown/.test(entry.format ?? "") ? "long" : "text";
  }
  const items = entry.items ?? {};
  if (entry.type === "array" && Array.isArray(items.enum)) return "several";
  if (entry.type === "array" && TEXT.has(items.type ?? "string") && !items.$ref && !items.anyOf) return "lines";
  if (entry.type === "object" && entry.properties) return "nested";
  if (entry.type === "object" && TEXT.has(entry.additionalProperties?.type)) return "pairs";
  return "json";
}
export const isSecret = (entry, name) => entry?.type === "string" && (entry.writeOnly === true || entry.format === "password" || SECRET.test(name));

export const fieldsOf = (schema, leave = []) => {
  const required = new Set(schema?.required ?? []);
  return Object.entries(schema?.properties ?? {}).filter(([name]) => !leave.includes(name)).map(([name, raw]) => {
    const entry = plainEntry(raw, schema);
    return { name, entry, kind: kindOf(entry, name), required: required.has(name) && entry.default === undefined };
  }).sort((a, b) => b.required - a.required || WIDE.has(a.kind) - WIDE.has(b.kind));
};

// The server's words about an option go beside its field; what names no field is said above the form under "".
export function errorsOf(message, schema) {
  const named = /option '([^']+)'/.exec(message ?? "")?.[1];
  return message ? { [named && schema?.properties && named in schema.properties ? named : ""]: message } : {};
}

// `-o key=value` as a terminal takes it; a secret is not repeated.
const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
export function optionWords(values, schema, prefix = "") {
  const place = (name) => Object.keys(schema?.properties ?? {}).indexOf(name);
  const entries = Object.entries(values ?? {}).sort(([a], [b]) => place(a) - place(b));
  const said = (v) => (typeof v === "string" ? v : Array.isArray(v) && v.length && v.every((x) => typeof x === "string" && x && !/[,[\s]/.test(x)) ? v.join(",") : JSON.stringify(v));
  return entries.map(([name, v]) => `-o ${isSecret(plainEntry(schema?.properties?.[name], schema), name) ? `${prefix}${name}=…` : quoted(`${prefix}${name}=${said(v)}`)}`);
}

const wordsFor = (name) => name.replaceAll("_", " ");
const shownDefault = (entry) => {
  const v = entry.default;
  if (v === undefined || v === null || v === "" || (typeof v === "object" && !Object.keys(v).length)) return "";
  return typeof v === "string" ? v : Array.isArray(v) && v.every((x) => typeof x === "string") ? v.join(", ") : JSON.stringify(v);
};

// A text as the number that the schema asks for, or what is wrong with it, as the server would say it.
function asNumber(text, entry) {
  const value = Number(text.trim().replace(",", "."));
  if (!text.trim() || !Number.isFinite(value)) return { wrong: `'${text.trim()}' is no number` };
  if (entry.type === "integer" && !Number.isInteger(value)) return { wrong: `${value} must be a whole number` };
  if (entry.minimum != null && value < entry.minimum) return { wrong: `${value} is too little; its minimum is ${entry.minimum}` };
  if (entry.maximum != null && value > entry.maximum) return { wrong: `${value} is too much; its maximum is ${entry.maximum}` };
  return { value };
}
const asItem = (text, entry) => (entry?.type === "integer" || entry?.type === "number" ? asNumber(text, entry) : { value: text });

// What stands in the field, as the value that is sent: undefined for 'left as it is'.
function read(field, draft) {
  const { kind, entry } = field;
  if (kind === "number") return draft.trim() ? asNumber(draft, entry) : {};
  if (kind === "lines") {
    const items = draft.split("\n").map((line) => line.trim()).filter(Boolean).map((line) => asItem(line, entry.items));
    const wrong = items.find((item) => item.wrong);
    return wrong ?? (items.length ? { value: items.map((item) => item.value) } : {});
  }
  if (kind === "json") {
    if (!draft.trim()) return {};
    try {
      return { value: JSON.parse(draft) };
    } catch (fault) {
      return { wrong: `This is no JSON: ${fault.message}` };
    }
  }
  if (kind === "pairs") {
    const rows = draft.filter((row) => row.key.trim() || row.value.trim());
    const doubled = rows.find((row, i) => rows.findIndex((other) => other.key.trim() === row.key.trim()) !== i);
    if (rows.some((row) => !row.key.trim())) return { wrong: "A value has no name" };
    if (doubled) return { wrong: `'${doubled.key.trim()}' is there twice` };
    const items = rows.map((row) => [row.key.trim(), asItem(row.value, entry.additionalProperties)]);
    const wrong = items.find(([, item]) => item.wrong);
    return wrong ? { wrong: `${wrong[0]}: ${wrong[1].wrong}` } : rows.length ? { value: Object.fromEntries(items.map(([key, item]) => [key, item.value])) } : {};
  }
  if (kind === "text" || kind === "long" || kind === "secret") {
    if (draft === "") return {};
    if (entry.minLength && draft.length < entry.minLength) return { wrong: `It needs at least ${entry.minLength} characters` };
    if (entry.maxLength && draft.length > entry.maxLength) return { wrong: `It has ${draft.length} characters; at most ${entry.maxLength} are allowed` };
    return { value: draft };
  }
  return { value: draft };
}
function drafted(kind, value) {
  if (kind === "pairs") return Object.entries(value ?? {}).map(([key, v]) => ({ key, value: typeof v === "string" ? v : JSON.stringify(v) }));
  if (value === undefined || value === null) return kind === "nested" ? {} : "";
  if (kind === "lines") return value.join("\n");
  if (kind === "json") return JSON.stringify(value, null, 2);
  return kind === "number" ? String(value) : value;
}

const CbFormField = {
  name: "CbFormField",
  props: { field: Object, value: {}, error: String, path: String, root: Object },
  emits: ["set"],
  setup(props, { emit }) {
    const form = inject("cbForm");
    const id = computed(() => `${form.id}-${props.path}`);
    const draft = ref(drafted(props.field.kind, props.value));
    const touched = ref(false);
    let sent = props.value;
    watch(() => props.value, (now) => {
      if (JSON.stringify(now) !== JSON.stringify(sent)) (draft.value = drafted(props.field.kind, now)), (sent = now), delete form.wrong[props.path];
    });
    const { entry, kind, required } = props.field;
    const fallback = shownDefault(entry);
    function take(next) {
      draft.value = next;
      const { value, wrong } = read(props.field, next);
      if (wrong) form.wrong[props.path] = wrong;
      else delete form.wrong[props.path];
      delete form.said[props.path];
      sent = wrong ? undefined : value;
      emit("set", sent);
    }
    const choose = (at) => {
      sent = at === "" ? undefined : entry.enum[Number(at)];
      emit("set", sent);
    };
    const chosen = computed(() => (props.value === undefined ? "" : String(entry.enum.findIndex((c) => JSON.stringify(c) === JSON.stringify(props.value)))));
    const on = computed(() => (props.value === undefined ? entry.default === true : props.value === true));
    const tick = (checked) => emit("set", (sent = checked === (entry.default === true) && !required ? undefined : checked));
    const has = (item) => (props.value ?? entry.default ?? []).includes(item);
    const pick = (item, checked) => {
      const now = entry.items.enum.filter((x) => (x === item ? checked : has(x)));
      emit("set", (sent = JSON.stringify(now) === JSON.stringify(entry.default ?? []) ? undefined : now));
    };
    function back() {
      draft.value = kind === "pairs" ? [] : "";
      delete form.wrong[props.path];
      delete form.said[props.path];
      emit("set", (sent = undefined));
      nextTick(() => document.getElementById(id.value)?.focus());
    }
    function step(event) {
      const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (!by || event.altKey || event.ctrlKey || event.metaKey) return;
      const now = Number(draft.value || entry.default || 0);
      if (!Number.isFinite(now)) return;
      event.preventDefault();
      const next = Math.min(entry.maximum ?? Infinity, Math.max(entry.minimum ?? -Infinity, now + by * (event.shiftKey ? 10 : 1)));
      take(String(Number(next.toFixed(6))));
    }
    const nested = computed(() => (kind === "nested" ? fieldsOf({ ...entry, $defs: props.root?.$defs }) : []));
    function setInner(name, value) {
      const next = { ...(props.value ?? {}) };
      if (value === undefined) delete next[name];
      else next[name] = value;
      emit("set", (sent = Object.keys(next).length ? next : undefined));
    }
    const addPair = () => {
      draft.value = [...draft.value, { key: "", value: "" }];
      nextTick(() => document.getElementById(`${id.value}-${draft.value.length - 1}-key`)?.focus());
    };
    const setPair = (at, part, text) => take(draft.value.map((row, i) => (i === at ? { ...row, [part]: text } : row)));
    const dropPair = (at) => take(draft.value.filter((_, i) => i !== at));
    const wrong = computed(() => {
      if (form.wrong[props.path] && (touched.value || form.pressed)) return form.wrong[props.path];
      if (form.pressed && required && props.value === undefined) return "It is needed";
      return form.said[props.path] ?? props.error ?? "";
    });
    const bounds = [entry.minimum != null && entry.maximum != null ? `${entry.minimum} to ${entry.maximum}` : entry.minimum != null ? `at least ${entry.minimum}` : entry.maximum != null ? `at most ${entry.maximum}` : "", kind === "lines" ? "one a line" : "", kind === "json" ? "as JSON" : ""].filter(Boolean).join(", ");
    const placeholder = kind === "secret" ? "" : fallback ? `${fallback}` : entry.nullable ? "nothing" : "";
    const notes = computed(() => [`${id.value}-help`, wrong.value && `${id.value}-error`].filter(Boolean).join(" "));
    const given = computed(() => props.value !== undefined || (typeof draft.value === "string" ? draft.value !== "" && kind !== "choice" && kind !== "yesno" : false));
    const rows = computed(() => (kind === "json" ? 5 : kind === "long" ? 3 : Math.min(8, Math.max(2, String(draft.value).split("\n").length + 1))));
    return { id, draft, take, choose, chosen, on, tick, has, pick, back, step, nested, setInner, addPair, setPair, dropPair, wrong, bounds, fallback, placeholder, notes, given, rows, touched, entry, kind, required, wordsFor };
  },
  template: `
    <fieldset v-if="kind === 'nested'" class="form-nested" :data-field="path">
      <legend>{{ wordsFor(field.name) }}</legend>
      <p v-if="entry.description" class="form-help">{{ entry.description }}</p>
      <div class="form-grid">
        <CbFormField v-for="f in nested" :key="f.name" :field="f" :path="path + '.' + f.name" :root="root" :value="value?.[f.name]" @set="setInner(f.name, $event)"/>
      </div>
    </fieldset>
    <div v-else class="form-field" :class="['f-' + kind, {wrong, given}]" :data-field="path" @focusout="touched = true">
      <div class="form-top">
        <component :is="kind === 'several' || kind === 'pairs' ? 'span' : 'label'" :for="kind === 'several' || kind === 'pairs' ? undefined : id" :id="id + '-name'" class="form-name" :title="field.name">{{ wordsFor(field.name) }}</component>
        <span v-if="required" class="form-required">needed</span>
        <button v-else-if="given" type="button" class="link form-back" :aria-label="'Leave ' + wordsFor(field.name) + ' as it is by default'" @click="back">default</button>
      </div>
      <select v-if="kind === 'choice'" :id="id" :value="chosen" :aria-invalid="!!wrong" :aria-describedby="notes" :required="required" @change="choose($event.target.value)">
        <option value="" :disabled="required">{{ required ? 'choose…' : fallback ? fallback + ' (default)' : 'as by default' }}</option>
        <option v-for="(c, i) in entry.enum" :key="i" :value="String(i)">{{ c === null ? 'nothing' : c === '' ? '(empty)' : c }}</option>
      </select>
      <span v-else-if="kind === 'yesno'" class="form-yesno">
        <input type="checkbox" :id="id" :checked="on" :aria-invalid="!!wrong" :aria-describedby="notes" @change="tick($event.target.checked)"/>
        <span aria-hidden="true">{{ on ? 'yes' : 'no' }}</span>
      </span>
      <span v-else-if="kind === 'several'" class="form-several" role="group" :aria-labelledby="id + '-name'" :aria-describedby="notes">
        <label v-for="c in entry.items.enum" :key="c"><input type="checkbox" :checked="has(c)" @change="pick(c, $event.target.checked)"/> {{ c }}</label>
      </span>
      <span v-else-if="kind === 'pairs'" class="form-pairs" role="group" :aria-labelledby="id + '-name'" :aria-describedby="notes">
        <span v-for="(row, i) in draft" :key="i" class="form-pair">
          <input type="text" :id="id + '-' + i + '-key'" :value="row.key" placeholder="name" :aria-label="'Name ' + (i + 1)" @input="setPair(i, 'key', $event.target.value)"/>
          <input type="text" :value="row.value" placeholder="value" :aria-label="'Value of ' + (row.key || 'name ' + (i + 1))" @input="setPair(i, 'value', $event.target.value)"/>
          <button type="button" class="icon" :aria-label="'Take out ' + (row.key || 'row ' + (i + 1))" @click="dropPair(i)">×</button>
        </span>
        <button type="button" class="link" :id="id" @click="addPair">Add one</button>
      </span>
      <textarea v-else-if="kind === 'long' || kind === 'lines' || kind === 'json'" :id="id" :class="{mono: kind === 'json'}" :rows="rows" :value="draft" :placeholder="placeholder" spellcheck="false" :aria-invalid="!!wrong" :aria-describedby="notes" :aria-required="required" @input="take($event.target.value)"></textarea>
      <input v-else :id="id" :type="kind === 'secret' ? 'password' : 'text'" :inputmode="kind === 'number' ? (entry.type === 'integer' ? 'numeric' : 'decimal') : undefined" :autocomplete="kind === 'secret' ? 'new-password' : 'off'" :value="draft" :placeholder="placeholder" spellcheck="false"
        :aria-invalid="!!wrong" :aria-describedby="notes" :aria-required="required" @input="take($event.target.value)" @keydown="kind === 'number' && step($event)"/>
      <p v-if="wrong" class="form-error" :id="id + '-error'" role="alert">{{ wrong }}</p>
      <p class="form-help" :id="id + '-help'">{{ entry.description }}<template v-if="bounds">{{ entry.description ? ' · ' : '' }}{{ bounds }}</template></p>
    </div>
  `,
};
CbFormField.components = { CbFormField };

// `modelValue` holds what differs from the defaults; `typed()` gives it, or null after the first wrong field was shown.
export const CbForm = {
  components: { CbFormField },
  props: { schema: Object, modelValue: Object, errors: Object, leave: { type: Array, default: () => [] }, empty: { type: String, default: "It has no options." } },
  emits: ["update:modelValue"],
  setup(props, { emit, expose }) {
    const form = reactive({ id: `form${++forms}`, wrong: {}, said: {}, pressed: false });
    provide("cbForm", form);
    const root = ref(null);
    const fields = computed(() => fieldsOf(props.schema, props.leave));
    watch(() => props.errors, (now) => (form.said = { ...(now ?? {}) }), { immediate: true });
    watch(() => props.schema, () => (form.wrong = {}));
    function set(name, value) {
      const next = { ...(props.modelValue ?? {}) };
      if (value === undefined) delete next[name];
      else next[name] = value;
      emit("update:modelValue", next);
    }
    function typed() {
      form.pressed = true;
      const missing = fields.value.find((f) => f.required && props.modelValue?.[f.name] === undefined);
      if (!missing && !Object.keys(form.wrong).length) return { ...(props.modelValue ?? {}) };
      nextTick(() => root.value?.querySelector(".wrong input, .wrong textarea, .wrong select, .wrong button")?.focus());
      return null;
    }
    expose({ typed });
    return { form, root, fields, set };
  },
  template: `
    <div ref="root" class="form">
      <p v-if="form.said['']" class="trouble" role="alert">{{ form.said[''] }}</p>
      <div v-if="fields.length" class="form-grid">
        <CbFormField v-for="f in fields" :key="f.name" :field="f" :path="f.name" :root="schema" :value="modelValue?.[f.name]" @set="set(f.name, $event)"/>
      </div>
      <p v-else class="quiet">{{ empty }}</p>
    </div>
  `,
};
