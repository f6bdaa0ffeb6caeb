/** Written by `manage.py contract` from wire/. Do not edit. */

export const VOICES = /** @type {const} */ (['echo', 'parrot', 'tone', 'speech', 'bot']);
export const SILENCE_MS = 400;
export const CLOSE_IDLE = 4410;
export const GRACE_MS = 60000;
export const TICKET_LIFE_MS = 600000;
export const MAX_REPORT_EVENTS = 50;
export const SELFTEST_CALLS = 5;
