import type { ContainerId } from '../../base/mod.ts';
import type { PortRequest, Sandbox } from '../net.ts';
import type { OpenSandbox } from './namespace.ts';

/**
 * What lives and dies with a sandbox beside its endpoints: published ports, the name server. Each may write what it
 * made into the sandbox that it is given, which is what the container's record keeps.
 */
export interface SandboxService {
  /** Checks and reserves, before anything is in the kernel. */
  prepare?(id: ContainerId, sandbox: Sandbox, ports: readonly PortRequest[]): Promise<void>;
  /** The endpoints of a new sandbox are up, its program does not run yet. */
  open(id: ContainerId, sandbox: Sandbox, namespace: OpenSandbox): Promise<void>;
  /**
   * The endpoints of a running sandbox changed: `sandbox` is what it will be, `before` what it was. On failure the
   * caller changes it back by a second call. `namespace` is open.
   */
  change(
    id: ContainerId,
    sandbox: Sandbox,
    change: { before: Sandbox; ports: readonly PortRequest[]; namespace: OpenSandbox },
  ): Promise<void>;
  /** Its endpoints are called otherwise. */
  rename?(id: ContainerId, sandbox: Sandbox): Promise<void>;
  /** Idempotent. `sandbox` is undefined where nothing is known of it. */
  close(id: ContainerId, sandbox: Sandbox | undefined): Promise<void>;
  /** Gives reservations back: the last step of a tear-down, whatever failed before. */
  release?(id: ContainerId, sandbox: Sandbox | undefined): void;
  /** After a daemon start: these are all sandboxes there are. */
  restore(live: readonly { id: ContainerId; sandbox: Sandbox }[]): Promise<void>;
}
