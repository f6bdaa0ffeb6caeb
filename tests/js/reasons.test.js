import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import test from 'node:test';

import { reasonFor } from '../../static/js/call/reasons.js';
import { REASONS } from '../../static/js/generated/reasons.js';

const SOURCES = new URL('../../static/js/', import.meta.url);

test('every reason says what is wrong, what to do, and what a developer should know', () => {
  for (const [code, reason] of Object.entries(REASONS)) {
    assert.match(code, /^[a-z_]+$/);
    assert.match(reason.sentence, /[.…]$/, code);
    assert.ok(reason.sentence.length <= 70, code);
    assert.ok(reason.nextStep && reason.developer, code);
  }
});

test('every reason the page gives is known', () => {
  const given = readdirSync(SOURCES, { recursive: true })
    .filter((name) => name.endsWith('.js') && !name.startsWith('selftest'))
    .flatMap((name) => [
      ...readFileSync(new URL(name, SOURCES), 'utf8').matchAll(
        /(?:reason: |return |\? |Error\(|notReceiving: |lost: |CallError\()'([a-z]+_[a-z_]+)'/g,
      ),
    ])
    .map(([, code]) => code)
    .filter((code) => code !== 'page_closed');
  assert.ok(given.length > 5);
  for (const code of given) assert.ok(code in REASONS, code);
});

test('an unknown code from a newer server has a sentence too', () => {
  assert.equal(reasonFor('something_new'), REASONS.internal);
});
