interface Borrowed {
  count: number;
  /** Nobody has it mounted but who borrowed it. */
  unmountAtEnd: boolean;
}

/**
 * Mounts that somebody looks into, of containers that may start or end meanwhile. Why not a mount of one's own: two
 * overlays over one writable directory at once are undefined behaviour (kernel, overlayfs.rst).
 */
export class BorrowedMounts {
  readonly #borrowed = new Map<string, Borrowed>();

  /** Gives what gives it back; the last to do so calls `unmount`, if nobody else has it mounted. */
  take(containerId: string, wasMounted: boolean, unmount: () => void): () => void {
    const entry = this.#borrowed.get(containerId) ?? { count: 0, unmountAtEnd: !wasMounted };
    this.#borrowed.set(containerId, entry);
    entry.count++;
    let given = false;
    return () => {
      if (given) return;
      given = true;
      entry.count--;
      if (entry.count > 0 || this.#borrowed.get(containerId) !== entry) return;
      this.#borrowed.delete(containerId);
      if (entry.unmountAtEnd) unmount();
    };
  }

  /** It is mounted for good: whoever borrowed it leaves it so. */
  keep(containerId: string): void {
    const entry = this.#borrowed.get(containerId);
    if (entry) entry.unmountAtEnd = false;
  }

  /** True if it is borrowed: it is unmounted when that has ended. */
  defer(containerId: string): boolean {
    const entry = this.#borrowed.get(containerId);
    if (entry) entry.unmountAtEnd = true;
    return entry !== undefined;
  }

  /** It goes now, whoever looks into it. */
  drop(containerId: string): void {
    this.#borrowed.delete(containerId);
  }
}
