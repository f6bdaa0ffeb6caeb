/** Passes the page's address on: shares it, or copies it. */

import { say } from '../lib/i18n.js';
import { button } from './dom.js';

export class Sharing {
  /** @param {(text: string) => void} tell the person what became of it */
  constructor(tell) {
    this.tell = tell;
    button('share').addEventListener('click', () => this.share());
    button('copy-link').addEventListener('click', () =>
      this.copy(location.href, say('Link copied. Paste it into Safari or Chrome.')),
    );
  }

  async share() {
    const url = linkForOthers();
    if (!navigator.share) {
      await this.copy(url, say('Link copied.'));
      return;
    }
    try {
      await navigator.share({ title: document.title, url });
    } catch (error) {
      const isCancelled = /** @type {Error} */ (error).name === 'AbortError';
      if (!isCancelled) await this.copy(url, say('Link copied.'));
    }
  }

  /**
   * @param {string} link
   * @param {string} done what to tell the person then
   */
  async copy(link, done) {
    try {
      await navigator.clipboard.writeText(link);
      this.tell(done);
    } catch {
      this.tell(link); // no clipboard either (docs/browsers.md#no-clipboard)
    }
  }
}

/** @returns {string} this page, without the link or stand that its visitor came by: others did not */
function linkForOthers() {
  const link = new URL(location.href);
  for (const name of ['from', 'stand']) link.searchParams.delete(name);
  return link.href;
}
