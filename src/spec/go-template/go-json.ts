/**
 * JSON as Go's encoder writes it: map keys are in order where Go has a map; `html` writes `<`, `>` and `&` as
 * escapes, as `json.Marshal` does.
 */
export function goJson(value: unknown, html: boolean): string {
  const text = JSON.stringify(value === undefined ? null : value) ?? 'null';
  const safe = text.replace(/[\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`);
  if (!html) return safe;
  return safe.replace(/[<>&]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);
}
