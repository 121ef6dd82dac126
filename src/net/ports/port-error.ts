import { constants } from 'node:os';
import { EngineError } from '../../base/mod.ts';
import type { PortRequest } from '../net.ts';

/**
 * A host port that cannot be published. The message is the part of Docker's sentence that the network knows; the
 * engine puts `driver failed programming external connectivity on endpoint NAME (ID): ` before it.
 * Compat: Docker answers 500, so the code is `internal`.
 */
export class PortError extends EngineError {
  readonly protocol: PortRequest['protocol'];
  readonly hostIp: string;
  readonly hostPort: number;
  /** Whose it is: another container's, or a process's of the host (or the address is not there, or forbidden). */
  readonly heldBy: 'container' | 'host';

  constructor(
    protocol: PortRequest['protocol'],
    hostIp: string,
    hostPort: number,
    heldBy: 'container' | 'host',
    errno = 0,
  ) {
    const where = `${hostIp.includes(':') ? `[${hostIp}]` : hostIp}:${hostPort}`;
    super(
      'internal',
      heldBy === 'container'
        ? `Bind for ${where} failed: port is already allocated`
        : `failed to bind host port ${where}/${protocol}: ${bindFailure(errno)}`,
    );
    this.protocol = protocol;
    this.hostIp = hostIp;
    this.hostPort = hostPort;
    this.heldBy = heldBy;
  }
}

function bindFailure(errno: number): string {
  switch (errno) {
    case constants.errno.EADDRINUSE:
      return 'address already in use';
    case constants.errno.EADDRNOTAVAIL:
      return 'cannot assign requested address';
    case constants.errno.EACCES:
      return 'permission denied';
    case constants.errno.EPROTONOSUPPORT:
      return 'protocol not supported';
    default:
      return `errno ${errno}`;
  }
}
