import type { Logger } from '../../base/mod.ts';
import type { Registry } from '../../registry/mod.ts';
import type { ArchiveStore, ImageStore, LayerStore } from '../../store/mod.ts';
import type { Events } from '../events/mod.ts';
import type { ImageUsers } from './images.ts';
import type { Slots } from './slots.ts';
import type { Turns } from './turns.ts';

/** What the image verbs work with; `daemon/` puts it together. */
export interface ImagesContext {
  readonly images: ImageStore;
  readonly layers: LayerStore;
  readonly archives: ArchiveStore;
  readonly registry: Registry;
  readonly events: Events;
  readonly users: ImageUsers;
  readonly log: Logger;
  /** Blobs that may be fetched at once. */
  readonly downloads: Slots;
  /** Layers that may be pushed at once. */
  readonly uploads: Slots;
  /** Whose turn it is to send a layer to a registry. */
  readonly sending: Turns;
}
