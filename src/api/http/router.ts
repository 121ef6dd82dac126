import type { AnyRoute } from './route.ts';

interface Compiled {
  route: AnyRoute;
  pattern: RegExp;
  names: string[];
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
    for (const { route, pattern, names } of this.#bucket(bucket(method, path))) {
      const match = pattern.exec(path);
      if (match)
        return { route, params: Object.fromEntries(names.map((name, i) => [name, match[i + 1] ?? ''])) };
    }
    return undefined;
  }

  #bucket(key: string): Compiled[] {
    const there = this.#compiled.get(key);
    if (there) return there;
    const compiled = (this.#routes.get(key) ?? []).map(compile);
    if (compiled.length > 0) this.#compiled.set(key, compiled);
    return compiled;
  }
}

function bucket(method: string, path: string): string {
  return `${method} ${path.split('/', 2)[1] ?? ''}`;
}

/**
 * Compat: gorilla/mux matches the decoded path, with case, and no trailing slash of its own. Why not path-to-regexp:
 * it has two constructs that we need, and loading it is a tenth of the daemon's time to its first answer.
 */
function compile(route: AnyRoute): Compiled {
  const names: string[] = [];
  const source = route.path.replace(
    /[.\\+?^${}()[\]|]|([*:])(\w+)/g,
    (text, kind?: string, name?: string) => {
      if (kind === undefined || name === undefined) return `\\${text}`;
      names.push(name);
      return kind === '*' ? '(.+)' : '([^/]+)';
    },
  );
  return { route, pattern: new RegExp(`^${source}$`, 's'), names };
}
