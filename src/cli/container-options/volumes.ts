import { nodePath } from '../lazy-node.ts';

export interface Volumes {
  /** Paths that get an anonymous volume. */
  anonymous: Record<string, object>;
  binds: string[];
}

/** What `-v` asks for. Compat: docker/cli `ParseVolume`, which leaves most of the judging to the engine. */
export function parseVolumes(texts: readonly string[]): Volumes {
  const volumes: Volumes = { anonymous: {}, binds: [] };
  for (const text of new Set(texts)) {
    if (text === '') throw new Error('invalid empty volume spec');
    const parts = text.split(':');
    if (parts.length === 1 || text.length <= 2) {
      volumes.anonymous[text] = {};
      continue;
    }
    const [source = '', ...rest] = parts;
    volumes.binds.push([source.startsWith('.') ? nodePath().resolve(source) : source, ...rest].join(':'));
  }
  return volumes;
}
