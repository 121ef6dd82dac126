/** What a request line asks for. */
export interface Target {
  /** undefined without a version prefix. */
  version: string | undefined;
  /** Decoded, without the version. */
  path: string;
  /** The query, without `?`. */
  search: string;
  /** Set where the path is not in its clean form: where the client should go. */
  redirect?: string;
}

/** Parses a request's URL; undefined if it cannot be one. Compat: Go's net/http and gorilla/mux. */
export function parseTarget(url: string): Target | undefined {
  const relative = url.replace(/^https?:\/\/[^/?]*/i, '');
  const mark = relative.indexOf('?');
  const raw = mark < 0 ? relative : relative.slice(0, mark);
  const search = mark < 0 ? '' : relative.slice(mark + 1);
  if (raw === '*') return { version: undefined, path: '*', search };
  const decoded = decodePath(raw);
  if (decoded === undefined || !decoded.startsWith('/')) return undefined;
  const match = /^\/v([0-9.]+)(\/.*)$/s.exec(decoded);
  const target: Target = { version: match?.[1], path: match?.[2] ?? decoded, search };
  const clean = cleanPath(decoded);
  if (clean !== decoded) target.redirect = encodeURI(clean) + (search === '' ? '' : `?${search}`);
  return target;
}

/** undefined for an escape that is none. Bytes that are no UTF-8 become U+FFFD, as they do in Docker's answers. */
function decodePath(path: string): string | undefined {
  if (!path.includes('%')) return path;
  if (/%(?![0-9a-fA-F]{2})/.test(path)) return undefined;
  try {
    return decodeURIComponent(path);
  } catch {
    const bytes = path.replace(/%(..)/g, (_whole, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    return Buffer.from(bytes, 'latin1').toString('utf8');
  }
}

/** Without `//`, `.` and `..`; a trailing slash stays. */
function cleanPath(path: string): string {
  if (!/\/\/|\/\.{1,2}(?:\/|$)/.test(path)) return path;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}${path.endsWith('/') && parts.length > 0 ? '/' : ''}`;
}
