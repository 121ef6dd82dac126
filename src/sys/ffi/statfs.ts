import { cString } from './file-calls.ts';
import { check, libc } from './libc.ts';

const statfsC = libc.func('statfs', 'int', ['void *', 'void *']);
/** Spec: statfs(2), `struct statfs` on 64-bit machines. */
const SIZE = 120;
const FLAGS_AT = 80;

/** What a mount forbids, as mount(8) calls it. Spec: statfs(2), `f_flags`. */
const WORDS: readonly (readonly [number, string])[] = [
  [1, 'ro'],
  [2, 'nosuid'],
  [4, 'nodev'],
  [8, 'noexec'],
];

/** What the mount that `path` lies on forbids: `ro`, `nosuid`, `nodev`, `noexec`. Can hang where a server does. */
export function mountRestrictions(path: string): string[] {
  const result = Buffer.alloc(SIZE);
  check('statfs', () => statfsC(cString(path), result), path);
  const flags = result.readBigUInt64LE(FLAGS_AT);
  return WORDS.flatMap(([bit, word]) => ((flags & BigInt(bit)) === 0n ? [] : [word]));
}
