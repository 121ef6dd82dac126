/** What a fluentd record is made of. `time` is fluentd's EventTime. */
export type Packable = string | number | Uint8Array | EventTime | Packable[] | { [key: string]: Packable };

/** Spec: fluentd's forward protocol, 1.2: seconds and nanoseconds, as ext type 0. */
export class EventTime {
  readonly seconds: number;
  readonly nanos: number;

  constructor(time: bigint) {
    this.seconds = Number(time / 1_000_000_000n);
    this.nanos = Number(time % 1_000_000_000n);
  }
}

/** Encodes a value. Spec: MessagePack; whole numbers below 2^32, texts (bytes as texts: a line need not be UTF-8). */
export function pack(value: Packable): Buffer {
  const parts: Uint8Array[] = [];
  add(parts, value);
  return Buffer.concat(parts);
}

function add(parts: Uint8Array[], value: Packable): void {
  if (typeof value === 'number') parts.push(uint(value));
  else if (typeof value === 'string') addText(parts, Buffer.from(value));
  else if (value instanceof Uint8Array) addText(parts, value);
  else if (value instanceof EventTime) parts.push(eventTime(value));
  else if (Array.isArray(value)) {
    parts.push(head(value.length, 0x90, 15, 0xdc));
    for (const one of value) add(parts, one);
  } else {
    const entries = Object.entries(value);
    parts.push(head(entries.length, 0x80, 15, 0xde));
    for (const [key, one] of entries) {
      addText(parts, Buffer.from(key));
      add(parts, one);
    }
  }
}

function addText(parts: Uint8Array[], bytes: Uint8Array): void {
  if (bytes.length < 256 && bytes.length > 31) parts.push(Uint8Array.of(0xd9, bytes.length));
  else parts.push(head(bytes.length, 0xa0, 31, 0xda));
  parts.push(bytes);
}

/** A length: in the first byte up to `fix`, else 16 or 32 bits behind `large` or the code after it. */
function head(length: number, small: number, fix: number, large: number): Uint8Array {
  if (length <= fix) return Uint8Array.of(small | length);
  const bytes = Buffer.alloc(length < 0x10000 ? 3 : 5);
  bytes[0] = length < 0x10000 ? large : large + 1;
  if (length < 0x10000) bytes.writeUInt16BE(length, 1);
  else bytes.writeUInt32BE(length, 1);
  return bytes;
}

function uint(value: number): Uint8Array {
  if (value < 0x80) return Uint8Array.of(value);
  const bytes = Buffer.alloc(5);
  bytes[0] = 0xce;
  bytes.writeUInt32BE(value, 1);
  return bytes;
}

function eventTime({ seconds, nanos }: EventTime): Uint8Array {
  const bytes = Buffer.alloc(10);
  bytes[0] = 0xd7;
  bytes.writeUInt32BE(seconds, 2);
  bytes.writeUInt32BE(nanos, 6);
  return bytes;
}
