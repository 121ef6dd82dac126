import type { Children } from './children.ts';
import type { Containers } from './containers.ts';
import type { Programs } from './program.ts';

/** What the keeper's operations work with. */
export interface KeeperContext {
  execRoot: string;
  /** The descriptor of `keeper.lock`: who has it is the keeper. */
  lock: number;
  children: Children;
  containers: Containers;
  programs: Programs;
  /** Creates and starts under way: id → abort. */
  underWay: Map<string, () => void>;
}
