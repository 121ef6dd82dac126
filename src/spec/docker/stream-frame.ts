/** Which stream a frame belongs to. Spec: Engine API, "Stream format" of ContainerAttach. */
export const STDIN = 0;
export const STDOUT = 1;
export const STDERR = 2;
export const SYSTEM_ERROR = 3;
export type StreamType = typeof STDIN | typeof STDOUT | typeof STDERR | typeof SYSTEM_ERROR;

/** The 8-byte header in front of `length` bytes of `stream`: [type, 0, 0, 0, length as u32 big-endian]. */
export function frameHeader(stream: StreamType, length: number): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(length, 4);
  return header;
}

/** Cuts a framed byte stream into frames, however it is chunked. */
export class FrameDecoder {
  #pending: Buffer = Buffer.alloc(0);

  /** Gives the frames that are complete with `chunk`. */
  *push(chunk: Uint8Array): Generator<{ stream: StreamType; data: Buffer }> {
    let rest = this.#pending.length > 0 ? Buffer.concat([this.#pending, chunk]) : Buffer.from(chunk);
    while (rest.length >= 8) {
      const length = rest.readUInt32BE(4);
      if (rest.length < 8 + length) break;
      yield { stream: rest[0] as StreamType, data: rest.subarray(8, 8 + length) };
      rest = rest.subarray(8 + length);
    }
    this.#pending = rest;
  }
}
