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

/** Compat: Go's bound of widths and precisions. */
const MAX_WIDTH = 1_000_000;
/** More than anybody prints: a format may name many widths. */
const MAX_LENGTH = 16 * 1024 * 1024;

/** `fmt.Sprintf` for %s %v %d %q %t %x %f %e %g %% with flags, width and precision. */
export function goPrintf(format: string, args: unknown[]): string {
  const directive = /%([-+ 0#]*)(\*|\d*)(?:(\.)(\*|\d*))?([svdqtxfgeT%])/g;
  let next = 0;
  let text = '';
  let end = 0;
  for (const match of format.matchAll(directive)) {
    const [whole, flags = '', widthText = '', dot, precisionText = '', verb = 'v'] = match;
    text += format.slice(end, match.index);
    end = match.index + whole.length;
    if (tooWide(widthText) || tooWide(precisionText)) {
      // Compat: Go's parser of numbers then takes the rest of the format for the number.
      text += '%!(NOVERB)';
      end = format.length;
      break;
    }
    let width: number | undefined = Number(widthText);
    if (widthText === '*') {
      width = starred(args[next++]);
      if (width === undefined) text += '%!(BADWIDTH)';
    }
    let precision: number | undefined = dot === undefined ? undefined : Number(precisionText);
    if (precisionText === '*') {
      precision = starred(args[next++]);
      if (precision === undefined) text += '%!(BADPREC)';
      else if (precision < 0) precision = undefined;
    }
    text += verb === '%' ? '%' : padded(verb, flags, width ?? 0, precision, args, next++);
    if (text.length > MAX_LENGTH) throw new Error('the result is too long');
  }
  text += format.slice(end);
  const extra = args.slice(next).map((arg) => `${goType(arg)}=${goPrint(arg)}`);
  return extra.length > 0 ? `${text}%!(EXTRA ${extra.join(', ')})` : text;
}

function padded(
  verb: string,
  flags: string,
  width: number,
  precision: number | undefined,
  args: unknown[],
  at: number,
): string {
  if (at >= args.length) return `%!${verb}(MISSING)`;
  const shown = convert(verb, args[at], precision);
  if (flags.includes('-') || width < 0) return shown.padEnd(Math.abs(width));
  return shown.padStart(width, flags.includes('0') && verb !== 's' ? '0' : ' ');
}

function tooWide(digits: string): boolean {
  return digits !== '*' && Number(digits) > MAX_WIDTH;
}

/** The width that an argument gives; undefined if it is none. */
function starred(arg: unknown): number | undefined {
  return Number.isInteger(arg) && Math.abs(arg as number) <= MAX_WIDTH ? (arg as number) : undefined;
}

/** Go's name of a value's type, as far as a value says it. */
function goType(arg: unknown): string {
  if (typeof arg === 'number') return Number.isInteger(arg) ? 'int' : 'float64';
  return typeof arg === 'boolean' ? 'bool' : typeof arg;
}

/** What JavaScript's own conversions take at most. */
const MAX_FRACTION = 100;

function fraction(value: number, precision: number): string {
  const shown = value.toFixed(Math.min(precision, MAX_FRACTION));
  return precision > MAX_FRACTION ? shown + '0'.repeat(precision - MAX_FRACTION) : shown;
}

function convert(verb: string, arg: unknown, precision: number | undefined): string {
  if (verb === 'q') return JSON.stringify(String(arg));
  if (verb === 'f') return fraction(Number(arg), precision ?? 6);
  if (verb === 'e') return Number(arg).toExponential(Math.min(precision ?? 6, MAX_FRACTION));
  if (verb === 'x')
    return typeof arg === 'number' ? arg.toString(16) : Buffer.from(String(arg)).toString('hex');
  if (verb === 'd' && typeof arg !== 'number') return `%!d(${goType(arg)}=${goPrint(arg)})`;
  const text = goPrint(arg);
  return verb === 's' && precision !== undefined ? [...text].slice(0, precision).join('') : text;
}
