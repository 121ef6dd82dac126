import { chownSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EngineError } from '../base/mod.ts';
import { type IdMap, outsideOwner } from '../spec/id-map.ts';

/** In a data-root of ours for mapped containers. Docker's have layers with other owners, so they are not exchanged. */
const MARK = 'minke-userns';

/** The data-root of a daemon that maps owners: Docker's `<data-root>/<uid>.<gid>`. */
export function remappedRoot(dataRoot: string, map: IdMap): string {
  const { uid, gid } = outsideOwner(map, { uid: 0, gid: 0 });
  return join(dataRoot, `${uid}.${gid}`);
}

/**
 * Makes that data-root, so that the root of the user namespaces can pass through. Throws `invalid` where a Docker made
 * it, or where a directory above keeps others out.
 */
export function prepareRemappedRoot(root: string, map: IdMap): void {
  const { gid } = outsideOwner(map, { uid: 0, gid: 0 });
  mkdirSync(dirname(root), { recursive: true, mode: 0o711 });
  mkdirSync(root, { recursive: true, mode: 0o710 });
  chownSync(root, 0, gid);
  const mark = join(root, MARK);
  if (!existsSync(mark)) {
    if (readdirSync(root).length > 0) {
      throw new EngineError(
        'invalid',
        `${root} is the data-root of a Docker with userns-remap, whose layers have other owners: use another --data-root`,
      );
    }
    writeFileSync(mark, '');
  }
  for (const name of ['containers', 'volumes']) {
    mkdirSync(join(root, name), { recursive: true, mode: 0o710 });
    chownSync(join(root, name), 0, gid);
  }
  checkWay(dirname(root));
}

/** Compat: moby `setupDaemonRoot`. */
function checkWay(path: string): void {
  for (let at = path; ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) {
      throw new EngineError(
        'invalid',
        `a subdirectory in your graphroot path (${at}) restricts access to the remapped root uid/gid; please fix by allowing 'o+x' permissions on existing directories`,
      );
    }
    if (at === dirname(at)) return;
  }
}
