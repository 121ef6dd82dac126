/**
 * A string of which each character is one byte (`latin1`). Names in archives are bytes: they need not be UTF-8, and
 * must come back as they were. Split, compare and use it as a key like any string; show it with `displayBytes`.
 */
export type ByteString = string & { readonly __brand: 'ByteString' };

/** The bytes of `text` in UTF-8. */
export function toByteString(text: string): ByteString {
  return Buffer.from(text, 'utf8').toString('latin1') as ByteString;
}

/** For messages: the text, with a replacement character for each byte that is not UTF-8. */
export function displayBytes(bytes: ByteString): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
