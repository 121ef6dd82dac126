import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ApiBackends, allRoutes } from './all-routes.ts';
import { notYetRoutes } from './not-yet.ts';

const page = readFileSync(join(import.meta.dirname, '../../../docs/compatibility.md'), 'utf8');

/** `GET /images/{name}/json`, as the page spells it. */
function spelled({ method, path }: { method: string; path: string }): string {
  return `${method} ${path.replace(/[*:](\w+)/g, '{$1}')}`;
}

/** Routes that the page's table has under `state`. */
function documented(state: string): string[] {
  const row = page.split('\n').find((line) => line.startsWith(`| ${state} | \``)) ?? '';
  return [...row.matchAll(/`([A-Z]+ [^`]+)`/g)].map(([, route]) => route ?? '');
}

test('the compatibility page has each route of the API, and no other', () => {
  const routes = allRoutes({} as ApiBackends, { cgroupUnified: false }).map(spelled);
  const shown = ['works', 'missing', 'off'].flatMap(documented);
  expect(shown.toSorted()).toEqual(routes.toSorted());
});

test('the compatibility page says of each route without an implementation that it is missing', () => {
  expect(documented('missing').toSorted()).toEqual(notYetRoutes().map(spelled).toSorted());
});
