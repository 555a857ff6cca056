/** A line of tasks of which only the newest counts. */

/**
 * Starting a task aborts the one before it. Whatever an aborted task still brings, a value or an
 * error, is dropped: an answer can be late, but never replace a newer one.
 */
export class Latest {
  #controller = new AbortController();

  /**
   * Start the newest task.
   *
   * @template T
   * @param {(signal: AbortSignal) => Promise<T>} task
   * @param {object} handlers
   * @param {(value: T) => void} handlers.done called if the task is still the newest.
   * @param {(error: unknown) => void} handlers.failed likewise.
   * @param {number} [delayMs] how long to wait for a newer task before beginning.
   */
  async start(task, { done, failed }, delayMs = 0) {
    this.#controller.abort();
    this.#controller = new AbortController();
    const { signal } = this.#controller;
    if (delayMs) await new Promise((resolve) => setTimeout(resolve, delayMs));
    if (signal.aborted) return;
    let value;
    try {
      value = await task(signal);
    } catch (error) {
      if (!signal.aborted) failed(error);
      return;
    }
    if (!signal.aborted) done(value);
  }
}
