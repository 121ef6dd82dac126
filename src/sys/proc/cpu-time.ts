import { readFileSync } from 'node:fs';

/** Nanoseconds of a clock tick; user space sees 100 a second on every architecture. */
const TICK = 10_000_000;
/** user, nice, system, idle, iowait, irq, softirq: what is stolen by other machines, and guests', do not count again. */
const COUNTED = 7;

/** Time of the machine's CPUs, busy or not, since boot. */
export interface CpuTime {
  nanoseconds: number;
  online: number;
}

/** Compat: the `system_cpu_usage` of Docker's stats. Spec: proc_stat(5). */
export function readCpuTime(): CpuTime {
  return parseCpuTime(readFileSync('/proc/stat', 'latin1'));
}

export function parseCpuTime(text: string): CpuTime {
  const [, all = ''] = /^cpu +(.*)$/m.exec(text) ?? [];
  const ticks = all
    .split(' ')
    .slice(0, COUNTED)
    .reduce((sum, figure) => sum + Number(figure), 0);
  return { nanoseconds: ticks * TICK, online: text.match(/^cpu\d+ /gm)?.length ?? 0 };
}
