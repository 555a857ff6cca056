/** The shopper of this browser: a random pseudonym, kept only while they agree to be remembered. */

const TOKEN = "searchsvc-visitor";
const VIEWED = "searchsvc-viewed";
const MOST_VIEWED = 50; // as many as a search takes

/** Whether the shopper agreed, and what is known of them here. Without consent that is nothing. */
export class Visitor {
  #index;
  #kept = null; // where the browser refuses to store anything
  #viewed = [];

  /** @param {string} index whose products are viewed. */
  constructor(index) {
    this.#index = index;
  }

  get agreed() {
    return this.token !== null;
  }

  /** The pseudonym, or null. It is read at each look: another tab may have forgotten it. */
  get token() {
    return read("localStorage", TOKEN) ?? this.#kept;
  }

  /** Products viewed in this session, the latest first. */
  get viewed() {
    if (!this.agreed) return [];
    return listIn(read("sessionStorage", this.#key)) ?? this.#viewed;
  }

  /** Remember this shopper from now on. */
  agree() {
    const token = randomToken();
    if (!write("localStorage", TOKEN, token)) this.#kept = token;
  }

  /** Forget everything at once. */
  withdraw() {
    this.#kept = null;
    this.#viewed = [];
    remove("localStorage", TOKEN);
    remove("sessionStorage", this.#key);
  }

  /** Keep in mind that a product was looked at; nothing without consent. */
  saw(id) {
    if (!this.agreed) return;
    this.#viewed = [id, ...this.viewed.filter((other) => other !== id)].slice(0, MOST_VIEWED);
    write("sessionStorage", this.#key, JSON.stringify(this.#viewed));
  }

  /** Call `changed` when another tab of this browser agrees or withdraws. */
  watch(changed) {
    addEventListener("storage", ({ key }) => {
      if (key !== TOKEN && key !== null) return;
      if (!this.agreed) this.withdraw();
      changed();
    });
  }

  get #key() {
    return `${VIEWED}-${this.#index}`;
  }
}

/** 128 random bits. `crypto.randomUUID` is missing where a shop is tried out without TLS. */
export function randomToken() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function listIn(text) {
  try {
    const list = JSON.parse(text);
    return Array.isArray(list) ? list.filter((id) => typeof id === "string").slice(0, MOST_VIEWED) : null;
  } catch {
    return null;
  }
}

// A browser may refuse to store anything; the page then remembers until it is left.
function read(storage, key) {
  try {
    return window[storage].getItem(key);
  } catch {
    return null;
  }
}

function write(storage, key, text) {
  try {
    window[storage].setItem(key, text);
    return true;
  } catch {
    return false;
  }
}

function remove(storage, key) {
  try {
    window[storage].removeItem(key);
  } catch {
    // As above.
  }
}
