import { readFileSync } from 'node:fs';
import type { Logger } from '../base/mod.ts';
import { type Rtnetlink, writeSysctl } from '../sys/mod.ts';

/** Lets the kernel route between interfaces. Where `/proc/sys` cannot be written, somebody else may have seen to it. */
export function forwardPackets(): void {
  switchOn('ipv4/ip_forward');
}

/**
 * The same for IPv6, once there is a network that has it. A host that forwards takes no more advice from routers, and
 * the kernel drops what it learned from them: interfaces with such a default route get `accept_ra` 2 before.
 * Compat: Docker leaves that to the administrator, whose host loses its route.
 */
export function forwardIpv6(rtnetlink: Rtnetlink, log: Logger): void {
  if (isOn('ipv6/conf/all/forwarding') !== false) return;
  const learned = rtnetlink
    .routes()
    .filter(({ prefixLength, advertised }) => advertised && prefixLength === 0);
  for (const { index } of learned) {
    const name = rtnetlink.links().find((link) => link.index === index)?.name;
    const key = `ipv6/conf/${name}/accept_ra`;
    if (name === undefined || read(key) !== '1') continue;
    log.info('the host goes on listening to routers, also now that it forwards IPv6', { interface: name });
    writeSysctl(key, '2');
  }
  switchOn('ipv6/conf/default/forwarding');
  switchOn('ipv6/conf/all/forwarding');
}

function switchOn(key: string): void {
  try {
    writeSysctl(key, '1');
  } catch (error) {
    if (!isOn(key)) throw error;
  }
}

/** undefined if the kernel has no such switch. */
function isOn(key: string): boolean | undefined {
  const value = read(key);
  return value === undefined ? undefined : value !== '0';
}

function read(key: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/net/${key}`, 'utf8').trim();
  } catch {
    return undefined;
  }
}
