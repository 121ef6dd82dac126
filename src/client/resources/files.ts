import type { ContainerConfig } from '../../spec/docker/mod.ts';
import type { Api } from '../api.ts';

/** What is at a path of a container. Spec: Engine API, `X-Docker-Container-Path-Stat`. */
export interface PathStat {
  name: string;
  size: number;
  /** Bits of Go's `os.FileMode`. */
  mode: number;
  /** RFC 3339. */
  mtime: string;
  /** Where a link leads to; '' for what is none. */
  linkTarget: string;
}

/** Bits of `PathStat.mode`. */
export const FILE_MODE = { directory: 2 ** 31, link: 2 ** 27, device: 2 ** 26, irregular: 2 ** 19 } as const;

export interface CommitOptions {
  /** Repository; without it the image has no name. */
  repo?: string;
  tag?: string;
  comment?: string;
  author?: string;
  /** Instructions of a Dockerfile. */
  changes?: string[];
  /** Freeze the container meanwhile; true unless told. */
  pause?: boolean;
  /** In place of the container's own configuration. */
  config?: Partial<ContainerConfig>;
}

/** Calls on the files of containers; `id` is an id, a unique prefix of one, or a name. */
export class Files {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  async stat(id: string, path: string): Promise<PathStat> {
    const answer = await this.#api.request('HEAD', at(id, 'archive'), { query: { path } });
    for await (const _ of answer.body);
    return parseStat(answer.headers.get('x-docker-container-path-stat'));
  }

  /** What is at `path`, as a tar; leaving the loop early ends it. */
  async get(
    id: string,
    path: string,
    options: { signal?: AbortSignal } = {},
  ): Promise<{ stat: PathStat; archive: AsyncIterable<Uint8Array> }> {
    const answer = await this.#api.request('GET', at(id, 'archive'), { query: { path }, ...options });
    return {
      stat: parseStat(answer.headers.get('x-docker-container-path-stat')),
      archive: answer.body,
    };
  }

  /** Unpacks a tar, plain or compressed, into the directory at `path`. */
  async put(
    id: string,
    path: string,
    archive: AsyncIterable<Uint8Array>,
    options: { noOverwriteDirNonDir?: boolean; copyUIDGID?: boolean } = {},
  ): Promise<void> {
    const { noOverwriteDirNonDir, copyUIDGID } = options;
    await this.#api.text('PUT', at(id, 'archive'), {
      query: {
        path,
        ...(noOverwriteDirNonDir ? { noOverwriteDirNonDir: 'true' } : {}),
        ...(copyUIDGID ? { copyUIDGID: 'true' } : {}),
      },
      content: archive,
    });
  }

  /** The whole tree of a container without its volumes, as a tar. */
  async export(id: string, options: { signal?: AbortSignal } = {}): Promise<AsyncIterable<Uint8Array>> {
    return (await this.#api.request('GET', at(id, 'export'), options)).body;
  }

  /** What a container changes of its image; 0 changed, 1 added, 2 deleted. */
  async changes(id: string): Promise<{ Path: string; Kind: number }[]> {
    const list = await this.#api.json<{ Path: string; Kind: number }[] | null>('GET', at(id, 'changes'));
    return list ?? [];
  }

  /** Makes an image of a container. */
  commit(id: string, options: CommitOptions = {}): Promise<{ Id: string }> {
    const { config, pause, ...query } = options;
    return this.#api.json('POST', '/commit', {
      query: { container: id, ...query, ...(pause === false ? { pause: '0' } : {}) },
      ...(config ? { body: config } : {}),
    });
  }
}

function parseStat(header: string | undefined): PathStat {
  if (header === undefined) throw new Error('unable to decode container path stat header: EOF');
  const bytes = Uint8Array.from(atob(header), (char) => char.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)) as PathStat;
}

function at(id: string, verb: string): string {
  return `/containers/${encodeURIComponent(id)}/${verb}`;
}
