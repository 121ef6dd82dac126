import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';

/** Names in the order of their numbers. Spec: linux/capability.h. */
export const CAPABILITIES = [
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE',
  'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT',
  'SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP',
  'MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE',
].flatMap((line) => line.split(' ').map((name) => `CAP_${name}`));

/** The capabilities that this process may use and pass on. */
export function ownCapabilities(): string[] {
  const status = readFileSync('/proc/self/status', 'latin1');
  const mask = (field: string) =>
    BigInt(`0x${new RegExp(`^${field}:\\s*([0-9a-f]+)`, 'm').exec(status)?.[1] ?? '0'}`);
  const held = mask('CapPrm') & mask('CapBnd');
  return CAPABILITIES.filter((_, bit) => (held >> BigInt(bit)) & 1n);
}

/** Identity of this process's mount namespace. */
export function ownMountNamespace(): string {
  return readlinkSync('/proc/self/ns/mnt');
}

/** Asks to be spared by the OOM killer as far as we may: lowering takes CAP_SYS_RESOURCE. */
export function lowerOomScore(score: number): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', String(score));
  } catch {
    // As it was, then.
  }
}
