/** The routes that need the administrator's key. The key lives in this object, and nowhere else. */

const TIMEOUT_MS = 15_000;

/** An answer that is none: what the service says of it. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} detail
   */
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** The service as an administrator uses it. */
export class Admin {
  #key;

  /** @param {string} key */
  constructor(key) {
    this.#key = key;
  }

  /** The names of the indexes that can be previewed. */
  async indexes() {
    const { indexes } = await (await this.#ask("v1/indexes", {})).json();
    return indexes.filter(({ generation }) => generation !== null).map(({ index }) => index);
  }

  /** The published segments: `{document, version}`. */
  async segments(index) {
    const answer = await this.#ask(`${path(index)}/segments`, { cache: "no-store" });
    return { document: await answer.json(), version: answer.headers.get("ETag") };
  }

  /** Publish a document in place of `version`; gives the version it becomes. */
  async publish(index, text, version) {
    const answer = await this.#ask(`${path(index)}/segments`, {
      method: "PUT",
      headers: { "If-Match": version },
      body: text,
    });
    return answer.headers.get("ETag");
  }

  /** What shoppers would see. */
  async preview(index, body, signal) {
    const answer = await this.#ask(`${path(index)}/preview`, {
      method: "POST",
      body: JSON.stringify(body),
      signal,
    });
    return answer.json();
  }

  // Relative to the page, so that the service also works below a path of a reverse proxy.
  async #ask(address, { headers = {}, signal, ...options }) {
    const signals = [AbortSignal.timeout(TIMEOUT_MS), ...(signal ? [signal] : [])];
    const response = await fetch(new URL(address, document.baseURI), {
      ...options,
      headers: { Authorization: `Bearer ${this.#key}`, "Content-Type": "application/json", ...headers },
      signal: AbortSignal.any(signals),
    });
    if (response.ok) return response;
    const problem = await response.json().catch(() => ({}));
    throw new Refused(response.status, problem.detail ?? `The service answered with status ${response.status}.`);
  }
}

function path(index) {
  return `v1/indexes/${encodeURIComponent(index)}`;
}
