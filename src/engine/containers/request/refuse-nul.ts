import { EngineError } from '../../../base/mod.ts';

/**
 * Throws `invalid` if any text in `value`, keys too, has a NUL: the system calls below would cut it there, and another
 * program, user or path be meant. Compat: Docker takes it, and the start fails or not.
 */
export function refuseNul(field: string, value: unknown): void {
  if (hasNul(value)) throw new EngineError('invalid', `invalid ${field}: it contains a NUL`);
}

function hasNul(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0');
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(hasNul);
  return Object.entries(value).some(([key, one]) => key.includes('\0') || hasNul(one));
}
