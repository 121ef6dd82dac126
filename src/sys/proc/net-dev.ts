import { readFileSync } from 'node:fs';

/** What an interface has carried since it was made. */
export interface InterfaceCounters {
  rxBytes: number;
  rxPackets: number;
  rxErrors: number;
  rxDropped: number;
  txBytes: number;
  txPackets: number;
  txErrors: number;
  txDropped: number;
}

/** The interfaces of a process's network namespace, by name; none if there is no such process. Spec: proc_pid_net(5). */
export function readNetDev(pid: number): Map<string, InterfaceCounters> {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/net/dev`, 'latin1');
  } catch {
    return new Map();
  }
  return parseNetDev(text);
}

/** Two lines of titles, then `  eth0: 1112 12 0 0 0 0 0 0 …`: eight figures of what came, eight of what went. */
export function parseNetDev(text: string): Map<string, InterfaceCounters> {
  const found = new Map<string, InterfaceCounters>();
  for (const line of text.split('\n').slice(2)) {
    const colon = line.lastIndexOf(':');
    if (colon < 0) continue;
    const figures = line
      .slice(colon + 1)
      .trim()
      .split(/ +/)
      .map(Number);
    const at = (index: number) => figures[index] ?? 0;
    found.set(line.slice(0, colon).trim(), {
      rxBytes: at(0),
      rxPackets: at(1),
      rxErrors: at(2),
      rxDropped: at(3),
      txBytes: at(8),
      txPackets: at(9),
      txErrors: at(10),
      txDropped: at(11),
    });
  }
  return found;
}
