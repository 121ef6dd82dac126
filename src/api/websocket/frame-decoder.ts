/** What a client sent: bytes of a message, or a frame of control. */
export type ClientFrame =
  | { kind: 'data'; payload: Uint8Array }
  | { kind: 'ping'; payload: Uint8Array }
  | { kind: 'close'; payload: Uint8Array };

/** The client broke the protocol; the connection ends with status 1002. */
export class WebSocketError extends Error {
  override readonly name = 'WebSocketError';
}

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const MOST_CONTROL = 125;
const MASK_LENGTH = 4;

interface Header {
  opcode: number;
  /** Of the payload that is still to come. */
  left: number;
  mask: Uint8Array;
  /** Payload seen so far, of which the mask goes round. */
  seen: number;
  control: Uint8Array[];
}

/**
 * Takes a client's side of a WebSocket apart, as its bytes come: the payload of a message is handed on before the
 * message is whole, so that its length does not matter. Text and binary are not told apart: both are input.
 * Spec: RFC 6455, section 5.
 */
export class FrameDecoder {
  #head: Uint8Array = new Uint8Array(0);
  #frame: Header | undefined;
  #inMessage = false;

  /** Throws WebSocketError; then nothing more can be taken. */
  *push(chunk: Uint8Array): Generator<ClientFrame> {
    let rest = chunk;
    for (;;) {
      if (!this.#frame) {
        const joined = join(this.#head, rest);
        const length = headLength(joined);
        if (length === undefined || joined.length < length) {
          this.#head = joined.slice();
          return;
        }
        this.#head = new Uint8Array(0);
        this.#frame = this.#begin(joined.subarray(0, length));
        rest = joined.subarray(length);
      }
      const frame = this.#frame;
      const part = rest.subarray(0, frame.left);
      rest = rest.subarray(part.length);
      const payload = unmask(part, frame);
      frame.left -= part.length;
      if (isControl(frame.opcode)) frame.control.push(payload);
      else if (payload.length > 0) yield { kind: 'data', payload };
      if (frame.left > 0) return;
      this.#frame = undefined;
      if (frame.opcode === OPCODE.ping) yield { kind: 'ping', payload: Buffer.concat(frame.control) };
      if (frame.opcode === OPCODE.close) yield { kind: 'close', payload: Buffer.concat(frame.control) };
      if (rest.length === 0) return;
    }
  }

  #begin(head: Uint8Array): Header {
    const [first = 0, second = 0] = head;
    const opcode = first & 0x0f;
    const isFinal = (first & 0x80) !== 0;
    if ((first & 0x70) !== 0) throw new WebSocketError('reserved bits are set');
    if ((second & 0x80) === 0) throw new WebSocketError('a frame is not masked');
    const left = payloadLength(head);
    if (isControl(opcode)) {
      if (!isFinal || left > MOST_CONTROL) throw new WebSocketError('a frame of control is too long');
      if (opcode > OPCODE.pong) throw new WebSocketError(`unknown opcode ${opcode}`);
    } else {
      if (opcode > OPCODE.binary) throw new WebSocketError(`unknown opcode ${opcode}`);
      if ((opcode === OPCODE.continuation) !== this.#inMessage) {
        throw new WebSocketError('a message begins or goes on at the wrong place');
      }
      this.#inMessage = !isFinal;
    }
    return { opcode, left, mask: head.slice(-MASK_LENGTH), seen: 0, control: [] };
  }
}

function isControl(opcode: number): boolean {
  return opcode >= OPCODE.close;
}

/** Bytes of a frame's head with its mask; undefined if they cannot be told yet. */
function headLength(bytes: Uint8Array): number | undefined {
  const second = bytes[1];
  if (second === undefined) return undefined;
  const extended = { 126: 2, 127: 8 }[second & 0x7f] ?? 0;
  // Without a mask it is refused; its head is whole all the same.
  return 2 + extended + ((second & 0x80) === 0 ? 0 : MASK_LENGTH);
}

function payloadLength(head: Uint8Array): number {
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const short = view.getUint8(1) & 0x7f;
  if (short === 126) return view.getUint16(2);
  if (short < 126) return short;
  const length = view.getBigUint64(2);
  if (length > BigInt(Number.MAX_SAFE_INTEGER)) throw new WebSocketError('a frame is too long');
  return Number(length);
}

function unmask(part: Uint8Array, frame: Header): Uint8Array {
  const plain = new Uint8Array(part.length);
  for (let i = 0; i < part.length; i++) {
    plain[i] = (part[i] ?? 0) ^ (frame.mask[(frame.seen + i) % MASK_LENGTH] ?? 0);
  }
  frame.seen += part.length;
  return plain;
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.length === 0 ? b : Buffer.concat([a, b]);
}
