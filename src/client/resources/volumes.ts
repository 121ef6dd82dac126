import type { Api } from '../api.ts';
import { type Filters, filtersQuery } from '../filters.ts';

/** Spec: Engine API, `Volume`. */
export interface Volume {
  Name: string;
  Driver: string;
  Mountpoint: string;
  CreatedAt?: string;
  Labels: Record<string, string> | null;
  Scope: string;
  Options: Record<string, string> | null;
}

export interface CreateVolumeBody {
  Name?: string;
  Driver?: string;
  DriverOpts?: Record<string, string>;
  Labels?: Record<string, string>;
}

/** Calls on volumes. */
export class Volumes {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  list(
    options: { filters?: Filters } = {},
  ): Promise<{ Volumes: Volume[] | null; Warnings: string[] | null }> {
    return this.#api.json('GET', '/volumes', { query: { filters: filtersQuery(options.filters) } });
  }

  create(body: CreateVolumeBody): Promise<Volume> {
    return this.#api.json('POST', '/volumes/create', { body });
  }

  remove(name: string, options: { force?: boolean } = {}): Promise<void> {
    return this.#api.json('DELETE', `/volumes/${encodeURIComponent(name)}`, { query: { ...options } });
  }

  /** Removes anonymous volumes that no container uses; with the filter `all`, others too. */
  prune(filters?: Filters): Promise<{ VolumesDeleted: string[] | null; SpaceReclaimed: number }> {
    return this.#api.json('POST', '/volumes/prune', { query: { filters: filtersQuery(filters) } });
  }

  /** The inspect answer as the engine wrote it. */
  inspectText(name: string): Promise<string> {
    return this.#api.text('GET', `/volumes/${encodeURIComponent(name)}`);
  }
}
