import { readFileSync } from 'node:fs';
import { writeSysctl } from '../sys/mod.ts';

/** Lets the kernel route between interfaces. Where `/proc/sys` cannot be written, somebody else may have seen to it. */
export function forwardPackets(): void {
  try {
    writeSysctl('ipv4/ip_forward', '1');
  } catch (error) {
    if (readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim() !== '1') throw error;
  }
}
