export { applyChanges } from './changes.ts';
export type { CommitImage, CommittedImage } from './commit.ts';
export type { ImagesContext } from './context.ts';
export { createImages, type ImageNames } from './engine-images.ts';
export type { ImageHistoryItem, Images, ImageUsers } from './images.ts';
