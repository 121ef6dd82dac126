const DECIMAL = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'];
const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB'];

/** `12.3MB`: powers of 1000, so many significant digits. Compat: go-units `HumanSizeWithPrecision`. */
export function humanSize(bytes: number, digits = 4): string {
  return scaled(bytes, 1000, DECIMAL, digits);
}

/** `1.5GiB`: powers of 1024. Compat: go-units `BytesSize`. */
export function binarySize(bytes: number): string {
  return scaled(bytes, 1024, BINARY, 4);
}

function scaled(bytes: number, base: number, units: string[], digits: number): string {
  let size = bytes;
  let unit = 0;
  for (; size >= base && unit < units.length - 1; unit++) size /= base;
  return `${significant(size, digits)}${units[unit] ?? ''}`;
}

/** Go's `%.Ng`: rounded to N digits, no zeros at the end, an exponent where the digits do not reach. */
function significant(value: number, digits: number): string {
  const text = value.toPrecision(digits);
  const [mantissa, exponent] = text.split('e');
  if (exponent === undefined) return String(Number(text));
  return `${Number(mantissa)}e${exponent.replace(/^([+-])(\d)$/, '$10$2')}`;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** `About an hour`, `3 days`. Compat: go-units `HumanDuration`. */
export function humanDuration(seconds: number): string {
  const whole = Math.trunc(seconds);
  if (whole < 1) return 'Less than a second';
  if (whole === 1) return '1 second';
  if (whole < MINUTE) return `${whole} seconds`;
  const minutes = Math.trunc(seconds / MINUTE);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.trunc(seconds / HOUR + 0.5);
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.trunc(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.trunc(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.trunc(hours / 24 / 30)} months`;
  return `${Math.trunc(seconds / HOUR / 24 / 365)} years`;
}
