import { run } from '../../sys/mod.ts';

export interface RuntimeVersion {
  name: string;
  version: string;
  commit: string;
  path: string;
}

/** Asks the OCI runtime at `path`; crun and runc print alike. */
export async function runtimeVersion(path: string): Promise<RuntimeVersion> {
  const { stdout } = await run([path, '--version']);
  return { ...parseVersion(stdout.toString('utf8')), path };
}

/** `crun version 1.8.1` / `runc version 1.1.5+ds1`, then `commit: …`. */
export function parseVersion(text: string): Omit<RuntimeVersion, 'path'> {
  const [, name = 'unknown', version = 'unknown'] = /^(\S+) version (\S+)/m.exec(text) ?? [];
  const commit = /^commit: (\S+)/m.exec(text)?.[1] ?? '';
  return { name, version, commit };
}
