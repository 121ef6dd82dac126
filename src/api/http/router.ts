import { type MatchFunction, match } from 'path-to-regexp';
import type { AnyRoute } from './route.ts';

type Params = Partial<Record<string, string | string[]>>;
interface Compiled {
  route: AnyRoute;
  test: MatchFunction<Params>;
}

/**
 * Finds the route of a method and a decoded path. Routes stand in buckets by method and first segment, and a bucket
 * is compiled when first asked, so that a daemon starts without compiling a hundred patterns.
 */
export class Router {
  readonly #routes = new Map<string, AnyRoute[]>();
  readonly #compiled = new Map<string, Compiled[]>();

  /** In the order of `routes`, the first that matches wins. */
  constructor(routes: readonly AnyRoute[]) {
    for (const route of routes) {
      const key = bucket(route.method, route.path);
      const there = this.#routes.get(key);
      if (there) there.push(route);
      else this.#routes.set(key, [route]);
    }
  }

  find(method: string, path: string): { route: AnyRoute; params: Record<string, string> } | undefined {
    for (const { route, test } of this.#bucket(bucket(method, path))) {
      const found = test(path);
      if (found) return { route, params: joined(found.params) };
    }
    return undefined;
  }

  #bucket(key: string): Compiled[] {
    const there = this.#compiled.get(key);
    if (there) return there;
    const compiled = (this.#routes.get(key) ?? []).map((route) => ({
      route,
      // Compat: gorilla/mux matches the decoded path, with case, and no trailing slash of its own.
      test: match<Params>(route.path, { decode: false, sensitive: true, trailing: false }),
    }));
    if (compiled.length > 0) this.#compiled.set(key, compiled);
    return compiled;
  }
}

function bucket(method: string, path: string): string {
  return `${method} ${path.split('/', 2)[1] ?? ''}`;
}

function joined(params: Params): Record<string, string> {
  const entries = Object.entries(params).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join('/') : (value ?? ''),
  ]);
  return Object.fromEntries(entries);
}
