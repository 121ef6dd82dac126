import { randomBytes } from 'node:crypto';
import type { LogMessage, SenderContext } from '../sender.ts';

const ERROR = 3;
const INFO = 6;
/** Compat: go-gelf's size of a chunk with its header. */
const CHUNK = 1420;
const CHUNK_HEADER = 12;
const MAX_CHUNKS = 128;

/** The fields that are the same in each message of a container. Spec: GELF 1.1: those of one's own begin with `_`. */
export function gelfExtra(context: SenderContext): Record<string, string> {
  const { id, name, imageId, imageName, command, tag, created, attrs } = context;
  const extra: Record<string, string> = {
    _command: command,
    _container_id: id,
    _container_name: name,
    _created: created,
    _image_id: imageId,
    _image_name: imageName,
    _tag: tag,
  };
  for (const [key, value] of Object.entries(attrs)) extra[key.startsWith('_') ? key : `_${key}`] = value;
  return extra;
}

/** One message as JSON. Compat: the time in seconds, to the millisecond. */
export function gelfMessage(hostname: string, extra: Record<string, string>, message: LogMessage): Buffer {
  return Buffer.from(
    JSON.stringify({
      version: '1.1',
      host: hostname,
      short_message: Buffer.from(message.line).toString(),
      timestamp: Number(message.time / 1_000_000n) / 1000,
      level: message.stream === 'stderr' ? ERROR : INFO,
      ...extra,
    }),
  );
}

/**
 * The datagrams of one message. Spec: GELF via UDP: what does not fit into one is cut into at most 128, each with the
 * magic bytes 1e 0f, eight of an id, its number and how many there are. Undefined if it is too long even so.
 */
export function gelfDatagrams(bytes: Uint8Array): Uint8Array[] | undefined {
  if (bytes.length <= CHUNK) return [bytes];
  const room = CHUNK - CHUNK_HEADER;
  const count = Math.ceil(bytes.length / room);
  if (count > MAX_CHUNKS) return undefined;
  const id = randomBytes(8);
  return Array.from({ length: count }, (_, number) =>
    Buffer.concat([
      Buffer.from([0x1e, 0x0f]),
      id,
      Buffer.from([number, count]),
      bytes.subarray(number * room, (number + 1) * room),
    ]),
  );
}
