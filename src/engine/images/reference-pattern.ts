/**
 * Go's `path.Match`: `*` and `?` do not cross a slash, `[a-z]` and `[^a]` are classes, `\` escapes. An ill-formed
 * pattern matches nothing. Used by the image filter `reference`.
 */
export function matchesPattern(pattern: string, text: string): boolean {
  let source = '';
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at] ?? '';
    if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (char === '[') {
      const end = pattern.indexOf(']', at + 2);
      if (end < 0) return false;
      source += pattern.slice(at, end + 1);
      at = end;
    } else {
      if (char === '\\') at += 1;
      source += (pattern[at] ?? '').replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    }
  }
  try {
    return new RegExp(`^${source}$`).test(text);
  } catch {
    return false;
  }
}
