import type { ProgressMessage } from '../../spec/docker/mod.ts';

/** As often as Docker: one record a layer in this time, milliseconds. */
const EVERY_MS = 100;

/** Passes on the figures of each layer at most ten times a second, and always the last one. */
export function throttled(progress: (message: ProgressMessage) => void): (message: ProgressMessage) => void {
  const last = new Map<string, number>();
  return (message) => {
    const { id = '', progressDetail } = message;
    const now = Date.now();
    const isLast = progressDetail?.current === progressDetail?.total;
    if (!isLast && now - (last.get(id) ?? 0) < EVERY_MS) return;
    last.set(id, now);
    progress(message);
  };
}
