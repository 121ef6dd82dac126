import { EngineError } from '../../base/mod.ts';

/** Compat: the name of Docker's own, which nobody may give to something else. */
const RESERVED = 'runc';

/**
 * OCI runtimes by name, of daemon.json (`{"name": {"path": …, "runtimeArgs": […]}}`) or of flags (`name=path`).
 * Throws `invalid`, also for those that are containerd's shims: there is no containerd here.
 */
export function readRuntimes(value: unknown): Record<string, { path: string; args: string[] }> {
  const runtimes: Record<string, { path: string; args: string[] }> = {};
  const entries = Array.isArray(value) ? value.map(fromFlag) : Object.entries(value ?? {});
  for (const [name, runtime] of entries) {
    if (name === RESERVED) throw invalid(`runtime name '${name}' is reserved`);
    runtimes[name] = check(name, runtime);
  }
  return runtimes;
}

function fromFlag(text: string): [string, unknown] {
  const cut = text.indexOf('=');
  const [name, path] = [text.slice(0, cut).trim().toLowerCase(), text.slice(cut + 1).trim()];
  if (cut < 0 || name === '' || path === '') throw invalid(`invalid runtime argument: ${text}`);
  return [name, { path }];
}

function check(name: string, value: unknown): { path: string; args: string[] } {
  const { path, runtimeArgs = [], runtimeType } = (value ?? {}) as Record<string, unknown>;
  if (runtimeType !== undefined && runtimeType !== '') {
    throw invalid(
      `runtime '${name}' is a shim of containerd ("runtimeType"), which Minke does not run: name its OCI runtime as "path"`,
    );
  }
  if (typeof path !== 'string' || path === '') throw invalid(`runtime '${name}' is missing its "path"`);
  if (!Array.isArray(runtimeArgs) || !runtimeArgs.every((one) => typeof one === 'string')) {
    throw invalid(`"runtimeArgs" of runtime '${name}' must be a list of texts`);
  }
  return { path, args: runtimeArgs as string[] };
}

function invalid(message: string): EngineError {
  return new EngineError('invalid', message);
}
