/**
 * Netlink (netlink(7)): messages of a 16-byte head, a fixed header of the family, and nested attributes of type,
 * length and value. Host byte order, but where a family says network order.
 */

export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP = 0x300;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_APPEND = 0x800;

export const HEAD = 16;
const NLA_F_NESTED = 0x8000;

/** Everything in a message begins at a multiple of four. */
export const align = (length: number): number => (length + 3) & ~3;

/** One message under construction. `what` names it in errors. */
export class NetlinkMessage {
  readonly what: string;
  readonly flags: number;
  #bytes = Buffer.alloc(256);
  #length = HEAD;

  constructor(what: string, type: number, flags: number, familyHeader: Uint8Array) {
    this.what = what;
    this.flags = flags | NLM_F_REQUEST;
    this.#bytes.writeUInt16LE(type, 4);
    this.#bytes.writeUInt16LE(this.flags, 6);
    this.#append(familyHeader);
  }

  attr(type: number, value: Uint8Array): this {
    const head = Buffer.alloc(4);
    head.writeUInt16LE(4 + value.length, 0);
    head.writeUInt16LE(type, 2);
    this.#append(head);
    this.#append(value);
    return this;
  }

  u8(type: number, value: number): this {
    return this.attr(type, Uint8Array.of(value));
  }

  u16(type: number, value: number): this {
    const bytes = Buffer.alloc(2);
    bytes.writeUInt16LE(value);
    return this.attr(type, bytes);
  }

  u32(type: number, value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value >>> 0);
    return this.attr(type, bytes);
  }

  be32(type: number, value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value >>> 0);
    return this.attr(type, bytes);
  }

  be64(type: number, value: bigint): this {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(value);
    return this.attr(type, bytes);
  }

  /** A string, with the zero that ends it. */
  text(type: number, value: string): this {
    return this.attr(type, Buffer.from(`${value}\0`));
  }

  /** An attribute that holds what `fill` writes, after `header` if there is one. */
  nest(type: number, fill: (message: this) => void, header?: Uint8Array): this {
    const start = this.#length;
    this.attr(type | NLA_F_NESTED, header ?? new Uint8Array());
    fill(this);
    const length = this.#length - start;
    if (length > 0xffff) throw new RangeError(`netlink attribute of ${length} bytes`);
    this.#bytes.writeUInt16LE(length, start);
    return this;
  }

  /** The finished bytes; valid until the message is written to again. */
  finish(sequence: number): Buffer {
    this.#bytes.writeUInt32LE(this.#length, 0);
    this.#bytes.writeUInt32LE(sequence >>> 0, 8);
    return this.#bytes.subarray(0, this.#length);
  }

  #append(bytes: Uint8Array): void {
    const end = this.#length + align(bytes.length);
    if (end > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(end, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = end;
  }
}
