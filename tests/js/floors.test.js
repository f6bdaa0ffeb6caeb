/** Imports go down the floors of static/js, and only the pages' own folders know the browser's window. */

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { posix } from 'node:path';
import test from 'node:test';

const SOURCES = new URL('../../static/js/', import.meta.url);

/** From the bottom. A folder imports from itself and from lower floors; not from a folder beside it. */
const FLOORS = [['generated'], ['lib'], ['link'], ['call'], ['page', 'selftest', 'stand'], ['main.js']];

/** These may use the document, the address, the storage and the device. The others get them as arguments. */
const OF_PAGES = new Set(['page', 'selftest', 'stand', 'main.js']);

/** Globals of a page. A property, a key or a parameter of the same name elsewhere is none. */
const GLOBALS = [
  'document',
  'window',
  'location',
  'history',
  'navigator',
  'screen',
  'localStorage',
  'sessionStorage',
  'addEventListener',
  'removeEventListener',
  'requestAnimationFrame',
  'matchMedia',
  'getComputedStyle',
];
const WINDOW = new RegExp(`(?<![.\\w])(?:${GLOBALS.join('|')})\\b(?!\\s*:)`);

const IMPORT = /^(?:import|export)\b[^;]*?\bfrom\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)(?!\.)/gm;

const names = readdirSync(SOURCES, { recursive: true })
  .filter((name) => name.endsWith('.js'))
  .map((name) => name.replaceAll('\\', '/'));

const source = (name) => readFileSync(new URL(name, SOURCES), 'utf8');

const folder = (name) => name.split('/')[0];

const floor = (name) => FLOORS.findIndex((folders) => folders.includes(folder(name)));

/** @returns the modules that a module imports */
function imports(name, text = source(name)) {
  return [...text.matchAll(IMPORT)].map(([, from, alone, late]) =>
    posix.join(posix.dirname(name), from ?? alone ?? late),
  );
}

/** @returns the code without its comments and strings */
function code(text) {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/'(?:[^'\\\n]|\\.)*'/g, "''")
    .replace(/(?<!:)\/\/.*$/gm, '');
}

/** @returns whether an import goes down, or stays in its folder */
function goesDown(from, to) {
  return folder(from) === folder(to) || floor(to) < floor(from);
}

test('every module is on a floor', () => {
  assert.ok(names.length > 30);
  assert.deepEqual(
    names.filter((name) => floor(name) < 0),
    [],
  );
});

test('imports go down', () => {
  const wrong = names.flatMap((name) =>
    imports(name)
      .filter((target) => !goesDown(name, target))
      .map((target) => `${name} imports ${target}`),
  );
  assert.deepEqual(wrong, []);
});

test('what is imported exists', () => {
  const missing = names.flatMap((name) => imports(name).filter((target) => !names.includes(target)));
  assert.deepEqual(missing, []);
});

test('no modules import each other in a circle', () => {
  const done = new Set();
  const visit = (name, path) => {
    assert.ok(!path.includes(name), [...path, name].join(' → '));
    if (done.has(name)) return;
    for (const target of imports(name)) visit(target, [...path, name]);
    done.add(name);
  };
  for (const name of names) visit(name, []);
});

test('only the folders of the pages know the window', () => {
  const wrong = names
    .filter((name) => !OF_PAGES.has(folder(name)))
    .flatMap((name) => {
      const lines = code(source(name)).split('\n');
      return lines.filter((line) => WINDOW.test(line)).map((line) => `${name}: ${line.trim()}`);
    });
  assert.deepEqual(wrong, []);
});

test('these tests would notice', () => {
  assert.deepEqual(imports('call/a.js', "import {\n  b,\n} from '../page/b.js';\nimport * as c from './c.js';"), [
    'page/b.js',
    'call/c.js',
  ]);
  assert.ok(!goesDown('link/a.js', 'call/b.js'));
  assert.ok(!goesDown('page/a.js', 'selftest/b.js'));
  assert.ok(!goesDown('page/a.js', 'main.js'));
  assert.ok(goesDown('link/a.js', 'generated/b.js'));
  for (const line of ['document.title', 'new URL(location.href)', 'window.isSecureContext', 'f(navigator)']) {
    assert.match(code(line), WINDOW);
  }
  for (const line of ['// document.title', "say('window.')", 'browser.navigator.userAgent', 'const windows = 12;']) {
    assert.doesNotMatch(code(line), WINDOW);
  }
});
