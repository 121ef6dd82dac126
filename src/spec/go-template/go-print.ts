/** A value as Go's `%v` shows it. */
export function goPrint(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goPrint).join(' ')}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([key, one]) => `${key}:${goPrint(one)}`).join(' ')}]`;
  }
  return String(value);
}

/** Go's idea of truth: not the zero value, not empty. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (value !== null && typeof value === 'object') return Object.keys(value).length > 0;
  return Boolean(value);
}

/** `fmt.Sprintf` for %s %v %d %q %t %x %f %e %g %% with flags, width and precision. */
export function goPrintf(format: string, args: unknown[]): string {
  let next = 0;
  const text = format.replace(
    /%([-+ 0#]*)(\d*)(?:\.(\d+))?([svdqtxfgeT%])/g,
    (_whole, ...groups: string[]) => {
      const [flags = '', width = '', precision, verb = 'v'] = groups;
      if (verb === '%') return '%';
      if (next >= args.length) return `%!${verb}(MISSING)`;
      const arg = args[next++];
      const shown = convert(verb, arg, precision === undefined ? undefined : Number(precision));
      if (flags.includes('-')) return shown.padEnd(Number(width));
      return shown.padStart(Number(width), flags.includes('0') && verb !== 's' ? '0' : ' ');
    },
  );
  const extra = args.slice(next).map((arg) => `${typeof arg}=${goPrint(arg)}`);
  return extra.length > 0 ? `${text}%!(EXTRA ${extra.join(', ')})` : text;
}

function convert(verb: string, arg: unknown, precision: number | undefined): string {
  if (verb === 'q') return JSON.stringify(String(arg));
  if (verb === 'f') return Number(arg).toFixed(precision ?? 6);
  if (verb === 'e') return Number(arg).toExponential(precision ?? 6);
  if (verb === 'x')
    return typeof arg === 'number' ? arg.toString(16) : Buffer.from(String(arg)).toString('hex');
  if (verb === 'd' && typeof arg !== 'number') return `%!d(${typeof arg}=${goPrint(arg)})`;
  const text = goPrint(arg);
  return verb === 's' && precision !== undefined ? [...text].slice(0, precision).join('') : text;
}
