// Asks the service. Of several questions only the last one counts: those before it are aborted.

/**
 * @typedef {object} Hit
 * @property {string} id
 * @property {string} url
 * @property {{ id: string, url: string, title: string }} report
 * @property {{ name: string, province: string | null, code: string | null }} region
 * @property {string} kind
 * @property {{ path: string, heading: string | null } | null} measure
 * @property {{ id: string, label: string }[]} themes
 * @property {string[]} [missing_words]
 * @property {boolean} [pinned]
 * @property {{ text: string, html: string }} snippet
 * @property {{ title: string, heading: string | null }} highlights
 */
/** @typedef {{ value: string, label: string, count: number, selected: boolean }} FacetValue */
/**
 * @typedef {object} Answer
 * @property {{ text: string, rewrites?: { kind: string, from: string, to: string }[],
 *   did_you_mean?: string, relaxed?: boolean }} query
 * @property {number} total
 * @property {number} page
 * @property {number} per_page
 * @property {Hit[]} hits
 * @property {Record<string, FacetValue[]>} facets
 */

/** How long an answer is waited for, in milliseconds. */
const PATIENCE = 20_000;

/** Why there is no answer: `offline`, `slow`, `busy`, `refused` or `broken`. */
export class Failure extends Error {
  /**
   * @param {"offline" | "slow" | "busy" | "refused" | "broken"} kind
   * @param {number} [status]
   * @param {string} [detail]
   */
  constructor(kind, status = 0, detail = "") {
    super(detail || kind);
    this.kind = kind;
    this.status = status;
  }
}

/** One line to the service. */
export class Client {
  /** @type {AbortController | undefined} */
  #under_way;

  /** Forgets what was asked. */
  cancel() {
    this.#under_way?.abort();
    this.#under_way = undefined;
  }

  /**
   * The answer to the newest question, or nothing where a newer one was asked meanwhile.
   *
   * @param {URL} endpoint
   * @param {URLSearchParams} question
   * @param {string | null} key
   * @returns {Promise<Answer | undefined>}
   * @throws {Failure}
   */
  async search(endpoint, question, key) {
    this.cancel();
    const mine = (this.#under_way = new AbortController());
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      mine.abort();
    }, PATIENCE);
    try {
      const answer = await fetch(new URL(`api/v1/search?${question}`, endpoint), {
        signal: mine.signal,
        // Not in the address, where logs and histories would keep it.
        headers: key ? { "X-API-Key": key } : {},
        credentials: "omit",
      });
      const body = await answer.json();
      if (!answer.ok) throw new Failure(kind(answer.status), answer.status, body.detail);
      return mine === this.#under_way ? body : undefined;
    } catch (error) {
      if (late) throw new Failure("slow");
      if (mine.signal.aborted) return undefined;
      if (error instanceof Failure) throw error;
      throw new Failure(error instanceof TypeError ? "offline" : "broken");
    } finally {
      clearTimeout(timer);
    }
  }
}

/** @param {number} status */
function kind(status) {
  if (status === 429 || status === 503) return "busy";
  return status === 401 || status === 403 ? "refused" : "broken";
}
