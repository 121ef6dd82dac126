import { fluentdOptions } from './fluentd/options.ts';
import { gelfOptions } from './gelf/options.ts';
import { journaldOptions } from './journald/options.ts';
import type { SenderName } from './sender-names.ts';
import { splunkOptions } from './splunk/options.ts';
import { syslogOptions } from './syslog/options.ts';

const CHECKS: Record<SenderName, (options: Record<string, string>) => unknown> = {
  fluentd: fluentdOptions,
  gelf: gelfOptions,
  journald: journaldOptions,
  splunk: splunkOptions,
  syslog: syslogOptions,
};

/** Checks the options of a driver that sends; throws `invalid` in Docker's words. */
export function checkSender(name: SenderName, options: Record<string, string>): void {
  CHECKS[name](options);
}
