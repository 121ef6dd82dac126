import type { RuntimeProcess } from '../../spec/oci/runtime.ts';
import { processCapabilities } from './capabilities.ts';

/** What an exec asks for, resolved. */
export interface ExecProcess {
  args: string[];
  env: string[];
  cwd: string;
  tty: boolean;
  /** [height, width]; [0, 0] = unknown. */
  consoleSize: [number, number];
  /** undefined = as the container's own process. */
  user?: { uid: number; gid: number; additionalGids: number[] };
  privileged: boolean;
}

/**
 * The process of an exec: the container's own with what was asked for instead (pure). Compat: moby
 * `Daemon.ContainerExecStart`. `held`: the daemon's capabilities, which a privileged one gets; limits, no-new-privileges and the seccomp filter stay the container's.
 */
export function execProcess(
  container: RuntimeProcess,
  settings: ExecProcess,
  held: readonly string[],
): RuntimeProcess {
  const { args, env, cwd, tty, privileged } = settings;
  const { terminal: _terminal, consoleSize: _size, ...own } = container;
  const [height, width] = settings.consoleSize;
  const user = settings.user ?? own.user;
  const bounding = own.capabilities?.bounding ?? [];
  return {
    ...own,
    ...(tty && { terminal: true }),
    ...(tty && height > 0 && width > 0 && { consoleSize: { height, width } }),
    user,
    args,
    env,
    cwd,
    capabilities: processCapabilities(privileged ? [...held] : bounding, user.uid),
  };
}
