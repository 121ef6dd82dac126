/** Drivers that send output away; each has a folder beside this file. */
export const SENDERS = ['fluentd', 'gelf', 'journald', 'splunk', 'syslog'] as const;

export type SenderName = (typeof SENDERS)[number];

export function isSender(name: string): name is SenderName {
  return (SENDERS as readonly string[]).includes(name);
}
