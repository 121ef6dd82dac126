import type { SeenRequest } from './fake-engine.ts';

/** What one command line led to. */
export interface Outcome {
  argv: string[];
  exit: number;
  stdout: string;
  stderr: string;
  requests: SeenRequest[];
}

/** Requests without what is left to chance or to the default: empty values, and the order of Go's maps. */
export function normalizeRequests(requests: SeenRequest[]): SeenRequest[] {
  return requests.map((request) => {
    const body = request.body as { HostConfig?: { Binds?: string[] | null } } | undefined;
    body?.HostConfig?.Binds?.sort();
    return JSON.parse(
      JSON.stringify({ ...request, ...(body ? { body: withoutEmpty(body) } : {}) }),
    ) as SeenRequest;
  });
}

/** `null`, '', 0, false, [] and {} all mean "not said", except where saying it matters. */
function withoutEmpty(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((one) => withoutEmpty(one));
  if (value === null || typeof value !== 'object') return value;
  const kept = Object.entries(value)
    .map(([name, one]) => [name, withoutEmpty(one, name)] as const)
    .filter(([name, one]) => MEANINGFUL.has(name) || MEANINGFUL.has(key) || !isEmpty(one));
  return Object.fromEntries(kept);
}

const MEANINGFUL = new Set([
  'Init',
  'MaskedPaths',
  'ReadonlyPaths',
  'ExposedPorts',
  'Volumes',
  'PortBindings',
  'Tmpfs',
  'Entrypoint',
]);

function isEmpty(value: unknown): boolean {
  if (value === null || value === '' || value === 0 || value === false) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** Times of day are not for comparing. */
export function maskTimes(text: string): string {
  return text.replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(Z| \+0000 UTC)/g, 'TIME');
}
