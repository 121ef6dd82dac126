import type { OpenSender } from './sender.ts';
import type { SenderName } from './sender-names.ts';

const OPEN: Record<SenderName, () => Promise<OpenSender>> = {
  fluentd: async () => (await import('./fluentd/fluentd.ts')).openFluentd,
  gelf: async () => (await import('./gelf/gelf.ts')).openGelf,
  journald: async () => (await import('./journald/journald.ts')).openJournald,
  splunk: async () => (await import('./splunk/splunk.ts')).openSplunk,
  syslog: async () => (await import('./syslog/syslog.ts')).openSyslog,
};

/** Loads a driver. */
export function senderOf(name: SenderName): Promise<OpenSender> {
  return OPEN[name]();
}
