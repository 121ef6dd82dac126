/**
 * DNS messages (RFC 1035, EDNS by RFC 6891), as much of them as a server needs that passes on what it does not know: the
 * question is read, everything behind it is only stepped over. No compression pointer is ever followed, so a loop of
 * them is nothing to fear. Why not a package: those that parse everything do ten times the work for each hostile packet.
 */

export const TYPE = { A: 1, PTR: 12, MX: 15, AAAA: 28, OPT: 41, ANY: 255 } as const;
export const RCODE = {
  OK: 0,
  FORMAT: 1,
  FAILURE: 2,
  NO_NAME: 3,
  UNKNOWN: 4,
  REFUSED: 5,
  VERSION: 16,
} as const;
export const CLASS_IN = 1;

const HEAD = 12;
const FLAG_RESPONSE = 0x8000;
const FLAG_TRUNCATED = 0x0200;
const FLAG_RECURSION_DESIRED = 0x0100;
const FLAG_RECURSION_AVAILABLE = 0x0080;
const FLAG_CHECKING_DISABLED = 0x0010;
const OPCODE_MASK = 0x7800;
const MAX_NAME = 255;
/** More records than any query has; each costs a few steps. */
const MAX_RECORDS = 64;
/** What we take over UDP, as we tell it. */
const OUR_UDP_SIZE = 1232;
const MIN_UDP_SIZE = 512;
export const MAX_MESSAGE = 65_535;

export interface Query {
  id: number;
  flags: number;
  /** The question's name in lower case without the last dot; undefined where a label is not plain text. */
  name: string | undefined;
  type: number;
  class: number;
  /** The question's bytes, copied. */
  question: Uint8Array;
  edns: { udpSize: number; version: number; wantsDnssec: boolean } | undefined;
}

/** `drop`: nothing that could be answered. An `rcode`: the answer, with no more than a head. */
export type Parsed = { query: Query } | { drop: true } | { rcode: number; id: number; flags: number };

const u16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

/** Reads a query. Never throws, whatever the bytes are. */
export function parseQuery(bytes: Uint8Array): Parsed {
  if (bytes.length < HEAD) return { drop: true };
  const id = u16(bytes, 0);
  const flags = u16(bytes, 2);
  // Answering what says it is an answer would let two servers talk for ever.
  if (flags & FLAG_RESPONSE) return { drop: true };
  if (flags & OPCODE_MASK) return { rcode: RCODE.UNKNOWN, id, flags };
  const malformed = { rcode: RCODE.FORMAT, id, flags };
  if (u16(bytes, 4) !== 1) return malformed;
  const named = readQuestionName(bytes);
  if (!named || named.end + 4 > bytes.length) return malformed;
  const end = named.end + 4;
  const edns = findEdns(bytes, end, u16(bytes, 6) + u16(bytes, 8) + u16(bytes, 10));
  if (edns === 'malformed') return malformed;
  return {
    query: {
      id,
      flags,
      name: named.text,
      type: u16(bytes, named.end),
      class: u16(bytes, named.end + 2),
      question: bytes.slice(HEAD, end),
      edns,
    },
  };
}

/** The end and the text of the name at the head of the question; undefined if it is none. */
function readQuestionName(bytes: Uint8Array): { end: number; text: string | undefined } | undefined {
  let text = '';
  let plain = true;
  let at = HEAD;
  for (;;) {
    const length = bytes[at];
    if (length === undefined || length > 63) return undefined;
    at++;
    if (length === 0) break;
    if (at + length >= bytes.length || at + length - HEAD >= MAX_NAME) return undefined;
    if (text !== '') text += '.';
    for (const stop = at + length; at < stop; at++) {
      const byte = bytes[at] as number;
      if (byte <= 0x20 || byte >= 0x7f || byte === 0x2e) plain = false;
      text += String.fromCharCode(byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte);
    }
  }
  return { end: at, text: plain ? text : undefined };
}

/** Behind a name, which may end in a pointer; undefined if it does not end. */
function skipName(bytes: Uint8Array, from: number): number | undefined {
  for (let at = from; at - from < MAX_NAME; ) {
    const length = bytes[at];
    if (length === undefined) return undefined;
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2;
    if (length > 63) return undefined;
    at += 1 + length;
  }
  return undefined;
}

/** Looks through `count` records for the OPT pseudo record. */
function findEdns(bytes: Uint8Array, from: number, count: number): Query['edns'] | 'malformed' {
  if (count > MAX_RECORDS) return 'malformed';
  let edns: Query['edns'];
  let at = from;
  for (let index = 0; index < count; index++) {
    const root = bytes[at] === 0;
    const afterName = skipName(bytes, at);
    if (afterName === undefined || afterName + 10 > bytes.length) return 'malformed';
    const type = u16(bytes, afterName);
    const end = afterName + 10 + u16(bytes, afterName + 8);
    if (end > bytes.length) return 'malformed';
    if (type === TYPE.OPT) {
      // Spec: RFC 6891, 6.1.1: one at most, of the root.
      if (edns || !root) return 'malformed';
      edns = {
        udpSize: u16(bytes, afterName + 2),
        version: bytes[afterName + 5] ?? 0,
        wantsDnssec: ((bytes[afterName + 6] ?? 0) & 0x80) !== 0,
      };
    }
    at = end;
  }
  return edns;
}

/** How long an answer over UDP may be. */
export function udpLimit(query: Query): number {
  return Math.max(MIN_UDP_SIZE, query.edns?.udpSize ?? 0);
}

export type Answer =
  | { type: typeof TYPE.A | typeof TYPE.AAAA; address: Uint8Array }
  | { type: typeof TYPE.PTR; name: string };

const NAME_OF_QUESTION = Uint8Array.of(0xc0, HEAD);
/** Reused: what is built is sent, or copied, before the next is built. */
const built = new Uint8Array(MAX_MESSAGE);
const view = new DataView(built.buffer);

/** What each answer from us has in its head. */
const answerFlags = (flags: number, rcode: number): number =>
  FLAG_RESPONSE |
  FLAG_RECURSION_AVAILABLE |
  (flags & (OPCODE_MASK | FLAG_RECURSION_DESIRED | FLAG_CHECKING_DISABLED)) |
  (rcode & 15);

function writeHead(id: number, flags: number, counts: [number, number, number, number]): void {
  view.setUint16(0, id);
  view.setUint16(2, flags);
  for (const [index, count] of counts.entries()) view.setUint16(4 + index * 2, count);
}

/** An answer without a question, to what could not be read. The bytes are valid until the next is built. */
export function buildRefusal({ id, flags, rcode }: { id: number; flags: number; rcode: number }): Uint8Array {
  writeHead(id, answerFlags(flags, rcode), [0, 0, 0, 0]);
  return built.subarray(0, HEAD);
}

/**
 * An answer of at most `limit` bytes: what does not fit is left out, and the answer says that it is cut. The bytes are
 * valid until the next is built.
 */
export function buildAnswer(
  query: Query,
  { rcode, answers, ttl }: { rcode: number; answers: readonly Answer[]; ttl: number },
  limit: number,
): Uint8Array {
  built.set(query.question, HEAD);
  let at = HEAD + query.question.length;
  const room = Math.min(limit, MAX_MESSAGE) - (query.edns ? 11 : 0);
  let count = 0;
  for (const answer of answers) {
    const data = answer.type === TYPE.PTR ? encodeName(answer.name) : answer.address;
    if (!data) continue;
    if (at + 12 + data.length > room) break;
    built.set(NAME_OF_QUESTION, at);
    view.setUint16(at + 2, answer.type);
    view.setUint16(at + 4, CLASS_IN);
    view.setUint32(at + 6, ttl);
    view.setUint16(at + 10, data.length);
    built.set(data, at + 12);
    at += 12 + data.length;
    count++;
  }
  const cut = count < answers.length ? FLAG_TRUNCATED : 0;
  writeHead(query.id, answerFlags(query.flags, rcode) | cut, [1, count, 0, query.edns ? 1 : 0]);
  if (query.edns) {
    built.fill(0, at, at + 11);
    view.setUint16(at + 1, TYPE.OPT);
    view.setUint16(at + 3, OUR_UDP_SIZE);
    view.setUint8(at + 5, rcode >> 4);
    view.setUint8(at + 7, query.edns.wantsDnssec ? 0x80 : 0);
    at += 11;
  }
  return built.subarray(0, at);
}

/** Undefined if a label is empty or too long, or the whole is. */
export function encodeName(name: string): Uint8Array | undefined {
  const parts: Buffer[] = [];
  for (const label of name.split('.')) {
    const bytes = Buffer.from(label, 'latin1');
    if (bytes.length === 0 || bytes.length > 63) return undefined;
    parts.push(Buffer.of(bytes.length), bytes);
  }
  const all = Buffer.concat([...parts, Buffer.of(0)]);
  return all.length > MAX_NAME ? undefined : all;
}

/** Whether a message answers a question that was asked under `id`: a reply to that, whatever its result. */
export function answersQuestion(bytes: Uint8Array, id: number, question: Uint8Array): boolean {
  if (bytes.length < HEAD || u16(bytes, 0) !== id || !((bytes[2] ?? 0) & 0x80)) return false;
  // Some servers leave the question out where they refuse.
  if (u16(bytes, 4) === 0) return rcodeOf(bytes) !== RCODE.OK;
  if (u16(bytes, 4) !== 1 || bytes.length < HEAD + question.length) return false;
  return question.every((byte, index) => lower(byte) === lower(bytes[HEAD + index] as number));
}

const lower = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte);

export const rcodeOf = (bytes: Uint8Array): number => (bytes[3] ?? 0) & 15;

export function setId(bytes: Uint8Array, id: number): void {
  bytes[0] = id >> 8;
  bytes[1] = id & 255;
}
