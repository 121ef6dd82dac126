import { EngineError } from '../base/mod.ts';

const UNITS: Record<string, number> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** Bytes of `64m`, `1.5g`, `512`. Compat: go-units `RAMInBytes`. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([bkmgt])?(?:i?b)?$/i.exec(text);
  if (!match) throw new EngineError('invalid', `invalid size: '${text}'`);
  return Math.trunc(Number(match[1]) * (UNITS[(match[2] ?? 'b').toLowerCase()] ?? 1));
}
