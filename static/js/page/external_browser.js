/** Leads from a browser inside another app to one with a microphone (docs/browsers.md#in-app-way-out). */

/**
 * @param {string} userAgent
 * @param {string} href the URL of this page
 * @returns {string} a link that opens the page there; '' if none is known
 */
export function externalBrowserLink(userAgent, href) {
  const url = new URL(href);
  if (/ Line\//.test(userAgent)) {
    // developers.line.biz, "Opening a URL in an external browser".
    url.searchParams.set('openExternalBrowser', '1');
    return url.href;
  }
  if (url.protocol !== 'https:') return '';
  if (/Android/.test(userAgent)) {
    // developer.chrome.com, "Android intents with Chrome".
    return `intent://${href.slice('https://'.length)}#Intent;scheme=https;action=android.intent.action.VIEW;end`;
  }
  // Safari's own scheme, since iOS 15.
  return /iPhone|iPad/.test(userAgent) ? `x-safari-${href}` : '';
}
