/** The call cannot go on, for a known reason. */
export class CallError extends Error {
  /**
   * @param {string} code one of reasons.js
   * @param {string} [message] for a developer
   */
  constructor(code, message = code) {
    super(message);
    this.code = code;
  }
}
