import { EngineError, isEngineError, messageOf } from '../../base/mod.ts';

/** What went wrong with a volume, said as `create x: why`. Compat: moby `volume/service`, `OpErr`. */
export function opError(
  operation: 'create' | 'get' | 'remove' | 'list',
  name: string,
  why: unknown,
): EngineError {
  const code = isEngineError(why) ? why.code : 'internal';
  return new EngineError(code, `${operation} ${name}: ${messageOf(why)}`, { cause: why });
}

/** Runs `work`; what it throws is said of that operation on that volume. */
export async function saying<T>(
  operation: 'create' | 'get' | 'remove',
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw opError(operation, name, error);
  }
}
