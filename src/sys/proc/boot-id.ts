import { readFileSync } from 'node:fs';

let id: string | undefined;

/** The kernel's name for this boot: another one means that the machine was down in between. */
export function bootId(): string {
  id ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return id;
}
