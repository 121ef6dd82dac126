import { EngineError } from '../../base/mod.ts';
import type { Container } from './container.ts';

/** All containers of this daemon, found by id, name or a unique prefix of an id. */
export class Directory {
  readonly #byId = new Map<string, Container>();
  readonly #idByName = new Map<string, string>();
  /** By the id of a container, those that link to it. */
  readonly #parents = new Map<string, Set<Container>>();

  add(container: Container): void {
    this.#byId.set(container.id, container);
    // One whose removal failed comes back, and its name may be another's by now.
    if (!this.#idByName.has(container.name)) this.#idByName.set(container.name, container.id);
    for (const child of childrenOf(container)) {
      const parents = this.#parents.get(child) ?? new Set();
      this.#parents.set(child, parents.add(container));
    }
  }

  remove(container: Container): void {
    this.#byId.delete(container.id);
    for (const child of childrenOf(container)) this.#parents.get(child)?.delete(container);
    if (this.#idByName.get(container.name) === container.id) this.#idByName.delete(container.name);
  }

  /**
   * Takes a name before anything of the container exists, so that of two creates one fails. Throws `conflict` in
   * Docker's words.
   */
  reserve(name: string, id: string): void {
    const holder = this.#idByName.get(name);
    if (holder !== undefined && holder !== id) {
      throw new EngineError(
        'conflict',
        `Conflict. The container name "/${name}" is already in use by container "${holder}". You have to remove (or rename) that container to be able to reuse that name.`,
      );
    }
    this.#idByName.set(name, id);
  }

  /** Gives a reserved name back; does nothing if another container holds it. */
  unreserve(name: string, id: string): void {
    if (this.#idByName.get(name) === id) this.#idByName.delete(name);
  }

  isNameTaken(name: string): boolean {
    return this.#idByName.has(name);
  }

  /** The containers that link to it. */
  parentsOf(id: string): Container[] {
    return [...(this.#parents.get(id) ?? [])];
  }

  get(id: string): Container | undefined {
    return this.#byId.get(id);
  }

  all(): Container[] {
    return [...this.#byId.values()];
  }

  /** The container that `ref` means. Compat: full id, then name, then unique prefix of an id (moby `GetContainer`). */
  find(ref: string): Container {
    if (ref === '') throw new EngineError('invalid', 'No container name or ID supplied');
    const exact = this.#byId.get(ref) ?? this.#byId.get(this.#idByName.get(ref.replace(/^\//, '')) ?? '');
    if (exact) return exact;
    const matches = /^[0-9a-f]+$/.test(ref) ? this.all().filter(({ id }) => id.startsWith(ref)) : [];
    if (matches.length > 1) {
      throw new EngineError('invalid', `multiple IDs found with provided prefix: ${ref}`);
    }
    const [match] = matches;
    if (!match) throw new EngineError('not-found', `No such container: ${ref}`);
    return match;
  }
}

function childrenOf({ record }: Container): string[] {
  return (record.hostConfig?.Links ?? []).map((link) => link.split(':')[0] ?? '');
}
