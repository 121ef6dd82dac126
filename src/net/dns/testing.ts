import { randomInt } from 'node:crypto';
import { encodeName } from './message.ts';

/** A query as a client writes it. */
export function queryBytes(
  name: string,
  type: number,
  { id = randomInt(0x1_0000), udpSize, edns = 0 }: { id?: number; udpSize?: number; edns?: number } = {},
): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(id, 0);
  head.writeUInt16BE(0x0100, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(udpSize === undefined ? 0 : 1, 10);
  const encoded = name === '' ? Buffer.of(0) : encodeName(name);
  if (!encoded) throw new RangeError(`not a name: ${name}`);
  const tail = Buffer.of(type >> 8, type & 255, 0, 1);
  const opt = Buffer.of(0, 0, 41, (udpSize ?? 0) >> 8, (udpSize ?? 0) & 255, 0, edns, 0, 0, 0, 0);
  return Buffer.concat([head, encoded, tail, udpSize === undefined ? Buffer.of() : opt]);
}

export interface ReadReply {
  id: number;
  rcode: number;
  cut: boolean;
  /** Addresses and names, as text. */
  answers: string[];
  ttls: number[];
}

/** Reads an answer by other means than those that wrote it; throws where it is not well formed. */
export function readReply(bytes: Uint8Array): ReadReply {
  const all = Buffer.from(bytes);
  const flags = all.readUInt16BE(2);
  if (!(flags & 0x8000)) throw new Error('not an answer');
  let at = 12;
  const name = (): string => {
    const labels: string[] = [];
    let here = at;
    for (let jumped = false; ; ) {
      const length = all.readUInt8(here);
      if (length >= 0xc0) {
        if (!jumped) at = here + 2;
        if (jumped) throw new Error('a pointer to a pointer');
        jumped = true;
        here = all.readUInt16BE(here) & 0x3fff;
        continue;
      }
      if (length === 0) {
        if (!jumped) at = here + 1;
        return labels.join('.');
      }
      labels.push(all.toString('latin1', here + 1, here + 1 + length));
      here += 1 + length;
    }
  };
  for (let index = all.readUInt16BE(4); index > 0; index--) {
    name();
    at += 4;
  }
  const answers: string[] = [];
  const ttls: number[] = [];
  for (let index = all.readUInt16BE(6); index > 0; index--) {
    name();
    const type = all.readUInt16BE(at);
    ttls.push(all.readUInt32BE(at + 4));
    const length = all.readUInt16BE(at + 8);
    at += 10;
    const end = at + length;
    if (type === 1) answers.push([...all.subarray(at, end)].join('.'));
    else if (type === 28) answers.push(all.toString('hex', at, end));
    else answers.push(name());
    at = end;
  }
  for (let index = all.readUInt16BE(8) + all.readUInt16BE(10); index > 0; index--) {
    name();
    at += 10 + all.readUInt16BE(at + 8);
  }
  if (at !== all.length) throw new Error(`${all.length - at} bytes too many: ${all.toString('hex')}`);
  return { id: all.readUInt16BE(0), rcode: flags & 15, cut: (flags & 0x200) !== 0, answers, ttls };
}
