/**
 * What is done inside a container's or volume's tree. Every path is resolved beneath the root by the kernel
 * (`openat2(RESOLVE_IN_ROOT)`), never by joining strings: links in there are hostile.
 */
export interface RootFs {
  /**
   * Resolves `User` of a container's config (`name`, `uid`, `name:group`, `uid:gid`, …) with the tree's own
   * /etc/passwd and /etc/group (bounded in size, regular files only). '' is root.
   * Throws `invalid` with Docker's sentence, e.g. `unable to find user foo: no matching entries in passwd file`.
   */
  lookupUser(root: string, user: string, groupAdd: string[]): Promise<ResolvedUser>;
  /** Makes the working directory (and parents, 0755, owned by `owner`) if it is not there. Rejects non-directories. */
  ensureDirectory(root: string, path: string, owner: { uid: number; gid: number }): Promise<void>;
  /**
   * Makes a mount point for `path`: a directory, or an empty file (and its parents). Gives the resolved path as the
   * container sees it. Leaves what is there.
   */
  ensureMountPoint(
    root: string,
    path: string,
    make: { kind: 'directory' | 'file'; owner: { uid: number; gid: number } },
  ): Promise<string>;
  /**
   * Copies the tree's content at `path` into a volume directory if that is empty, with owners, modes, xattrs, times,
   * links. `openVolume` gives the directory, and is asked only where the tree has something to copy.
   */
  copyUp(root: string, path: string, openVolume: () => Promise<string>): Promise<void>;
}

export interface ResolvedUser {
  uid: number;
  gid: number;
  additionalGids: number[];
  /** Home directory from passwd; '/' if unknown. */
  home: string;
}
