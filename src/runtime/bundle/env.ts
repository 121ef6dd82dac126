const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The environment of a container's first process: PATH, HOSTNAME and, with a terminal, TERM, over which goes the
 * container's own; HOME of the user unless that sets it. Compat: an entry without `=` takes a variable away.
 */
export function containerEnv(
  env: readonly string[] | null,
  defaults: { hostname: string; tty: boolean; home: string },
): string[] {
  const result = new Map<string, string>([['PATH', DEFAULT_PATH]]);
  result.set('HOSTNAME', defaults.hostname);
  if (defaults.tty) result.set('TERM', 'xterm');
  for (const entry of env ?? []) {
    const equals = entry.indexOf('=');
    if (equals < 0) result.delete(entry);
    else result.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
  if (!result.has('HOME')) result.set('HOME', defaults.home);
  return [...result].map(([name, value]) => `${name}=${value}`);
}
