import type { NetworkInspect } from '../../spec/docker/mod.ts';
import type { Api } from '../api.ts';
import { type Filters, filtersQuery } from '../filters.ts';

/** Calls on networks; `id` is an id, a prefix of one, or a name. */
export class Networks {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  list(options: { filters?: Filters } = {}): Promise<NetworkInspect[]> {
    return this.#api.json('GET', '/networks', { query: { filters: filtersQuery(options.filters) } });
  }

  /** The inspect answer as the engine wrote it. */
  inspectText(id: string, options: { verbose?: boolean } = {}): Promise<string> {
    return this.#api.text('GET', `/networks/${encodeURIComponent(id)}`, { query: { ...options } });
  }

  create(body: Record<string, unknown>): Promise<{ Id: string; Warning: string }> {
    return this.#api.json('POST', '/networks/create', { body });
  }

  remove(id: string): Promise<void> {
    return this.#api.json('DELETE', `/networks/${encodeURIComponent(id)}`);
  }

  disconnect(id: string, body: { Container: string; Force: boolean }): Promise<void> {
    return this.#api.json('POST', `/networks/${encodeURIComponent(id)}/disconnect`, { body });
  }

  /** Removes networks that no container is on. */
  prune(filters?: Filters): Promise<{ NetworksDeleted: string[] | null }> {
    return this.#api.json('POST', '/networks/prune', { query: { filters: filtersQuery(filters) } });
  }

  /** Connects a container that exists. */
  connect(id: string, body: { Container: string; EndpointConfig?: unknown }): Promise<void> {
    return this.#api.json('POST', `/networks/${encodeURIComponent(id)}/connect`, { body });
  }
}
