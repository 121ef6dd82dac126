import { programFile } from '../../sys/mod.ts';
import { keeperBuild } from '../keeper/build.ts';

/** As we are: a daemon from sources starts a keeper from sources. --smol: half the heap, and it never has much to do. */
export function keeperArgv(execRoot: string): [string, ...string[]] {
  return [process.execPath, '--smol', programFile('runtime/keeper/main.ts'), execRoot];
}

/** What a keeper of ours says that it is. */
export function ownKeeperBuild(): string {
  return keeperBuild(programFile('runtime/keeper/main.ts'));
}
