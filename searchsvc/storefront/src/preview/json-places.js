/** JSON with the places of its parts, so that what is wrong can be shown where it stands. */

const BLANK = /[\t\n\r ]*/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const DEEPEST = 100;

/**
 * @typedef {object} Place
 * @property {number} start in the text.
 * @property {number} end behind it.
 */

/**
 * Read `text`.
 *
 * @param {string} text
 * @returns {{value?: any, places: Map<string, Place>, wrong?: Place & {message: string}}} the value
 *   and where its parts stand, such as `segments[0].name`; or what is wrong.
 */
export function readJson(text) {
  const reader = new Reader(text);
  try {
    reader.value("", 0);
    reader.end();
    return { value: JSON.parse(text), places: reader.places };
  } catch (wrong) {
    if (!(wrong instanceof Wrong)) throw wrong;
    const { start, message } = wrong;
    return { places: reader.places, wrong: { start, end: Math.min(start + 1, text.length), message } };
  }
}

/** The place of `path`, or of what is nearest to it among the parts that contain it. */
export function placeOf(places, path) {
  for (let at = path; at; at = at.replace(/(?:^|\.)[^.[]*$|\[[^[\]]*\]$/, "")) {
    if (places.has(at)) return places.get(at);
  }
  return places.get("") ?? { start: 0, end: 0 };
}

/** The line of an offset, from 1. */
export function lineOf(text, offset) {
  return text.slice(0, offset).split("\n").length;
}

class Wrong extends Error {
  constructor(start, message) {
    super(message);
    this.start = start;
  }
}

class Reader {
  places = new Map();
  #text;
  #at = 0;

  constructor(text) {
    this.#text = text;
  }

  value(path, depth) {
    if (depth > DEEPEST) throw new Wrong(this.#at, "nested too deeply");
    this.#take(BLANK);
    const start = this.#at;
    const sign = this.#text[start];
    if (sign === "{") this.#members(path, depth + 1);
    else if (sign === "[") this.#elements(path, depth + 1);
    else if (this.#take(STRING) === null && this.#take(SCALAR) === null) this.#fail("a value");
    this.places.set(path, { start, end: this.#at });
    this.#take(BLANK);
  }

  end() {
    if (this.#at < this.#text.length) this.#fail("nothing more");
  }

  #members(path, depth) {
    this.#series("}", () => {
      const name = this.#take(STRING);
      if (name === null) this.#fail("a name in quotation marks");
      this.#take(BLANK);
      this.#expect(":");
      const member = JSON.parse(name);
      this.value(path ? `${path}.${member}` : member, depth);
    });
  }

  #elements(path, depth) {
    let number = 0;
    this.#series("]", () => this.value(`${path}[${number++}]`, depth));
  }

  #series(closing, read) {
    this.#at += 1;
    this.#take(BLANK);
    if (this.#text[this.#at] === closing) {
      this.#at += 1;
      return;
    }
    for (;;) {
      this.#take(BLANK);
      read();
      if (this.#text[this.#at] !== ",") break;
      this.#at += 1;
    }
    if (this.#text[this.#at] !== closing) this.#fail(`a comma or ${closing}`);
    this.#at += 1;
  }

  #expect(sign) {
    if (this.#text[this.#at] !== sign) this.#fail(sign);
    this.#at += 1;
  }

  #take(form) {
    form.lastIndex = this.#at;
    const found = form.exec(this.#text)?.[0] ?? null;
    if (found !== null) this.#at += found.length;
    return found;
  }

  #fail(expected) {
    const found = this.#text[this.#at];
    throw new Wrong(this.#at, `expected ${expected}, found ${found === undefined ? "the end" : JSON.stringify(found)}`);
  }
}
