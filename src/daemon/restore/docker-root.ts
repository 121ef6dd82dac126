import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../../base/mod.ts';
import { dockerWroteLast } from '../../store/mod.ts';
import { lockFile, processMentions } from '../../sys/mod.ts';

/**
 * Takes a data-root away from Docker: throws `unavailable` while its daemon, or a container that it left running, is
 * alive. The lock is the one that dockerd itself takes, so that it does not start either before this is disposed of:
 * it then says that its volume store could not be opened.
 */
export function claimFromDocker(dataRoot: string): Disposable {
  const volumes = join(dataRoot, 'volumes');
  mkdirSync(volumes, { recursive: true, mode: 0o701 });
  // Compat: an empty file is a new database to bolt.
  const lock = lockFile(join(volumes, 'metadata.db'));
  if (!lock) {
    throw new EngineError('unavailable', `a Docker daemon runs on the data-root ${dataRoot}: stop it first`);
  }
  const running = dockerWroteLast(dataRoot) ? liveContainer(dataRoot) : undefined;
  if (!running) return lock;
  lock[Symbol.dispose]();
  throw new EngineError(
    'unavailable',
    `container ${running.name} of Docker still runs on the data-root ${dataRoot} (process ${running.pid}): start Docker on it and stop its containers first`,
  );
}

interface DockerContainer {
  ID?: string;
  Name?: string;
  State?: { Running?: boolean; Pid?: number };
  Minke?: object;
}

/** A container that Docker has on record as running, and whose process is there: dockerd was killed. */
function liveContainer(dataRoot: string): { name: string; pid: number } | undefined {
  for (const id of entriesOf(join(dataRoot, 'containers'))) {
    const { Name, State, Minke } = readContainer(join(dataRoot, 'containers', id, 'config.v2.json'));
    const pid = State?.Pid ?? 0;
    // Ours may run: the keeper says which.
    if (Minke || State?.Running !== true || pid <= 0) continue;
    // The number may be another process's by now; the container's own has its id among its cgroups or mounts.
    if (processMentions(pid, id)) return { name: (Name ?? id).replace(/^\//, ''), pid };
  }
  return undefined;
}

function readContainer(path: string): DockerContainer {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as DockerContainer;
  } catch {
    return {};
  }
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
