import type { Children } from './children.ts';
import type { Containers } from './containers.ts';
import type { Execs } from './execs.ts';
import type { Programs } from './program.ts';

/** What the keeper's operations work with. */
export interface KeeperContext {
  execRoot: string;
  /** The descriptor of `keeper.lock`: who has it is the keeper. */
  lock: number;
  children: Children;
  containers: Containers;
  execs: Execs;
  programs: Programs;
  /** Creates, starts and execs under way: id → abort. */
  underWay: Map<string, () => void>;
}
