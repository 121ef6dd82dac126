import { EngineError } from '../../../base/mod.ts';
import { type ByteString, displayBytes, toByteString } from '../../../spec/tar/mod.ts';
import { cleanMemberPath, type MemberPath, splitMemberPath } from '../../layers/stage/member-path.ts';

/** What a name in an archive stands for. */
type Node<T> =
  | { kind: 'content'; content: T }
  | { kind: 'directory' }
  | { kind: 'symlink'; target: ByteString }
  | { kind: 'hardlink'; target: MemberPath };

/** Compat: Docker follows as many. */
const MAX_LINKS = 255;
const MAX_MEMBERS = 1 << 20;
const MAX_NAME_BYTES = 64 << 20;

/**
 * The members of an archive by name, with its links, in memory only: what a document in it calls `a/b` is found
 * without any path of it reaching the host. Later members take the place of earlier ones.
 */
export class MemberTree<T> {
  readonly #nodes = new Map<MemberPath, Node<T>>();
  #bytes = 0;
  #members = 0;

  /** A member begins. Throws `invalid` for a name outside of the archive, and for more names than anybody has. */
  nameOf(name: ByteString, linkName: ByteString): MemberPath {
    this.#bytes += name.length + linkName.length;
    if (++this.#members > MAX_MEMBERS || this.#bytes > MAX_NAME_BYTES) {
      throw new EngineError('invalid', 'the archive has too many members');
    }
    return cleanMemberPath(name);
  }

  /** Gives the content that the name had before, for it is not in the archive any more. */
  content(path: MemberPath, content: T): T | undefined {
    return this.#put(path, { kind: 'content', content });
  }

  directory(path: MemberPath): T | undefined {
    return this.#put(path, { kind: 'directory' });
  }

  symlink(path: MemberPath, target: ByteString): T | undefined {
    return this.#put(path, { kind: 'symlink', target });
  }

  /** Throws `invalid` for a target outside of the archive. */
  hardlink(path: MemberPath, target: ByteString): T | undefined {
    return this.#put(path, { kind: 'hardlink', target: cleanMemberPath(target) });
  }

  /**
   * What `path`, as a document in the archive spells it, means; undefined if there is no such file. Links are followed
   * within the archive: `..` above its root stays there, as in a chroot. Throws `invalid` for a loop.
   */
  find(path: string): T | undefined {
    const rest = componentsOf(toByteString(path));
    let at: string[] = [];
    let links = 0;
    for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
      if (part === '..') {
        at.pop();
        continue;
      }
      at.push(part);
      const node = this.#nodes.get(at.join('/') as MemberPath);
      if (node?.kind === 'symlink') {
        at = node.target.startsWith('/') ? [] : at.slice(0, -1);
        rest.unshift(...componentsOf(node.target));
      } else if (node?.kind === 'hardlink') {
        at = [];
        rest.unshift(...componentsOf(node.target));
      } else continue;
      if (++links > MAX_LINKS) throw new EngineError('invalid', `too many links in ${JSON.stringify(path)}`);
    }
    const node = this.#nodes.get(at.join('/') as MemberPath);
    return node?.kind === 'content' ? node.content : undefined;
  }

  #put(path: MemberPath, node: Node<T>): T | undefined {
    if (path === '') {
      if (node.kind === 'directory') return undefined;
      throw new EngineError('invalid', 'cannot overwrite directory "/" with non-directory "/"');
    }
    const before = this.#nodes.get(path);
    if (before?.kind === 'directory' && node.kind !== 'directory') {
      const shown = JSON.stringify(displayBytes(path));
      throw new EngineError('invalid', `cannot overwrite directory ${shown} with non-directory ${shown}`);
    }
    const { parent } = splitMemberPath(path);
    const above = parent === '' ? undefined : this.#nodes.get(parent)?.kind;
    if (above === 'content' || above === 'hardlink') {
      throw new EngineError('invalid', `mkdir ${JSON.stringify(displayBytes(parent))}: not a directory`);
    }
    this.#nodes.set(path, node);
    return before?.kind === 'content' ? before.content : undefined;
  }
}

function componentsOf(path: ByteString): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}
