// Rates pages as `scan` of the HTTP Observatory does, which knows neither paths nor ports, and refuses error pages.
//
// node scan.mjs HTTP_PORT HTTPS_PORT PATH…, in the folder where the Observatory is installed.

import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const SOURCES = 'node_modules/@mdn/mdn-http-observatory/src';
const source = (name) => import(pathToFileURL(resolve(SOURCES, name)).href);

const { ALL_TESTS } = await source('constants.js');
const { MINIMUM_SCORE_FOR_EXTRA_CREDIT } = await source('grader/charts.js');
const { getGradeForScore, getScoreModifier } = await source('grader/grader.js');
const { retrieve } = await source('retriever/retriever.js');

async function rate(path) {
  const found = await retrieve('localhost', { httpPort, httpsPort, path });
  if (!found.responses.auto) throw new Error(`${path} was not answered`);
  const tests = ALL_TESTS.map((test) => test(found));
  const modifiers = tests.map(({ result }) => getScoreModifier(result));
  const sum = (numbers) => numbers.reduce((all, one) => all + one, 100);
  const strict = sum(modifiers.filter((modifier) => modifier < 0));
  const { score, grade } = getGradeForScore(strict >= MINIMUM_SCORE_FOR_EXTRA_CREDIT ? sum(modifiers) : strict);
  const results = tests.map((found, index) => ({
    test: found.constructor.name,
    result: found.result,
    pass: found.pass,
    modifier: modifiers[index],
  }));
  return { path, status: found.responses.auto.status, score, grade, results };
}

const [httpPort, httpsPort, ...paths] = process.argv.slice(2);
const rated = [];
for (const path of paths) rated.push(await rate(path));
console.log(JSON.stringify(rated));
