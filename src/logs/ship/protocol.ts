import type { SenderContext } from '../driver/sender.ts';
import type { SenderName } from '../driver/sender-names.ts';
import type { FormatName } from '../files/record-format.ts';

/** What a container's records need to get to their receiver. */
export interface ShipSpec {
  key: number;
  driver: SenderName;
  context: SenderContext;
  /** The file that they are read from. */
  path: string;
  format: FormatName;
  /** A small file that says how far they were sent. */
  cursorPath: string;
  /** The container runs already: go on where the last daemon was; a receiver that is away is waited for. */
  resumed: boolean;
  /** What is yet to be sent beyond so many bytes is dropped, the oldest first; undefined = nothing is. */
  buffer?: number;
}

/** What the main thread tells the background thread. */
export type ToBackground =
  | { type: 'open'; call: number; ship: ShipSpec }
  /** No more will be written; answered when all of it is sent, or given up. */
  | { type: 'end'; call: number; key: number }
  /** Let go at once. */
  | { type: 'abandon'; key: number }
  | { type: 'grown'; key: number }
  /** Compress the files before the current one. */
  | { type: 'compress'; path: string; format: FormatName }
  /** The last `compressed` copy is where it belongs. */
  | { type: 'placed' }
  | { type: 'close' };

/** What the background thread tells the main thread. */
export type FromBackground =
  | { type: 'answer'; call: number; error?: string }
  | { type: 'follow'; key: number }
  /** That many bytes of the file are sent. */
  | { type: 'shipped'; key: number; bytes: number }
  /** A compressed copy of the file of that identity is there. */
  | { type: 'compressed'; path: string; identity: string; copy: string }
  | { type: 'trouble'; message: string; fields: Record<string, string | number> };
