import type { LogMessage, SenderContext } from '../sender.ts';
import type { SyslogFormat } from './options.ts';

const ERROR = 3;
const INFO = 6;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MS = 1_000_000n;

export interface SyslogLayout {
  facility: number;
  format: SyslogFormat;
  /** Spec: RFC 5425, 4.3: the length of each message stands before it. */
  counted: boolean;
}

/**
 * One message as Docker lays it out. Compat: `''` has no host name, which is what a local syslog wants; the tag is also
 * the APP-NAME and MSGID of RFC 5424; each ends with a newline, also inside a count. The time is that of the record.
 */
export function syslogMessage(layout: SyslogLayout, context: SenderContext, message: LogMessage): Uint8Array {
  const { tag, hostname } = context;
  const priority = layout.facility * 8 + (message.stream === 'stderr' ? ERROR : INFO);
  const head = headOf(layout.format, priority, message.time, hostname, tag);
  const text = Buffer.concat([Buffer.from(head), message.line, Buffer.from('\n')]);
  return layout.counted ? Buffer.concat([Buffer.from(`${text.length} `), text]) : text;
}

function headOf(format: SyslogFormat, priority: number, time: bigint, hostname: string, tag: string): string {
  const { pid } = process;
  const date = new Date(Number(time / MS));
  switch (format) {
    case '':
      return `<${priority}>${stamp(date)} ${tag}[${pid}]: `;
    case 'rfc3164':
      return `<${priority}>${stamp(date)} ${hostname} ${tag}[${pid}]: `;
    case 'rfc5424':
      return `<${priority}>1 ${rfc3339(date, '')} ${hostname} ${tag} ${pid} ${tag} - `;
    case 'rfc5424micro': {
      const micro = ((time / 1000n) % 1_000_000n).toString().padStart(6, '0').replace(/0+$/, '');
      return `<${priority}>1 ${rfc3339(date, micro && `.${micro}`)} ${hostname} ${tag} ${pid} ${tag} - `;
    }
  }
}

/** Spec: RFC 3164, 4.1.2: local time, the day padded by a space. */
function stamp(date: Date): string {
  const day = String(date.getDate()).padStart(2, ' ');
  return `${MONTHS[date.getMonth()]} ${day} ${clock(date)}`;
}

function rfc3339(date: Date, fraction: string): string {
  const offset = -date.getTimezoneOffset();
  const hours = two(Math.floor(Math.abs(offset) / 60));
  const zone = offset === 0 ? 'Z' : `${offset < 0 ? '-' : '+'}${hours}:${two(Math.abs(offset) % 60)}`;
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${clock(date)}${fraction}${zone}`;
}

function clock(date: Date): string {
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
