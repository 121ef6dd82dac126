import { EngineError } from '../../base/mod.ts';

/** A boolean as Go's strconv.ParseBool reads it; throws `invalid` with its sentence. */
export function goBool(text: string): boolean {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
  if (/^(0|f|F|FALSE|false|False)$/.test(text)) return false;
  throw new EngineError('invalid', `strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** A whole number as Go's strconv.Atoi reads it. */
export function goInt(text: string): number {
  if (/^[+-]?\d{1,15}$/.test(text)) return Number(text);
  throw new EngineError('invalid', `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** Compat: go-units FromHumanSize: decimal units, `k`, `kb` and `kib` all alike. Undefined if it is no size. */
export function humanSize(text: string): number | undefined {
  return sizeOf(text, 1000);
}

/** Compat: go-units RAMInBytes: binary units. */
export function ramSize(text: string): number {
  const size = sizeOf(text, 1024);
  if (size === undefined) throw new EngineError('invalid', `invalid size: '${text}'`);
  return size;
}

function sizeOf(text: string, unit: number): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?(?:([kmgtp])?i?b?)$/i.exec(text);
  if (!match) return undefined;
  const power = ' kmgtp'.indexOf((match[2] ?? ' ').toLowerCase());
  return Math.floor(Number(match[1]) * unit ** power);
}

const UNITS: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1e3,
  m: 6e4,
  h: 3.6e6,
};

/** Milliseconds of a Go duration (`1.5s`, `2m3s`); throws `invalid` with time.ParseDuration's sentence. */
export function goDuration(text: string): number {
  const quoted = JSON.stringify(text);
  const match = /^([+-]?)(.*)$/s.exec(text);
  const body = match?.[2] ?? '';
  if (body === '0') return 0;
  let total = 0;
  let rest = body;
  while (rest !== '') {
    const part = /^(\d+\.?\d*|\.\d+)([^\d.]*)/.exec(rest);
    if (!part) throw new EngineError('invalid', `time: invalid duration ${quoted}`);
    const [whole, figure = '', unit = ''] = part;
    if (unit === '') throw new EngineError('invalid', `time: missing unit in duration ${quoted}`);
    const scale = UNITS[unit];
    if (scale === undefined)
      throw new EngineError('invalid', `time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`);
    total += Number(figure) * scale;
    rest = rest.slice(whole.length);
  }
  if (body === '') throw new EngineError('invalid', `time: invalid duration ${quoted}`);
  return match?.[1] === '-' ? -total : total;
}
