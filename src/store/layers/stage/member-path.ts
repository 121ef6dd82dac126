import { EngineError } from '../../../base/mod.ts';
import { type ByteString, displayBytes } from '../../../spec/tar/mod.ts';

/** A member's name, cleaned: relative to the layer's root, no empty, `.` or `..` component; '' is the root itself. */
export type MemberPath = ByteString & { readonly __member: 'MemberPath' };

/**
 * Cleans a name by its text alone. Compat: a leading slash means the layer's root, as in Docker. A name that leaves
 * the root is refused (Docker's chroot would quietly put it inside).
 */
export function cleanMemberPath(name: ByteString): MemberPath {
  // Nearly all names are clean but for a slash at the end.
  if (!UNCLEAN.test(name)) return (name.endsWith('/') ? name.slice(0, -1) : name) as MemberPath;
  const parts: string[] = [];
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) throw outside(name);
  }
  if (name.includes('\0'))
    throw new EngineError('invalid', `invalid name ${JSON.stringify(displayBytes(name))}`);
  return parts.join('/') as MemberPath;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL cannot be in a name
const UNCLEAN = /^\/|^$|\/\/|(^|\/)\.{1,2}(\/|$)|\x00/;

/** The directory that a member lies in, and its last component. */
export function splitMemberPath(path: MemberPath): { parent: MemberPath; base: ByteString } {
  const slash = path.lastIndexOf('/');
  if (slash < 0) return { parent: '' as MemberPath, base: path };
  return { parent: path.slice(0, slash) as MemberPath, base: path.slice(slash + 1) as ByteString };
}

function outside(name: ByteString): EngineError {
  return new EngineError('invalid', `${JSON.stringify(displayBytes(name))} is outside of "/"`);
}
