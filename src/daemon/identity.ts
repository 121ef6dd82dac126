import { randomUUID } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../base/mod.ts';
import { atomicWrite, PACKAGE_ROOT } from '../sys/mod.ts';

/** What this build of the engine is. */
export interface Identity {
  version: string;
  gitCommit: string;
  /** RFC 3339. */
  buildTime: string;
  /** Name and version of the JavaScript runtime. */
  jsRuntime: string;
}

export function readIdentity(): Identity {
  const path = join(PACKAGE_ROOT, 'package.json');
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string };
  return {
    version,
    gitCommit: gitCommit(),
    buildTime: statSync(path).mtime.toISOString(),
    jsRuntime: process.versions['bun'] ? `bun${process.versions['bun']}` : `node${process.versions.node}`,
  };
}

/** The data-root's own id, made when it is first used. */
export function engineId(dataRoot: string): string {
  const path = join(dataRoot, 'engine-id');
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  const id = randomUUID();
  atomicWrite(path, id, { durable: true });
  return id;
}

/** Seven digits of the commit of a checkout; '' in a package. */
function gitCommit(): string {
  try {
    const head = readFileSync(join(PACKAGE_ROOT, '.git/HEAD'), 'utf8').trim();
    const ref = /^ref: (.*)$/.exec(head)?.[1];
    return (ref ? readFileSync(join(PACKAGE_ROOT, '.git', ref), 'utf8') : head).slice(0, 7);
  } catch {
    return '';
  }
}
