/**
 * Runs the checks of the self-test: each as soon as those it depends on have ended, so that checks which
 * do not disturb each other run side by side.
 *
 * @typedef {import('./context.js').Context} Context
 * @typedef {import('../generated/selftest_sentences.js').Status} Status
 * @typedef {import('../generated/selftest_sentences.js').Sentences} Sentences
 *
 * @typedef {object} Row a line of the report
 * @property {string} name the check's name
 * @property {Status} status
 * @property {string} found a code of the check's sentences, or of reasons.js
 * @property {Record<string, string|number|boolean>} data
 *
 * @typedef {object} Result
 * @property {Status} status
 * @property {string} found
 * @property {Row['data']} [data]
 *
 * @typedef {object} Check
 * @property {string} name
 * @property {string} title
 * @property {Sentences} sentences its sentences, by the codes it finds
 * @property {readonly Check[]} needs it runs only if these have run and found nothing bad
 * @property {readonly Check[]} after it also waits for these, whatever they find
 * @property {(context: Context, onSecond: (second: number) => void) => Promise<Result|null>} run
 *   null: it has nothing to report
 * @property {(rows: ReadonlyMap<string, Row>) => Result|null} [revise] looks at the check's result again
 *   when all checks have ended; null: the result stands
 *
 * @typedef {object} Progress
 * @property {(name: string, second?: number) => void} onRunning
 * @property {(row: Row) => void} onRow
 */

export class Runner {
  /** By name, in the order in which they came. @type {Map<string, Row>} */
  rows = new Map();

  /**
   * @param {readonly Check[]} checks each after those it depends on
   * @param {Context} context
   * @param {Progress} progress
   */
  constructor(checks, context, progress) {
    this.checks = checks;
    this.context = context;
    this.progress = progress;
  }

  /** @returns {Promise<Row[]>} in the order of the checks */
  async run() {
    /** @type {Map<Check, Promise<boolean>>} */
    const steps = new Map();
    for (const check of this.checks) steps.set(check, this.step(check, steps));
    await Promise.all(steps.values());
    for (const check of this.checks) this.add(check, check.revise?.(this.rows) ?? null);
    const names = new Set(this.checks.map(({ name }) => name));
    return [...names].flatMap((name) => this.rows.get(name) ?? []);
  }

  /**
   * @param {Check} check
   * @param {ReadonlyMap<Check, Promise<boolean>>} steps
   * @returns {Promise<boolean>} whether checks that need this one may run
   */
  async step(check, steps) {
    const ends = (/** @type {readonly Check[]} */ others) => Promise.all(others.map((it) => steps.get(it)));
    const [needed] = await Promise.all([ends(check.needs), ends(check.after)]);
    if (!needed.every(Boolean)) return false;
    this.progress.onRunning(check.name);
    const result = await check.run(this.context, (second) => this.progress.onRunning(check.name, second));
    this.add(check, result);
    return result?.status !== 'bad';
  }

  /**
   * @param {Check} check
   * @param {Result|null} result
   */
  add({ name }, result) {
    if (!result) return;
    const row = { name, data: {}, ...result };
    this.rows.set(name, row);
    this.progress.onRow(row);
  }
}
