import type { LogMessage, SenderContext } from '../sender.ts';

const ERROR = '3';
const INFO = '6';

/** Fields that are the same in each entry of a container. Compat: moby `daemon/logger/journald`. */
export function journalFields(context: SenderContext): Record<string, string> {
  const { id, name, imageName, tag, attrs } = context;
  const fields: Record<string, string> = {
    CONTAINER_ID: id.slice(0, 12),
    CONTAINER_ID_FULL: id,
    CONTAINER_NAME: name,
    CONTAINER_TAG: tag,
    IMAGE_NAME: imageName,
    SYSLOG_IDENTIFIER: tag,
  };
  for (const [key, value] of Object.entries(attrs)) {
    const field = fieldName(key);
    if (field !== '') fields[field] = value;
  }
  return fields;
}

/** Spec: systemd.journal-fields(7): capital letters, digits and underscores, none of these at the beginning. */
export function fieldName(key: string): string {
  return [...key]
    .map((letter) => (/[a-z]/.test(letter) ? letter.toUpperCase() : /[A-Z0-9]/.test(letter) ? letter : '_'))
    .join('')
    .replace(/^_+/, '');
}

/** One entry. Spec: systemd's native journal protocol: `NAME=value`, or with a newline in it its length as 64 bits. */
export function journalEntry(fields: Record<string, string>, message: LogMessage): Buffer {
  const { partial } = message;
  const parts = [
    field('MESSAGE', message.line),
    field('PRIORITY', message.stream === 'stderr' ? ERROR : INFO),
    // Compat: the record's own time, beside the journal's.
    field('SYSLOG_TIMESTAMP', rfc3339(message.time)),
    ...Object.entries(fields).map(([name, value]) => field(name, value)),
  ];
  if (partial) {
    parts.push(field('CONTAINER_PARTIAL_ID', partial.id));
    parts.push(field('CONTAINER_PARTIAL_ORDINAL', String(partial.ordinal)));
    parts.push(field('CONTAINER_PARTIAL_LAST', String(partial.last)));
    if (!partial.last) parts.push(field('CONTAINER_PARTIAL_MESSAGE', 'true'));
  }
  return Buffer.concat(parts);
}

function field(name: string, value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as string);
  if (!bytes.includes(0x0a)) return Buffer.concat([Buffer.from(`${name}=`), bytes, Buffer.from('\n')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([Buffer.from(`${name}\n`), length, bytes, Buffer.from('\n')]);
}

function rfc3339(time: bigint): string {
  const seconds = new Date(Number(time / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${(time % 1_000_000_000n).toString().padStart(9, '0')}Z`;
}
