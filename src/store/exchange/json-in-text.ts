/** Compat: libnetwork nests JSON as text in JSON; what is not what it should be reads as empty. */
export type Json = Record<string, unknown>;

export function object(value: unknown): Json {
  const parsed = fromText(value);
  return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? (parsed as Json) : {};
}

export function list(value: unknown): Json[] {
  const parsed = fromText(value);
  return Array.isArray(parsed) ? parsed.map(object) : [];
}

export function map(value: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(object(value)).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function fromText(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}
