import type { Framing } from './socket-body.ts';

/** Requests with bodies of hundreds of megabytes as a rule. */
const LARGE = /^POST (?:http:\/\/[^/ ]*)?(?:\/v[\d.]+)?\/images\/load(?:\?[^ ]*)? HTTP\/1\.1\r\n/;

/** The token by which the front marks them. */
const TOKEN = 'minke-body';

/**
 * `bytes`, which begin with the request head `head` (without its last line break), with the body's framing moved into an
 * Upgrade header: the HTTP server then hands the connection over with the body unread. Left alone is what asks for more
 * than that: `Expect`, an Upgrade of its own, a framing that is not plain.
 */
export function markLargeBody(bytes: Buffer, head: string): Buffer {
  const line = LARGE.exec(head)?.[0];
  if (line === undefined || /\r\n(?:upgrade|expect|te|trailer)[ \t]*:/i.test(head)) return bytes;
  const framings = [...head.matchAll(/\r\n(transfer-encoding|content-length)[ \t]*:[ \t]*([^\r\n]*)/gi)];
  const [framing] = framings;
  if (!framing || framings.length > 1) return bytes;
  const [, name = '', value = ''] = framing;
  const token = isLength(name) ? lengthOf(value) : value.trim().toLowerCase();
  if (token === undefined || (!isLength(name) && token !== 'chunked')) return bytes;
  const rest = head
    .slice(line.length)
    .replace(/(^|\r\n)(?:transfer-encoding|content-length|connection)[ \t]*:[^\r\n]*(?=\r\n)/gi, '')
    .replace(/^\r\n/, '');
  const marked = `${line}Connection: Upgrade\r\nUpgrade: ${TOKEN}/${token}\r\n${rest}`;
  return Buffer.concat([Buffer.from(marked, 'latin1'), bytes.subarray(head.length)]);
}

/** How the body is framed behind a head that was marked; undefined for any other. */
export function largeBodyFraming(upgrade: string | undefined): Framing | undefined {
  const token = /^minke-body\/(chunked|\d{1,15})$/.exec(upgrade ?? '')?.[1];
  if (token === undefined) return undefined;
  return token === 'chunked' ? 'chunked' : Number(token);
}

function isLength(name: string): boolean {
  return name.toLowerCase() === 'content-length';
}

function lengthOf(text: string): string | undefined {
  return /^(\d{1,15})[ \t]*$/.exec(text)?.[1];
}
