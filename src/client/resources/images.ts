import type {
  AuthConfig,
  ImageDeleteItem,
  ImageInspect,
  ImageSummary,
  ProgressMessage,
} from '../../spec/docker/mod.ts';
import type { Api } from '../api.ts';
import { type Filters, filtersQuery } from '../filters.ts';
import { jsonRecords } from '../json-stream.ts';

export interface PullOptions {
  /** Repository: `docker.io/library/busybox`, `localhost:5000/app`. */
  fromImage: string;
  /** Tag or digest; without it all tags. */
  tag?: string;
  platform?: string;
  auth?: AuthConfig;
  signal?: AbortSignal;
}

export interface PushOptions {
  tag?: string;
  platform?: string;
  auth?: AuthConfig;
  signal?: AbortSignal;
}

/** One line of an image's history. Spec: Engine API, `ImageHistoryResponseItem`. */
export interface HistoryItem {
  Id: string;
  Created: number;
  CreatedBy: string;
  Tags: string[] | null;
  Size: number;
  Comment: string;
}

/** Spec: Engine API, `ImageSearchResponseItem`. */
export interface SearchHit {
  name: string;
  description: string;
  star_count: number;
  is_official: boolean;
}

export interface ImportOptions {
  /** Repository with tag. */
  repo?: string;
  message?: string;
  /** Instructions of a Dockerfile. */
  changes?: string[];
  platform?: string;
}

/** Calls on images; `name` is a reference or an id. */
export class Images {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Looks for a term in Docker Hub's index, or in that of a registry (`host:port/term`). */
  search(
    term: string,
    options: { limit?: number; filters?: Filters; auth?: AuthConfig } = {},
  ): Promise<SearchHit[]> {
    const { limit, filters, auth } = options;
    return this.#api.json('GET', '/images/search', {
      query: { term, limit, filters: filtersQuery(filters) },
      headers: auth ? { 'X-Registry-Auth': encodeAuth(auth) } : {},
    });
  }

  /** Removes images that no container uses: those without a tag, with the filter `dangling=false` all. */
  prune(filters?: Filters): Promise<{ ImagesDeleted: ImageDeleteItem[] | null; SpaceReclaimed: number }> {
    return this.#api.json('POST', '/images/prune', { query: { filters: filtersQuery(filters) } });
  }

  list(options: { all?: boolean; filters?: Filters; manifests?: boolean } = {}): Promise<ImageSummary[]> {
    const { all, filters, manifests } = options;
    const query = { all, filters: filtersQuery(filters), manifests };
    return this.#api.json('GET', '/images/json', { query });
  }

  inspect(name: string, options: { platform?: string } = {}): Promise<ImageInspect> {
    return this.#api.json('GET', at(name, 'json'), { query: { ...options } });
  }

  /** The inspect answer as the engine wrote it. */
  inspectText(name: string, options: { platform?: string } = {}): Promise<string> {
    return this.#api.text('GET', at(name, 'json'), { query: { ...options } });
  }

  /** `platform` is JSON: `{"os":"linux","architecture":"arm64"}`. */
  history(name: string, options: { platform?: string } = {}): Promise<HistoryItem[]> {
    return this.#api.json('GET', at(name, 'history'), { query: { ...options } });
  }

  tag(name: string, target: { repo: string; tag?: string }): Promise<void> {
    return this.#api.json('POST', at(name, 'tag'), { query: { ...target } });
  }

  /** `platforms` are JSON documents. */
  remove(
    name: string,
    options: { force?: boolean; noprune?: boolean; platforms?: string[] } = {},
  ): Promise<ImageDeleteItem[]> {
    return this.#api.json('DELETE', at(name), { query: { ...options } });
  }

  /**
   * Pushes a tag, or all tags of `name` without one; gives the progress as it comes, as `pull` does. `platform` is JSON.
   */
  async *push(name: string, options: PushOptions = {}): AsyncGenerator<ProgressMessage> {
    const { auth, signal, ...query } = options;
    const answer = await this.#api.request('POST', at(name, 'push'), {
      query,
      // The engine wants a login, if an empty one.
      headers: { 'X-Registry-Auth': encodeAuth(auth ?? {}) },
      ...(signal ? { signal } : {}),
    });
    yield* jsonRecords<ProgressMessage>(answer.body);
  }

  /** A tar of these images, loadable by `load`; leaving the loop early ends it. `platforms` are JSON documents. */
  async save(
    names: readonly string[],
    options: { platforms?: string[]; signal?: AbortSignal } = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    const { platforms, signal } = options;
    const query = { names: [...names], ...(platforms ? { platform: platforms } : {}) };
    const answer = await this.#api.request('GET', '/images/get', { query, ...(signal ? { signal } : {}) });
    return answer.body;
  }

  /**
   * Pulls; gives the progress as it comes. A failure in the middle is a record with `error`, since the status was
   * sent long before.
   */
  async *pull(options: PullOptions): AsyncGenerator<ProgressMessage> {
    const { auth, signal, ...query } = options;
    const answer = await this.#api.request('POST', '/images/create', {
      query,
      headers: auth ? { 'X-Registry-Auth': encodeAuth(auth) } : {},
      ...(signal ? { signal } : {}),
    });
    yield* jsonRecords<ProgressMessage>(answer.body);
  }

  /** Loads an archive of images. `platforms` are JSON documents. Failures come as for `pull`. */
  async *load(
    archive: AsyncIterable<Uint8Array>,
    options: { quiet?: boolean; platforms?: string[] } = {},
  ): AsyncGenerator<ProgressMessage> {
    const { quiet = false, platforms } = options;
    const answer = await this.#api.request('POST', '/images/load', {
      query: { quiet: quiet ? '1' : '0', platform: platforms },
      content: archive,
    });
    yield* jsonRecords<ProgressMessage>(answer.body);
  }

  /** Makes an image of a root file system's archive: of its bytes, or from a URL that the engine fetches. */
  async *import(
    source: AsyncIterable<Uint8Array> | string,
    options: ImportOptions = {},
  ): AsyncGenerator<ProgressMessage> {
    const isUrl = typeof source === 'string';
    const answer = await this.#api.request('POST', '/images/create', {
      query: { fromSrc: isUrl ? source : '-', ...options },
      ...(isUrl ? {} : { content: source }),
    });
    yield* jsonRecords<ProgressMessage>(answer.body);
  }
}

function at(name: string, verb?: string): string {
  const path = encodeURIComponent(name).replaceAll('%2F', '/').replaceAll('%3A', ':').replaceAll('%40', '@');
  return `/images/${path}${verb ? `/${verb}` : ''}`;
}

/** Spec: Engine API, "Authentication": base64url of the JSON, padded. */
function encodeAuth(auth: AuthConfig): string {
  const bytes = new TextEncoder().encode(JSON.stringify(auth));
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_');
}
