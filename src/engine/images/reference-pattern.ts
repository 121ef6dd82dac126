import { EngineError } from '../../base/mod.ts';

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

/** Throws `invalid`, in Go's words, for a class that is not closed or empty, and for a backslash at the end. */
export function checkPattern(pattern: string): void {
  if (/^(?:[^\\[]|\\.|\[\^?(?:\\.|[^\]\\])+\])*$/s.test(pattern)) return;
  throw new EngineError('invalid', 'syntax error in pattern');
}
