/** The segments document as people write it. */

// What says the same when it is left out.
const DEFAULTS = { enabled: true, listed: false, title: null, when: null, like: null, name: null, from: null, until: null };

const LONGEST_LINE = 90;

/** A published document as text, without the members that only say what is so anyway. */
export function written({ strength, timezone, segments }) {
  const tidy = segments.map(({ boosts, ...segment }) => ({
    ...withoutDefaults(segment),
    boosts: boosts.map(({ when, ...boost }) => ({ ...withoutDefaults(boost), ...limits(when) })),
  }));
  return formatted({ strength, timezone, segments: tidy }, "", 0);
}

/** The enabled segments of a document that may be half finished. */
export function segmentsOf(value) {
  const segments = Array.isArray(value?.segments) ? value.segments : [];
  return segments
    .filter((one) => typeof one?.name === "string" && one.enabled !== false)
    .map(({ name, title }) => ({ name, title: typeof title === "string" && title ? title : name }));
}

/** In words, how many segments a draft adds, changes and removes. */
export function changesBetween(before, after) {
  const [old, now] = [before, after].map((one) => new Map((one?.segments ?? []).map((it) => [it.name, JSON.stringify(it)])));
  const added = [...now.keys()].filter((name) => !old.has(name));
  const removed = [...old.keys()].filter((name) => !now.has(name));
  const changed = [...now.keys()].filter((name) => old.has(name) && old.get(name) !== now.get(name));
  const parts = [["added", added], ["changed", changed], ["removed", removed]];
  const said = parts.filter(([, names]) => names.length).map(([verb, names]) => `${verb}: ${names.join(", ")}`);
  return said.length > 0 ? said.join("; ") : "no segment, only the settings of all or how they are written";
}

/** JSON in which what fits on a line stands on one. */
function formatted(value, indent, before) {
  const flat = onOneLine(value);
  if (typeof value !== "object" || value === null || indent.length + before + flat.length <= LONGEST_LINE) return flat;
  const deeper = `${indent}  `;
  const [opening, closing] = Array.isArray(value) ? "[]" : "{}";
  const parts = Object.entries(value).map(([name, part]) => {
    const key = Array.isArray(value) ? "" : `${JSON.stringify(name)}: `;
    return `${deeper}${key}${formatted(part, deeper, key.length)}`;
  });
  return `${opening}\n${parts.join(",\n")}\n${indent}${closing}`;
}

function onOneLine(value) {
  if (Array.isArray(value)) return `[${value.map(onOneLine).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.entries(value).map(([name, part]) => `${JSON.stringify(name)}: ${onOneLine(part)}`).join(", ")}}`;
}

function limits(when) {
  if (!when) return {};
  return { when: Object.fromEntries(Object.entries(when).filter(([, values]) => values.length > 0)) };
}

function withoutDefaults(part) {
  return Object.fromEntries(
    Object.entries(part).filter(([name, value]) => !(name in DEFAULTS && value === DEFAULTS[name])),
  );
}
